"""`orderloom bench report`, `compare` and `fit`: what is made of figures that were measured before."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.comparing import NotComparable, beyond
from benchmarks.comparing import compare as compared
from benchmarks.console import JsonOption, write
from benchmarks.fitting import fitted
from benchmarks.planning import MEASURED, read_measured
from benchmarks.report import NotAReport
from benchmarks.report import report as page

EXIT_WORSE = 1
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("report")(report)
    app.command("compare")(compare)
    app.command("fit")(fit)


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


def compare(
    first: FileArgument,
    second: FileArgument,
    tolerance: Annotated[
        float, typer.Option(min=0, help="How much worse a figure may be; 0.1 is a tenth.")
    ] = 0.1,
) -> None:
    """Compare two measurements of one kind, figure by figure; exit code 1 when one is worse beyond the tolerance."""
    try:
        found = compared(read(first), read(second))
    except NotComparable as error:
        raise typer.BadParameter(str(error)) from None
    worse = set(beyond(found, tolerance))
    table = Table("figure", first.name, second.name, "ratio", "")
    for column in table.columns[1:4]:
        column.justify = "right"
    for each in found:
        table.add_row(
            each.name,
            f"{each.first:,}",
            f"{each.second:,}",
            f"{each.change:.3f}",
            "worse" if each in worse else "",
            style="red" if each in worse else None,
        )
    Console(highlight=False).print(table)
    if worse:
        raise typer.Exit(EXIT_WORSE)


def fit(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, metavar="FILE...")],
    json_file: JsonOption,
    before: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Costs that stay where no file tells better.")
    ] = MEASURED,
) -> None:
    """Fit the costs that `orderloom plan --measured FILE` plans with, to figures of saturate, scaling and memory."""
    write(json_file, msgspec.to_builtins(fitted([read(file) for file in files], read_measured(before))))


def read(file: Path) -> dict[str, Any]:
    """Figures as a benchmark wrote them, or wrong usage."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise typer.BadParameter(f"{file} holds no figures: {error}") from None
