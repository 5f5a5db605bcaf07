"""The `orderloom` command: what an operator, a script or a newcomer types.

Exit codes: 0 done, 1 it failed or found something wrong, 2 wrong usage, 3 no system runs there, or another one holds
the folder. Answers go to standard output, everything else to standard error. What a command needs is imported when it
is called, so that `--help` and short questions stay quick.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer.core import TyperGroup

from gateway.commands import (
    alerts,
    catalog,
    drafts,
    feeding,
    orders,
    products,
    reviews,
    serving,
    simulation,
    tasks,
    watching,
)
from gateway.commands.failing import EXIT_FAILED, CommandFailed, explain

GROUP: Final = "orderloom.commands"
ABOVE: Final = (EntryPoint("bench", "benchmarks.commands:bench", GROUP),)
"""Commands of the floor above, known by name even where the distribution is not installed; entry points of the group
add to them, or replace them."""


class Commands(TyperGroup):
    """The commands of this floor, and those that other floors and distributions bring by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Ours as they stand in this file, then theirs."""
        return [*super().list_commands(ctx), *sorted(_brought())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by name; one that is brought is imported only now."""
        own = super().get_command(ctx, cmd_name)
        entry = _brought().get(cmd_name) if own is None else None
        if entry is None:
            return own
        brought = typer.main.get_command(entry.load())
        brought.name = cmd_name
        return brought


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Orderloom: an actor-model order runtime for telecom order management.\n\n"
        "`orderloom demo` shows it; `orderloom up` starts a system in the foreground, the other commands talk to the "
        "one that runs on the same data folder (`--data`, or `ORDERLOOM_DATA`; `var` unless said). "
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not running or held by another."
    ),
)
serving.add_to(app)
watching.add_to(app)
reviews.add_to(orders.app)
app.add_typer(orders.app, name="order")
app.add_typer(tasks.app, name="task")
app.add_typer(alerts.app, name="alert")
app.add_typer(products.app, name="product")
app.add_typer(drafts.app, name="draft")
app.add_typer(catalog.app, name="catalog")
simulation.add_to(app)
feeding.add_to(app)


def _brought() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in (*ABOVE, *entry_points(group=GROUP))}


def main(arguments: Sequence[str] | None = None) -> None:
    """The process. Ends it with an exit code."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="orderloom")
    except CommandFailed as failed:
        print(f"orderloom: {failed}", file=sys.stderr)
        sys.exit(failed.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader (head, say) has enough.
        sys.stderr.close()
        sys.exit(0)
    except Exception as problem:
        sentence = explain(problem)
        if sentence is None:
            raise
        print(f"orderloom: {sentence}", file=sys.stderr)
        sys.exit(EXIT_FAILED)


if __name__ == "__main__":
    main()
