"""One connection to one server: commands out in one write, replies back as one list.

redis-py's asyncio connection awaits every reply on its own; a commit of 64 shards is 64 replies, and that loop costs
more than the server's work (figures: ``docs/decisions/0002-the-journal-on-redis.md``). Here a batch is written once,
hiredis parses whatever arrives, and the waiting task wakes once per batch. redis-py still reads the URL.
"""

import asyncio
import ssl
from collections import deque
from typing import Any, Final, cast

import hiredis
import msgspec
from redis.asyncio.connection import parse_url

from runtime.journal.functions import command

Reply = Any
"""What hiredis makes of a reply: bytes, int, None, a list of these, or a :class:`hiredis.ReplyError`."""

_MORE: Final = object()


class Lost(Exception):
    """The connection broke or an answer took too long. ``replies`` came before; what became of the rest is unknown."""

    def __init__(self, reason: str, replies: list[Reply] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.replies = replies or []


class Address(msgspec.Struct, frozen=True):
    """Where a server listens and how to sign in."""

    host: str = ""
    port: int = 0
    path: str = ""
    """Unix socket; then host and port are empty."""
    username: str = ""
    password: str = ""
    database: int = 0
    tls: bool = False

    @classmethod
    def of(cls, url: str) -> "Address":
        """Read ``redis://``, ``rediss://`` or ``unix://`` (:raises ValueError: for anything else)."""
        parts: dict[str, Any] = dict(parse_url(url))
        return cls(
            host="" if parts.get("path") else parts.get("host") or "localhost",
            port=0 if parts.get("path") else int(parts.get("port") or 6379),
            path=parts.get("path") or "",
            username=parts.get("username") or "",
            password=parts.get("password") or "",
            database=int(parts.get("db") or 0),
            tls=url.startswith("rediss:"),
        )

    def at(self, host: str, port: int) -> "Address":
        """Another node of the same cluster."""
        return msgspec.structs.replace(self, host=host, port=port, path="")

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


class _Batch:
    __slots__ = ("future", "replies", "timer", "wanted")

    def __init__(
        self, wanted: int, future: "asyncio.Future[list[Reply]]", timer: asyncio.TimerHandle | None
    ) -> None:
        self.wanted = wanted
        self.future = future
        self.timer = timer
        self.replies: list[Reply] = []


class Wire(asyncio.Protocol):
    """One connection. Batches of several callers may be under way at once; they are answered in order."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.lost: str | None = None
        """Why the connection is of no use any more, or None."""
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=_MORE)
        self._waiting: deque[_Batch] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, address: Address, timeout_s: float) -> "Wire":
        """Connect and sign in (:raises Lost: with the reason when that fails or takes longer than ``timeout_s``)."""
        loop = asyncio.get_running_loop()
        wire = cls(address)
        try:
            async with asyncio.timeout(timeout_s):
                if address.path:
                    await loop.create_unix_connection(lambda: wire, address.path)
                else:
                    context = ssl.create_default_context() if address.tls else None
                    await loop.create_connection(lambda: wire, address.host, address.port, ssl=context)
                await wire._sign_in()
        except TimeoutError as error:
            wire.abort("connecting took too long")
            raise Lost(f"{address} does not answer: connecting took longer than {timeout_s} s") from error
        except OSError as error:
            raise Lost(f"{address} does not answer: {error}") from error
        except BaseException:
            wire.abort("connecting was given up")
            raise
        return wire

    async def exchange(self, payload: bytes, wanted: int, timeout_s: float) -> list[Reply]:
        """Send packed commands, wait for ``wanted`` replies. Error replies stand in the list, they are not raised.

        :raises Lost: when the connection breaks, or ``timeout_s`` passes; the connection is then of no use any more.
        """
        if self.lost is not None or self._transport is None:
            raise Lost(self.lost or "not connected")
        future: asyncio.Future[list[Reply]] = self._loop.create_future()
        timer = self._loop.call_later(
            timeout_s, self.abort, f"{self.address}: no answer within {timeout_s} s"
        )
        self._waiting.append(_Batch(wanted, future, timer))
        self._transport.write(payload)
        return await future

    def abort(self, reason: str) -> None:
        """Break the connection: everybody who waits gets :class:`Lost` with ``reason``."""
        if self.lost is None:
            self.lost = reason
        if self._transport is not None:
            self._transport.abort()
        while self._waiting:
            batch = self._waiting.popleft()
            if batch.timer is not None:
                batch.timer.cancel()
            if not batch.future.done():
                batch.future.set_exception(Lost(self.lost, batch.replies))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (called by the event loop)."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell those who wait (called by the event loop)."""
        self.abort(f"{self.address}: connection lost" + (f": {exc}" if exc else ""))

    def data_received(self, data: bytes) -> None:
        """Parse replies and wake whoever has all of theirs (called by the event loop)."""
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _MORE:
                if not self._waiting:
                    self.abort(f"{self.address}: a reply nobody asked for")
                    return
                batch = self._waiting[0]
                batch.replies.append(reply)
                if len(batch.replies) == batch.wanted:
                    self._waiting.popleft()
                    if batch.timer is not None:
                        batch.timer.cancel()
                    if not batch.future.done():
                        batch.future.set_result(batch.replies)
        except hiredis.ProtocolError as error:
            self.abort(f"{self.address}: not the Redis protocol: {error}")

    async def _sign_in(self) -> None:
        greeting: list[bytes] = []
        if self.address.password:
            name = (self.address.username,) if self.address.username else ()
            greeting.append(command(b"AUTH", *name, self.address.password))
        if self.address.database:
            greeting.append(command(b"SELECT", self.address.database))
        if not greeting:
            return
        for reply in await self.exchange(b"".join(greeting), len(greeting), 60.0):
            if isinstance(reply, hiredis.ReplyError):
                raise Lost(f"{self.address} refuses us: {reply}")
