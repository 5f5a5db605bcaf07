"""`orderloom simulate`: whole clusters on virtual time, one for each seed; a seed that fails is a bug report."""

import sys
from importlib import import_module
from typing import Annotated, Any

import typer

from gateway.commands.failing import EXIT_FAILED, EXIT_USAGE, CommandFailed
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

    Prints every seed that fails; `--replay SEED` then shows its world and its steps. Exit code 1 when one fails.
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
    run: Any = import_module("runtime.simulation.run")
    run.replay(seed, sys.stdout.write)


def _simulate(seeds: range, as_json: bool) -> None:
    run: Any = import_module("runtime.simulation.run")
    report = run.simulate(seeds)
    if as_json:
        print_json(report)
    else:
        typer.echo(str(report))
    if report.failures:
        raise typer.Exit(EXIT_FAILED)
