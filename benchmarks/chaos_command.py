"""`orderloom bench chaos`: harm to a system under load, told as it happens, and the verdict.

Exit codes: 0 nothing was lost and the system recovered every time, 1 it was not so, 2 wrong usage, 3 the system did
not start.
"""

import asyncio
import random
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.console import EXIT_NOT_STARTED, JsonOption, stderr, write
from benchmarks.system import NotStarted

if TYPE_CHECKING:
    from benchmarks.chaos import Report

EXIT_LOST: Final = 1


def chaos_run(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long to do harm; the verdict comes on top.")],
    json_file: JsonOption,
    seed: Annotated[
        int | None, typer.Option(help="The same seed does the same harm; a random one is told.")
    ] = None,
    fault: Annotated[
        list[str] | None, typer.Option(help="Only this kind of harm; may be given several times.")
    ] = None,
) -> None:
    """Kill, stop and scale processes at random moments under load; judge what became of every order."""
    from benchmarks.chaos import chaos
    from benchmarks.chaos_faults import FAULTS

    faults = list(fault or FAULTS)
    if unknown := [name for name in faults if name not in FAULTS]:
        raise typer.BadParameter(f"there is no fault {unknown[0]!r}; there are: {', '.join(FAULTS)}")
    chosen = random.randrange(1_000_000) if seed is None else seed
    console = stderr()
    seconds = minutes * 60
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rounds]} rounds"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("chaos", total=seconds, rounds=0)

        def more(rounds: int, passed_s: float) -> bool:
            progress.update(bar, completed=min(passed_s, seconds), rounds=rounds)
            return passed_s < seconds

        def tell(line: str) -> None:
            progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

        tell(f"starting a system, then {minutes:g} min of harm with seed {chosen}")
        try:
            report = asyncio.run(chaos(more, chosen, faults=faults, tell=tell))
        except NotStarted as error:
            console.print(str(error), style="red", markup=False)
            raise typer.Exit(EXIT_NOT_STARTED) from None
    write(json_file, report.as_json())
    _show(console, report)
    if not report.ok:
        raise typer.Exit(EXIT_LOST)


def _show(console: Console, report: "Report") -> None:
    console.print(", ".join(f"{number:,} {name}" for name, number in report.orders.items()))
    for question, found in report.verdict.items():
        console.print(f"{'no ' if found else 'yes'}  {question}", style="red" if found else "green")
        for sentence in found:
            console.print(f"     {sentence}", markup=False)
    slowest = max((one.whole_again_s or float("inf") for one in report.rounds), default=0.0)
    console.print(
        f"{len(report.rounds)} rounds, slowest recovery {slowest} s: {'nothing lost' if report.ok else 'FAILED'}"
    )
