"""`orderloom bench report`: what is made of figures that were measured before."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from benchmarks.report import NotAReport
from benchmarks.report import report as page

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("report")(report)


def report(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")],
    html: Annotated[Path, typer.Option(dir_okay=False, help="Where to write the page.")],
) -> None:
    """Make one HTML page, with plots and without any need of a network, of figures in JSON files."""
    try:
        made = page({file.name: read(file) for file in files})
    except NotAReport as error:
        raise typer.BadParameter(str(error)) from None
    html.parent.mkdir(parents=True, exist_ok=True)
    html.write_text(made, encoding="utf-8")
    typer.echo(f"{html} ({len(made) / 1000:,.0f} kB, {len(files)} files)", err=True)


def read(file: Path) -> dict[str, Any]:
    """Figures as a benchmark wrote them, or wrong usage."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"{file} holds no figures: {error}") from None
