"""Messages between the actors of one group. They never leave their turn and are never stored.

Addresses: ``order``, ``decomposition``, ``orchestration``, ``line:<id>``.
"""

from actors.messages import Message
from actors.states import State
from catalog.lines import LineRequest, TaskPlan

ORDER = "order"
DECOMPOSITION = "decomposition"
ORCHESTRATION = "orchestration"


def line_address(line: str) -> str:
    """The address of a line actor."""
    return f"line:{line}"


class Decompose(Message, frozen=True, tag="decompose"):
    """To the decomposition: give these lines their domain orders, from this version of the catalog."""

    catalog: str
    requests: tuple[LineRequest, ...]


class Plan(Message, frozen=True, tag="plan"):
    """To the orchestration: these lines' tasks."""

    lines: tuple[tuple[str, tuple[TaskPlan, ...]], ...]


class WorkMoved(Message, frozen=True, tag="work"):
    """To the decomposition: where the tasks of these domain orders leave them."""

    states: tuple[tuple[str, State], ...]


class RollUp(Message, frozen=True, tag="rollUp"):
    """To a line or the order: your children moved. ``movable``: whether its acknowledged children can move at all."""

    movable: bool = True


class LineEnded(Message, frozen=True, tag="lineEnded"):
    """To the orchestration: a line is final; others may have waited for it."""

    line: str
    state: State


class HoldLine(Message, frozen=True, tag="holdLine"):
    """To a line: what you need has ended without success."""

    code: str
    reason: str


class FreeLine(Message, frozen=True, tag="freeLine"):
    """To a line held so: go on without it."""


class DropLine(Message, frozen=True, tag="dropLine"):
    """To a line held so: it will not be done."""

    reason: str


class StartLine(Message, frozen=True, tag="startLine"):
    """To the orchestration: the line's needs are waived or met; its first tasks may go."""

    line: str


class DropTasks(Message, frozen=True, tag="dropTasks"):
    """To the orchestration: what the line has not started will never start."""

    line: str


class EnterLine(Message, frozen=True, tag="enterLine"):
    """To a line: follow the order out of ``draft``."""

    state: State
