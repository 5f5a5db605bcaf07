"""The server-side functions and how their calls are packed.

A call's head (command, digest, keys) never changes for a shard: it is packed once. The values of a commit follow as
plain arguments, packed by hiredis in one C call and handed on by the function as they are; a msgpack value in their
place would need decoding on the server, whose decoder knows no binary strings.
"""

import hashlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import hiredis
import msgspec

from runtime.journal.contract import Commit
from runtime.journal.keys import Keys


class Function(msgspec.Struct, frozen=True):
    """One script: ``digest`` is what EVALSHA calls it by."""

    body: bytes
    digest: bytes


def _function(name: str) -> Function:
    body = (Path(__file__).parent / f"{name}.lua").read_bytes()
    return Function(body, hashlib.sha1(body).hexdigest().encode())


COMMIT: Final = _function("commit")
ACQUIRE: Final = _function("acquire")
TRIM: Final = _function("trim")
PUBLISH: Final = _function("publish")

_pack = msgspec.msgpack.Encoder().encode


def command(*parts: bytes | str | int) -> bytes:
    """One command in the Redis protocol."""
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        out.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(out)


LOAD: Final = (
    command(b"SCRIPT", b"LOAD", COMMIT.body),
    command(b"SCRIPT", b"LOAD", ACQUIRE.body),
    command(b"SCRIPT", b"LOAD", TRIM.body),
    command(b"SCRIPT", b"LOAD", PUBLISH.body),
)
"""The commands that give a server the functions."""


class Calls:
    """Packs calls of the functions for the shards of ``keys``."""

    def __init__(self, keys: Keys) -> None:
        self._commit = [_head(COMMIT, shard.all) for shard in keys.shards]
        self._acquire = [b"*13\r\n" + _head(ACQUIRE, shard.all) for shard in keys.shards]
        self._trim = [b"*7\r\n" + _head(TRIM, (shard.shard, shard.journal)) for shard in keys.shards]

    def commit(self, commit: Commit) -> bytes:
        """The call that makes ``commit`` durable."""
        parts: list[Any] = [
            commit.epoch,
            commit.expected,
            commit.commit_id,
            commit.frame,
            b"" if commit.recovery is None else commit.recovery,
            b"",
        ]
        _add_rest(parts, commit)
        arguments: Any = tuple(parts)  # any number of them, whatever hiredis's stub says
        packed: bytes = hiredis.pack_command(arguments)
        head = self._commit[commit.shard]
        # The count of all parts comes first in the protocol: ours replaces that of the arguments alone.
        return b"*%d\r\n%b%b" % (10 + len(parts), head, packed[packed.index(b"\n") + 1 :])

    def acquire(self, shard: int, epoch: int, owner: str, coordinator: int) -> bytes:
        """The call that makes ``owner`` the shard's owner."""
        return self._acquire[shard] + _arguments(epoch, owner, coordinator)

    def trim(self, shard: int, epoch: int, up_to: int) -> bytes:
        """The call that drops archived frames."""
        return self._trim[shard] + _arguments(epoch, up_to)


def _head(function: Function, keys: tuple[bytes, ...]) -> bytes:
    return _arguments(b"EVALSHA", function.digest, len(keys), *keys)


def _arguments(*parts: bytes | str | int) -> bytes:
    """Parts of a command, without the count that goes before all of them."""
    packed = command(*parts)
    return packed[packed.index(b"\n") + 1 :]


def _add_rest(parts: list[Any], commit: Commit) -> None:
    """The variable part, flat as the commands take it; nothing when there is none."""
    c = commit
    written = c.snapshots or c.ended or c.index_add or c.due_set or c.open_add
    if not (written or c.index_remove or c.due_remove or c.open_remove):
        return
    index: list[bytes | int] = [0] * (2 * len(c.index_add))
    index[1::2] = c.index_add
    due: list[str | int] = []
    for group, instant in c.due_set:
        due += (instant, group)
    counts = []
    lists: tuple[Sequence[Any], ...] = (
        list(chain.from_iterable(c.snapshots)),
        list(chain.from_iterable(c.ended)),
        [group for group, _ in c.ended],
        c.index_remove,
        index,
        c.due_remove,
        due,
        c.open_remove,
        c.open_add,
    )
    for values in lists:
        counts.append(len(values))
        parts += values
    parts[5] = _pack(counts)
