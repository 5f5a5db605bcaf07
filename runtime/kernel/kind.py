"""What the kernel asks of a kind of group: an order (``actors.group``), an installed product, whatever comes."""

from typing import Any, Protocol

from actors.behaviour import Decision, Dispatch
from actors.fact import Event
from actors.message import Message


class GroupKind(Protocol):
    """A kind of group. All methods are pure but for folding into the state they are given."""

    prefix: str
    """The first letter of the ids of this kind."""
    State: type[Any]
    """The msgspec struct of its state."""
    counts: bool
    """Whether its ends are counted as ends of orders are, for metrics."""

    def handle(self, group: str, state: Any, message: Message, now: int) -> tuple[Any, Decision]:
        """Decide one message and fold the facts into the state; (None, refusal) for a group that does not exist."""

    def creates(self, message: Message) -> bool:
        """Whether this message of another group brings a group into being where there is none."""

    def evolve(self, state: Any, event: Event, at: int) -> Any:
        """Fold one committed fact."""

    def ended(self, state: Any) -> bool:
        """Whether nothing can happen in the group any more."""

    def final_state(self, state: Any) -> str:
        """The word for how it ended, for metrics."""

    def index(self, state: Any) -> tuple[int, tuple[tuple[str, str], ...]]:
        """(date in ms, (attribute, value) pairs) by which lists find the group."""

    def has_open_work(self, state: Any) -> bool:
        """Whether dispatches of it are unanswered."""

    def open_work(self, state: Any) -> list[str]:
        """Keys of the unanswered dispatches."""

    def dispatch(self, state: Any, key: str) -> Dispatch:
        """What goes out for one key."""
