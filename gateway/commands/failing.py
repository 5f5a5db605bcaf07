"""How a command fails: a first line that says what to do, and an exit code that scripts can rely on."""

from typing import Final

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_RUNNING: Final = 3
"""No system runs on the folder, or another one holds it."""


class CommandFailed(Exception):
    """Ends the command with this sentence and exit code."""

    def __init__(self, sentence: str, exit_code: int = EXIT_FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def explain(problem: Exception) -> str | None:
    """An error of the runtime in a sentence for a terminal; None for one that nobody foresaw (its trace is wanted)."""
    # Only what is loaded can have raised it, and loading it to find out would cost.
    from runtime.errors import OrderloomError

    return f"{problem}" if isinstance(problem, OrderloomError) else None
