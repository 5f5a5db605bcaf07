"""What every long command shares: a progress line, a JSON file, and exit codes that scripts can rely on."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from benchmarks.run import GeneratorFailed
from benchmarks.shapes import SHAPES, Shape
from benchmarks.system import NotStarted

EXIT_INCOMPLETE = 1
EXIT_NOT_STARTED = 3
PLAIN_INTERVAL_S = 10.0
"""How often a progress line is printed where there is no terminal to keep it in its place."""

Say = Callable[[str], None]

ShapeArgument = Annotated[str, typer.Argument(metavar="SHAPE", help=f"One of {', '.join(SHAPES)}.")]
JsonOption = Annotated[Path, typer.Option("--json", dir_okay=False, help="Where to write the figures.")]
HostsOption = Annotated[int, typer.Option(min=1, help="Processes that hold orders.")]
ExecutorsOption = Annotated[int, typer.Option(min=1, help="Processes that run tasks.")]
GatewaysOption = Annotated[int, typer.Option(min=1, help="Processes that speak HTTP.")]


def shape_named(given: str) -> Shape:
    """The shape of this name, or wrong usage."""
    for shape in SHAPES:
        if shape == given:
            return shape
    raise typer.BadParameter(f"there is no shape {given!r}; there are {', '.join(SHAPES)}")


def stderr() -> Console:
    """Progress and summaries go to standard error; figures to the file."""
    return Console(stderr=True, highlight=False)


@contextmanager
def progress(what: str) -> Iterator[Say]:
    """Show how a long command gets on: in one place on a terminal, a line now and then elsewhere.

    What ends the command before there are figures is told in a sentence, with exit code 3.
    """
    console = stderr()
    console.print(what, style="dim", markup=False)
    try:
        if console.is_terminal:
            with Live(Text("starting"), console=console, transient=True, refresh_per_second=4) as live:
                yield lambda sentence: live.update(Text(sentence))
        else:
            yield _plain(console)
    except (NotStarted, GeneratorFailed) as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(EXIT_NOT_STARTED) from None


def shown(figures: dict[str, Any]) -> str:
    """A run's counters in one line."""
    names = ("sent", "accepted", "in_progress", "completed", "held", "failed")
    return "   ".join(f"{name.replace('_', ' ')} {figures.get(name, 0):,}" for name in names)


def write(file: Path, figures: dict[str, Any]) -> None:
    """Write figures where they were asked for."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _plain(console: Console) -> Say:
    said = 0.0

    def say(sentence: str) -> None:
        nonlocal said
        if time.monotonic() - said >= PLAIN_INTERVAL_S:
            said = time.monotonic()
            console.print(sentence, markup=False, soft_wrap=True)

    return say
