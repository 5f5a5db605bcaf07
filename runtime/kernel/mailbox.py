"""What waits in a shard's mailbox, and what those are told whose messages are not decided here."""

import msgspec

from runtime.kernel.words import Answer, Deliver, Outputs, Post, Posted, Read


class Wake(msgspec.Struct, frozen=True):
    """Bring a group into memory so that its timers can fire; ``again``: what it has out goes out once more."""

    group: str
    again: bool


Mail = Deliver | Read | Post | Posted | Wake


def turn_away(message: Mail, answer: Answer, outputs: Outputs) -> None:
    """Tell whoever waits for a message why it is not decided; for most of those inside the runtime nobody does."""
    if isinstance(message, Deliver | Read | Post) and message.token is not None:
        outputs.answers.append((message.token, answer))
