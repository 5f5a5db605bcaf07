"""`orderloom simulate`: whole clusters on virtual time, one for each seed; a seed that fails is a bug report."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import JsonOption, print_json

if TYPE_CHECKING:
    from runtime.simulation.run import Outcome

SEEDS_AT_ONCE = 16
"""How many seeds a process is handed at a time."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("simulate")(simulate)


def simulate(
    seeds: Annotated[
        str | None, typer.Option(metavar="A..B", help="Seeds from A to B, both included.")
    ] = None,
    replay: Annotated[int | None, typer.Option(metavar="SEED", help="Show one seed step by step.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="How many processes share the seeds.")] = 1,
    replay_always: Annotated[
        bool,
        typer.Option("--replay-always", help="Passivate and replay after every message, in every world."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the cluster in a simulator with seeded faults, and judge that no promise is broken.

    Prints every seed that fails; `--replay SEED` then shows its world and its steps. Exit codes: 0 all
    kept, 1 a promise was broken, 3 no progress, 4 the simulator itself failed.
    """
    if (seeds is None) == (replay is None):
        raise CommandFailed("say either --seeds A..B or --replay SEED", EXIT_USAGE)
    if replay is not None:
        _replay(replay, replay_always)
    elif seeds is not None:
        _simulate(_range(seeds), jobs, replay_always, as_json)


def _range(text: str) -> range:
    first, dots, last = text.partition("..")
    try:
        found = range(int(first), int(last if dots else first) + 1)
    except ValueError:
        raise CommandFailed(f"--seeds takes A..B, such as 0..499, not {text!r}", EXIT_USAGE) from None
    if not found or found.start < 0:
        raise CommandFailed(f"--seeds {text}: B comes before A, or a seed is negative", EXIT_USAGE)
    return found


def _replay(seed: int, replay_always: bool) -> None:
    from runtime.simulation.run import EXIT_CODES, replay

    raise typer.Exit(EXIT_CODES[replay(seed, typer.echo, replay_always=replay_always).verdict])


def _simulate(seeds: range, jobs: int, replay_always: bool, as_json: bool) -> None:
    from msgspec import to_builtins
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from runtime.simulation.run import Report, Verdict

    again = "orderloom simulate --replay {}" + (" --replay-always" if replay_always else "")
    report = Report()
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    began = time.monotonic()
    rate = 0.0
    with (
        _outcomes(seeds, jobs, replay_always) as outcomes,
        Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as progress,
    ):
        bar = progress.add_task("", total=len(seeds), rate="")
        for outcome in outcomes:
            report.add(outcome)
            rate = report.seeds / (time.monotonic() - began)
            progress.update(bar, completed=report.seeds, rate=f"{rate:,.1f} seeds/s")
            if outcome.verdict is not Verdict.KEPT:
                typer.echo(f"{outcome}\nreplay it with: {again.format(outcome.seed)}", err=as_json)
    if as_json:
        print_json({**to_builtins(report), "seeds_per_second": round(rate, 1)})
    else:
        typer.echo(
            f"{report.seeds} seeds, {len(report.failures)} failed; {report.orders:,} orders, {report.steps:,} steps, "
            f"{report.virtual_ms / 1000:,.0f} s of virtual time; {rate:,.1f} seeds/s, digest {report.digest}"
        )
    raise typer.Exit(report.exit_code)


@contextmanager
def _outcomes(seeds: range, jobs: int, replay_always: bool) -> "Iterator[Iterator[Outcome]]":
    """The outcome of each seed, in the order of the seeds, however many processes share the work."""
    from multiprocessing import get_context

    from runtime.simulation.run import run

    one = partial(run, replay_always=replay_always)
    if jobs == 1:
        yield map(one, seeds)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield pool.imap(one, seeds, chunksize=SEEDS_AT_ONCE)
