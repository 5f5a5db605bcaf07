"""Where a list that is walked goes on: a place in it as text, which clients take from a ``next`` link and give back."""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated

import msgspec

from runtime.journal.index import DATE_MAX


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Everything up to this place was walked. It tells where to begin and nothing that could be seen through it."""

    date: Annotated[int, msgspec.Meta(ge=0, le=DATE_MAX)]
    """Order date in ms since 1970 UTC."""
    order: Annotated[str, msgspec.Meta(pattern=r"\A[!-~]*\Z")]
    key: str
    """What was walked last in this order; empty: the order itself."""

    @property
    def text(self) -> str:
        """As it stands in a link."""
        return urlsafe_b64encode(_encode(self)).rstrip(b"=").decode()


def read_cursor(text: str) -> Cursor:
    """A cursor that was given out (:raises ValueError: for a text that is none)."""
    try:
        cursor = _decode(b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except msgspec.MsgspecError as problem:
        raise ValueError(str(problem)) from None
    if cursor.text != text:
        raise ValueError("it is written otherwise")
    return cursor


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Cursor).decode
