"""What a behaviour is, and what it decides.

::

    decide(state, message, now) -> Decision        pure: refuses, or states facts and what follows from them
    evolve(state, event, at)                       pure: folds one fact, refuses nothing, knows no clock

A behaviour is one kind of actor. Its decision changes nothing: the facts are folded by the group
(``actors/group.py``) and leave the runtime once they are committed.
"""

from typing import Any

import msgspec

from actors.fact import Event
from actors.message import Message
from actors.messages import AnyMessage, AnyReply, RefusedReply


class Dispatch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A task on its way to its target. (task, generation) is the key of its effect: repeated, it must do nothing new.

    ``until`` is the instant (ms since 1970 UTC) at which the answer is overdue.
    """

    task: str
    generation: int
    attempt: int
    target: str
    until: int
    request: dict[str, Any]


class Decision(msgspec.Struct):
    """What an actor, or a whole group in one turn, decided.

    ``inside`` are messages to actors of the same group, decided in the same turn; ``sends`` go to other groups by
    way of the outbox; ``dispatch`` names tasks that go out; ``timers`` are (key, due in ms, None to cancel).
    """

    events: list[Event] = []
    inside: list[tuple[str, Message]] = []
    sends: list[tuple[str, AnyMessage]] = []
    dispatch: list[str] = []
    timers: list[tuple[str, int | None]] = []
    reply: AnyReply | None = None

    def add(self, other: "Decision") -> None:
        """Take in what another actor decided in the same turn, but for its reply."""
        self.events += other.events
        self.inside += other.inside
        self.sends += other.sends
        self.dispatch += other.dispatch
        self.timers += other.timers


def refused(code: str, message: str) -> Decision:
    """The decision to do nothing, with the broken rule's name and a sentence for people."""
    return Decision(reply=RefusedReply(code, message))
