"""What goes between processes: batches as msgpack bytes, never Python objects."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from actors.messages import AnyMessage
from runtime.kernel.words import Answer, Outgoing
from runtime.shell import Request

_encode = msgspec.msgpack.Encoder().encode

encode_requests: Callable[[Sequence[Request]], bytes] = _encode
decode_requests = msgspec.msgpack.Decoder(list[tuple[int, int, str, AnyMessage | None, str]]).decode
encode_answers: Callable[[Sequence[Answer]], bytes] = _encode
decode_answers = msgspec.msgpack.Decoder(list[Answer]).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
decode_post = msgspec.msgpack.Decoder(tuple[Outgoing, int, int]).decode


def encode(value: Any) -> bytes:
    """Any of our structs as msgpack."""
    return _encode(value)
