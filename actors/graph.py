"""What an order keeps of lines with rules: the graph beside the domain orders, and what it still waits for.

Orders without such lines keep none of it.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from actors.states import S, State
from catalog.graph.growing import Told
from catalog.graph.nodes import SHARED_DIGEST_LENGTH
from catalog.graph.results import INSTALLED_UNKNOWN, NOT_POSSIBLE, PLAN_CYCLE, Contribution
from catalog.lines import Awaited, HeldBack

HOPELESS: Final = frozenset({INSTALLED_UNKNOWN, NOT_POSSIBLE, PLAN_CYCLE})
"""What concerns all of a line: whoever gives it up gives up the line."""
DEADLOCK: Final = "deadlock"
"""The code of a line that is held because orders wait for each other."""
CHANGE_PENDING: Final = "changePending"
HELD_BACK: Final = "heldBack"
"""The group's one timer for values that did not come: armed for the first deadline."""
REMINDED_AFTER_MS: Final = 7 * 24 * 3_600_000
"""When the requester is reminded of what he is to give, where the catalog says nothing of it."""
REACTIONS_MAX: Final = 100
"""How often a wait reminds or escalates, at most; then it waits in silence."""


class Grown(msgspec.Struct):
    """What a domain order is in the graph; see `catalog.graph.results.GrownNode`."""

    parents: tuple[str, ...]
    path: str
    edge: str
    rule: str
    sharing_key: str
    installed: str
    kept: bool = False
    """Whether somebody decided to leave it as it is, whatever the rules say now."""


class Held(msgspec.Struct, array_like=True, frozen=True):
    """What is held back, since when, and until when at the latest (ms since 1970 UTC; 0: for as long as it takes)."""

    part: HeldBack
    since: int
    until: int
    times: int = 0
    """How often its deadline has passed."""
    acknowledged_by: str = ""
    """Who knows that it has passed: it reminds and escalates no more."""
    acknowledged_at: int = 0


class Delta(msgspec.Struct, array_like=True, frozen=True):
    """What a changed value would change in a domain order on which work has begun."""

    key: str
    kind: str
    """`values` (name -> old and new in `values`) or `remove` (today's values would not create it)."""
    values: dict[str, list[Any]] = {}


class Graph(msgspec.Struct):
    """The graph of an order with rules."""

    grown: dict[str, Grown] = {}
    """By key, for the domain orders of lines with rules."""
    lines: dict[str, dict[str, None]] = {}
    """The lines that have rules and were decomposed, each with the keys of its own domain orders; under "" what is
    shared."""
    facts: dict[str, Told] = {}
    """What was said after the order came, by line; under "" of shared nodes."""
    asked: dict[str, dict[str, Contribution]] = {}
    """What each referrer asks of each shared node."""
    held: dict[str, tuple[Held, ...]] = {}
    """By line."""
    changes: dict[str, tuple[Delta, ...]] = {}
    """By line."""
    alerts: dict[str, tuple[str, ...]] = {}
    """By line that has alerts: the values under which lists find the order by them (``actors/alerts.py``)."""

    def keys(self, lines: Iterable[str]) -> Iterator[str]:
        """The domain orders of these lines."""
        for line in lines:
            yield from self.lines.get(line, ())

    def due(self) -> int:
        """When the first deadline passes; 0 for none."""
        return first_due(self.held.values())


class Points(msgspec.Struct):
    """What keeps a line open beside its domain orders: how many wait for whom, and the first sentence of each."""

    states: dict[State, int]
    why: dict[State, tuple[str, str]]
    check: str = ""
    """How it stands with the line's compatibility, in the words of `actors.compatibility_state`; empty: no matter."""
    encircled: bool = False
    """Whether the line waits for a shared service in a circle of orders that wait for each other."""


STANDING: Final[dict[Awaited, State]] = {
    "requester": S.PENDING,
    "runtime": S.ACKNOWLEDGED,
    "operator": S.HELD,
}
"""How what is held back counts in its line. What tasks of ours bring stands behind them, and they count themselves."""


def first_due(held: Iterable[Iterable[Held]]) -> int:
    """The first deadline of all these; 0 for none."""
    return min((each.until for line in held for each in line if each.until), default=0)


def points_of(held: Iterable[Held], changes: tuple[Delta, ...], *, waiting: int = 0) -> Points:
    """What is held back as a line counts it.

    :param waiting: for how much else it waits: shared services that are reserved for it, products it is compared with.
    """
    points = Points({S.ACKNOWLEDGED: waiting} if waiting else {}, {})
    if changes:
        keys = ", ".join(each.key for each in changes)
        points.states[S.HELD] = 1
        points.why[S.HELD] = (CHANGE_PENDING, f"change pending: a value changed after work began on {keys}")
    for each in held:
        state = STANDING[each.part.awaits]
        points.states[state] = points.states.get(state, 0) + 1
        points.why.setdefault(state, (each.part.code, each.part.sentence))
    return points


def shared_root(key: str) -> str:
    """The key of the shared node that a domain order is, or stands below."""
    return key[: key.index("~") + SHARED_DIGEST_LENGTH + 1]


def above(key: str) -> Iterator[str]:
    """The keys of the places above one in its tree, the nearest first."""
    line = key.rpartition(".")[0]
    floor = len(line) + 1 if line else len(shared_root(key))
    while (at := key.rfind("-", floor)) > 0:
        key = key[:at]
        yield key
