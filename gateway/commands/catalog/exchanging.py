"""`orderloom catalog import` and `export`: from and to TMF620, TMF633 and TMF634."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.commands.catalog.files import PathsArgument, loaded, written
from gateway.commands.failing import EXIT_FAILED, CommandFailed


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("import")(import_catalog)
    app.command("export")(export_catalog)


def export_catalog(
    to: Annotated[Path, typer.Option("--to", file_okay=False, help="Folder to write the files into.")],
    paths: PathsArgument = None,
) -> None:
    """Export a catalog as TMF620.json, TMF633.json and TMF634.json: resources by their name.

    What TM Forum has no attribute for stands in the extension attribute `orderloom`, so that an import loses nothing.
    """
    import msgspec

    from catalog.exchange.export import exported

    catalog = loaded(paths)
    try:
        to.mkdir(parents=True, exist_ok=True)
        for name, export in exported(catalog).items():
            text = msgspec.json.format(msgspec.json.encode(export), indent=2) + b"\n"
            (to / name).write_bytes(text)
            resources = sum(len(each) for each in export.values())
            typer.echo(f"{to / name}: {resources} resources", err=True)
    except OSError as problem:
        raise CommandFailed(f"{to} cannot be written: {problem}") from None


def import_catalog(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="JSON files, or folders with some.", exists=True)
    ],
    to: Annotated[Path | None, typer.Option("--to", help="YAML file to write; else standard output.")] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="Version of the catalog; else that of the export.")
    ] = None,
) -> None:
    """Import TMF620, TMF633 and TMF634 exports, ours or another product's, as one YAML file.

    What could not be taken over, and what the catalog check finds, is told on standard error. Exit code 1 when the
    result has an error.
    """
    from tempfile import TemporaryDirectory

    from catalog.exchange.importing import imported
    from catalog.loader import check
    from catalog.writing import yaml_text

    sections, notes = imported(_documents(files), version)
    text = yaml_text(sections)
    written(text, to)
    for sentence in notes.sentences:
        typer.echo(sentence, err=True)
    with TemporaryDirectory() as folder:
        file = to
        if file is None:
            file = Path(folder) / "imported.yaml"
            file.write_text(text, encoding="utf-8")
        findings = check(file)
    for finding in findings:
        typer.echo(str(finding), err=True)
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(EXIT_FAILED)


def _documents(files: list[Path]) -> list[tuple[str, Any]]:
    documents = []
    for path in files:
        for file in sorted(path.rglob("*.json")) if path.is_dir() else [path]:
            try:
                documents.append((str(file), json.loads(file.read_text(encoding="utf-8-sig"))))
            except (OSError, ValueError) as problem:
                raise CommandFailed(f"{file} cannot be read as JSON: {problem}") from None
    return documents
