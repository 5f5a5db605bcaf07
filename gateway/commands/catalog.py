"""`orderloom catalog`: catalog files before anybody orders from them."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.failing import EXIT_FAILED
from gateway.commands.running import JsonOption, print_json

app = typer.Typer(no_args_is_help=True, help="Catalog files.")


@app.callback()
def _catalog() -> None:
    """Catalog files."""


@app.command("check")
def check_catalog(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", help="YAML files or folders; without any, the sample catalog."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings are a failure, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check catalog files: every finding with file, line and what to write instead.

    Exit code 1 when there is an error; warnings alone are no failure, unless with --strict.
    """
    from catalog.loader import check
    from catalog.store import SAMPLES

    findings = check(paths or [SAMPLES])
    errors = sum(finding.severity == "error" for finding in findings)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            typer.echo(str(finding))
        warnings = len(findings) - errors
        typer.echo(f"{errors} error(s), {warnings} warning(s)" if findings else "the catalog is sound")
    if errors or (strict and findings):
        raise typer.Exit(EXIT_FAILED)
