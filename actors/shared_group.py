"""The group of one shared installed service: how its facts fold, and what the runtime must know of it."""

from collections.abc import Callable
from typing import Any, Final

from actors.behaviour import Decision, Dispatch
from actors.cause import CAUSES_MAX, Cause
from actors.events_of_products import SharedFolded, SharedFree, SharedHeld, SharedNamed, SharedWanted
from actors.fact import Event
from actors.message import Message
from actors.messages_of_products import ReserveShared
from actors.shared_id import PREFIX
from actors.shared_service import Shared, SharedServiceActor, fold_picture, queued


class SharedServiceKind:
    """The kind of group whose ids begin with ``s``: one installed service that several products refer to."""

    prefix = PREFIX
    State = Shared
    counts = False

    def __init__(self) -> None:
        self.shared = SharedServiceActor()

    def handle(
        self, group: str, state: Shared | None, message: Message, now: int
    ) -> tuple[Shared | None, Decision]:
        """Decide one message from another group and fold what was decided, in place."""
        decision = self.shared.decide(state, message, now, group)
        for event in decision.events:
            state = self.evolve(state, event, now)
        return state, decision

    @staticmethod
    def creates(message: Message) -> bool:
        """Who names a shared service for the first time brings its group into being."""
        return isinstance(message, ReserveShared)

    @staticmethod
    def evolve(state: Shared | None, event: Event, at: int) -> Shared:
        """Fold one fact."""
        if isinstance(event, SharedNamed):
            return Shared(event.shared, event.specification, event.sharing_key, at)
        assert state is not None
        FOLDS[type(event)](state, event, at)
        return state

    @staticmethod
    def ended(state: Shared) -> bool:
        """Never: what is gone can be built again."""
        return False

    @staticmethod
    def final_state(state: Shared) -> str:
        """Never asked for, since it never ends."""
        return ""

    @staticmethod
    def index(state: Shared) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Nothing lists shared services by themselves: products refer to them."""
        return 0, ()

    @staticmethod
    def has_open_work(state: Shared) -> bool:
        """Shared services have no tasks; orders do."""
        return False

    @staticmethod
    def open_work(state: Shared) -> list[str]:
        """See :meth:`has_open_work`."""
        return []

    @staticmethod
    def dispatch(state: Shared, key: str) -> Dispatch:
        """Never asked for (:raises KeyError: always)."""
        raise KeyError(f"shared service {state.id} has no task {key}")


def _wanted(shared: Shared, event: SharedWanted, at: int) -> None:
    shared.queue = queued(shared, event.order, pressing=event.pressing)
    if event.pressing and event.order not in shared.pressing:
        shared.pressing = (*shared.pressing, event.order)


def _held(shared: Shared, event: SharedHeld, at: int) -> None:
    _no_more_waits(shared, event.order)
    shared.holder = event.order


def _free(shared: Shared, event: SharedFree, at: int) -> None:
    if shared.holder == event.order:
        shared.holder = ""
    else:
        _no_more_waits(shared, event.order)


def _no_more_waits(shared: Shared, order: str) -> None:
    shared.queue = tuple(each for each in shared.queue if each != order)
    shared.pressing = tuple(each for each in shared.pressing if each != order)


def _folded(shared: Shared, event: SharedFolded, at: int) -> None:
    stood = shared.picture is not None
    shared.picture = fold_picture(shared, event)
    shared.version = event.version
    if stood is not (shared.picture is not None):
        shared.since = at
    cause = Cause(event.version, event.order, event.line, event.action, at)
    shared.causes = (*shared.causes, cause)[-CAUSES_MAX:]


FOLDS: Final[dict[type, Callable[[Shared, Any, int], None]]] = {
    SharedWanted: _wanted,
    SharedHeld: _held,
    SharedFree: _free,
    SharedFolded: _folded,
}
