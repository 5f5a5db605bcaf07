"""`orderloom catalog publish`, `versions` and `get`: the catalogs of a system that runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.catalog.files import written
from gateway.commands.failing import EXIT_FAILED, CommandFailed
from gateway.commands.running import DATA_DEFAULT, DataOption, JsonOption, answer, gateway, print_json

if TYPE_CHECKING:
    import httpx

CATALOG = "/api/v1/catalog"
PUBLISH_TIMEOUT_S = 120.0
"""A catalog of 10,000 specifications takes two seconds to check on an idle machine."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("publish")(publish)
    app.command("versions")(list_versions)
    app.command("get")(get_version)


def publish(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="YAML files or folders; all of the catalog.", exists=True),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check it against what is published, publish nothing.")
    ] = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Publish a catalog version while orders flow: new orders take it, running ones keep theirs.

    A version that is published already, with the same content, becomes current again. Exit code 1 when the catalog is
    refused, with every finding: then the version that was current stays.
    """
    from catalog.loader import files_of

    files = [{"name": str(file), "text": _text(file)} for file in files_of(paths)]
    with gateway(data) as client:
        response = client.post(
            CATALOG,
            params={"dryRun": "true"} if dry_run else {},
            json={"files": files},
            timeout=PUBLISH_TIMEOUT_S,
        )
    told = _told(response)
    if as_json:
        print_json(told)
    else:
        for finding in told.get("findings", ()):
            typer.echo(_shown(finding))
        typer.echo(_sentence(told))
    if response.status_code >= 400:
        raise typer.Exit(EXIT_FAILED)


def list_versions(data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """List the published versions: which one is current, and who made which one current when."""
    with gateway(data) as client:
        told = answer(client.get(CATALOG))
    if as_json:
        print_json(told)
        return
    for each in told["versions"]:
        latest = each["published"][-1]
        times = f", {len(each['published'])} times" if len(each["published"]) > 1 else ""
        who = latest.get("by") or "the start of the system"
        typer.echo(
            f"{'*' if each['current'] else ' '} {each['version']}  {each['name']}  {each['digest'][:12]}  "
            f"{latest['at']} by {who}{times}"
        )


def get_version(
    version: Annotated[str, typer.Argument(help="The version, as `catalog versions` shows it.")],
    to: Annotated[Path | None, typer.Option("--to", help="Write it here instead of printing it.")] = None,
    data: DataOption = DATA_DEFAULT,
) -> None:
    """Print a published version as YAML, which can be published again; comments of its files are not in it."""
    with gateway(data) as client:
        response = client.get(
            f"{CATALOG}/{quote(version, safe='')}",
            headers={"Accept": "application/yaml"},
            timeout=PUBLISH_TIMEOUT_S,
        )
    if response.status_code >= 400:
        answer(response)
    written(response.text, to)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise CommandFailed(f"{file} cannot be read: {problem}") from None


def _told(response: "httpx.Response") -> dict[str, Any]:
    """What the gateway says of a catalog, good or bad.

    :raises CommandFailed: it is about something else.
    """
    if response.status_code in (400, 409):
        told: dict[str, Any] = response.json()
        if told.get("findings") or told.get("code") == "catalogVersionTaken":
            return told
    taken: dict[str, Any] = answer(response)
    return taken


def _shown(finding: dict[str, Any]) -> str:
    """As `catalog check` shows it."""
    from catalog.findings import Finding

    return str(Finding(**finding))


def _sentence(told: dict[str, Any]) -> str:
    if "code" in told:
        return f"not published: {told['reason']}"
    version, outcome = told["version"], told["outcome"]
    if outcome == "current":
        return f"version {version} is current already: nothing changes"
    again = " again" if outcome == "known" else ""
    if told["dryRun"]:
        return f"version {version} could be published{again}: it is sound"
    return f"version {version} is current{again} (digest {told['digest'][:12]})"
