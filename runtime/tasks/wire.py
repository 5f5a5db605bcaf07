"""What hosts and executors hand each other: batches of dispatches and of results, as msgpack."""

from collections.abc import Callable, Sequence

import msgspec

from actors.behaviour import Dispatch
from actors.messages import TaskResult

DispatchEntry = tuple[int, int, str, Dispatch]
"""(shard, epoch of the shard, order id, dispatch)."""
ResultEntry = tuple[int, int, str, TaskResult]
"""(shard, epoch of the shard, order id, result): shard and epoch of the dispatch it answers."""

_encode = msgspec.msgpack.Encoder().encode

encode_dispatches: Callable[[Sequence[DispatchEntry]], bytes] = _encode
decode_dispatches = msgspec.msgpack.Decoder(list[DispatchEntry]).decode
encode_results: Callable[[Sequence[ResultEntry]], bytes] = _encode
decode_results = msgspec.msgpack.Decoder(list[ResultEntry]).decode
