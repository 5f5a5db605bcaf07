"""What a client asks of the runtime, with what the judge must know of it when the answer comes."""

from collections.abc import Callable

from actors.messages import AnyMessage, SubmitOrder
from runtime.kernel.words import Answer


class Ask:
    """One message (or, without one, a read) on its way to a group, and back."""

    __slots__ = ("answer", "epoch", "group", "message", "rests_on", "shard", "unread_from")

    def __init__(
        self, shard: int, group: str, message: AnyMessage | None, answer: Callable[[Answer], None]
    ) -> None:
        self.shard = shard
        self.group = group
        self.message = message
        self.answer = answer
        self.epoch = 0
        self.unread_from = 0
        """The version that any answer to this read must show at least."""
        self.rests_on = 0
        """The version a decided message was acknowledged at."""

    def __repr__(self) -> str:
        what = "read" if self.message is None else type(self.message).__name__
        if isinstance(self.message, SubmitOrder):
            what += f" {self.message.digest.hex()[:6]}"
        return f"{what} {self.group}"
