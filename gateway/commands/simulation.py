"""`orderloom simulate`: whole clusters on virtual time, one for each seed; a seed that fails is a bug report."""

from typing import Annotated

import typer

from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import JsonOption, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("simulate")(simulate)


def simulate(
    seeds: Annotated[
        str | None, typer.Option(metavar="A..B", help="Seeds from A to B, both included.")
    ] = None,
    replay: Annotated[int | None, typer.Option(metavar="SEED", help="Show one seed step by step.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the cluster in a simulator with seeded faults, and judge that no promise is broken.

    Prints every seed that fails; `--replay SEED` then shows its world and its steps. Exit codes: 0 all
    kept, 1 a promise was broken, 3 no progress, 4 the simulator itself failed.
    """
    if (seeds is None) == (replay is None):
        raise CommandFailed("say either --seeds A..B or --replay SEED", EXIT_USAGE)
    if replay is not None:
        _replay(replay)
    elif seeds is not None:
        _simulate(_range(seeds), as_json)


def _range(text: str) -> range:
    first, dots, last = text.partition("..")
    try:
        found = range(int(first), int(last if dots else first) + 1)
    except ValueError:
        raise CommandFailed(f"--seeds takes A..B, such as 0..499, not {text!r}", EXIT_USAGE) from None
    if not found or found.start < 0:
        raise CommandFailed(f"--seeds {text}: B comes before A, or a seed is negative", EXIT_USAGE)
    return found


def _replay(seed: int) -> None:
    from runtime.simulation.run import EXIT_CODES, replay

    raise typer.Exit(EXIT_CODES[replay(seed, typer.echo).verdict])


def _simulate(seeds: range, as_json: bool) -> None:
    from runtime.simulation.run import Outcome, Verdict, simulate

    def tell(outcome: Outcome) -> None:
        if outcome.verdict is not Verdict.KEPT:
            typer.echo(f"{outcome}\nreplay it with: orderloom simulate --replay {outcome.seed}", err=as_json)

    report = simulate(seeds, on_seed=tell)
    if as_json:
        print_json(report)
    else:
        typer.echo(
            f"{report.seeds} seeds, {len(report.failures)} failed; {report.orders:,} orders, {report.steps:,} steps, "
            f"{report.virtual_ms / 1000:,.0f} s of virtual time"
        )
    raise typer.Exit(report.exit_code)
