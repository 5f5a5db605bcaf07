"""Calls between processes over a TCP connection of their own: bytes there, bytes back, many at a time.

Ray makes, finds, watches and ends our processes, and tells the :class:`Address` of each. What flows with every order
goes over a channel, because a call of Ray's takes each of two processes a millisecond or two when calls come singly
(``docs/decisions/0019-what-flows-with-every-order-goes-over-channels.md``).

A frame is a head (length, number of the call, a tag) and a body. The first frame of a connection is a hello: the token
of the address and the caller's name. In a call the tag tells how long the method's name is that the body begins with,
in an answer whether the method failed.
"""

import asyncio
import hmac
import secrets
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

import msgspec
import ray
import structlog
from ray.exceptions import ActorUnavailableError, RayError

from runtime.cluster.options import ClusterOptions

log = structlog.get_logger()
HEAD: Final = struct.Struct("<IIB")
HELLO_BYTES_MAX: Final = 256
FRAME_BYTES_MAX: Final = 1 << 30
TOKEN_BYTES: Final = 32
CONNECT_TIMEOUT_S: Final = 2.0
HELLO_TIMEOUT_S: Final = 5.0
ANSWERED: Final = 0
FAILED: Final = 1

Method = Callable[[str, bytes], Awaitable[bytes]]
"""Takes the caller's name and a body, and answers a body."""


class Address(msgspec.Struct, array_like=True, frozen=True):
    """Where a process listens, and the token that it lets callers in by."""

    ip: str
    port: int
    token: bytes

    def __repr__(self) -> str:
        return f"{self.ip}:{self.port}"


class PeerLost(Exception):
    """The other process cannot be reached, or the call ended without an answer: what it did is unknown.

    ``dead``: Ray has said that the process is no more.
    """

    def __init__(self, why: str, *, dead: bool = False) -> None:
        super().__init__(why)
        self.dead = dead


class _Framed(asyncio.Protocol):
    """Cuts what arrives into frames."""

    frame_bytes_max = FRAME_BYTES_MAX

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        buffer = self._buffer
        buffer += data
        at = 0
        while len(buffer) - at >= HEAD.size:
            size, number, tag = HEAD.unpack_from(buffer, at)
            if size > self.frame_bytes_max:
                self.abort()
                return
            end = at + HEAD.size + size
            if len(buffer) < end:
                break
            with memoryview(buffer) as view:
                body = bytes(view[at + HEAD.size : end])
            at = end
            self.frame(number, tag, body)
        del buffer[:at]

    def frame(self, number: int, tag: int, body: bytes) -> None:
        """A whole frame has come."""
        raise NotImplementedError

    def send(self, number: int, tag: int, body: bytes) -> None:
        """Send a frame; nothing happens over a connection that has ended."""
        if self._transport is not None and not self.ended:
            self._transport.write(HEAD.pack(len(body), number, tag) + body)

    @property
    def ended(self) -> bool:
        """Nothing goes over it any more."""
        return self._transport is None or self._transport.is_closing()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()


class _Caller(_Framed):
    """The side of a connection that serves calls. What is under way when it ends has nobody to answer and ends, too."""

    frame_bytes_max = HELLO_BYTES_MAX

    def __init__(self, token: bytes, methods: Mapping[bytes, Method]) -> None:
        super().__init__()
        self._token = token
        self._methods = methods
        self._name = ""
        self._under_way: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Whoever does not say hello soon is sent away."""
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(HELLO_TIMEOUT_S, self._expect_hello)

    def _expect_hello(self) -> None:
        if not self._name:
            self.abort()

    def frame(self, number: int, tag: int, body: bytes) -> None:
        """A hello first, then calls."""
        if self._name:
            answering = asyncio.get_running_loop().create_task(self._answer(number, body[:tag], body[tag:]))
            self._under_way.add(answering)
            answering.add_done_callback(self._under_way.discard)
        elif hmac.compare_digest(body[:TOKEN_BYTES], self._token) and len(body) > TOKEN_BYTES:
            self._name = body[TOKEN_BYTES:].decode()
            self.frame_bytes_max = FRAME_BYTES_MAX
        else:
            log.warning("a caller without the token was sent away")
            self.abort()

    async def _answer(self, number: int, method: bytes, body: bytes) -> None:
        try:
            self.send(number, ANSWERED, await self._methods[method](self._name, body))
        except Exception as fault:
            log.error("call failed", method=method.decode(), caller=self._name, exc_info=fault)
            self.send(number, FAILED, repr(fault).encode())

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        for task in self._under_way:
            task.cancel()


class ChannelServer:
    """Serves the methods of one process to whoever was told its address."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = {name.encode(): method for name, method in methods.items()}
        self._server: asyncio.Server | None = None
        self._address: Address | None = None

    async def start(self, ip: str) -> None:
        """Listen on a free port of this address."""
        token = secrets.token_bytes(TOKEN_BYTES)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Caller(token, self._methods), ip, 0)
        self._address = Address(ip, self._server.sockets[0].getsockname()[1], token)

    @property
    def address(self) -> Address:
        """What a :class:`Channel` needs to reach us."""
        assert self._address is not None, "it has not started"
        return self._address

    async def close(self) -> None:
        """Listen no more; connections go on."""
        if self._server is not None:
            self._server.close()


class _Connection(_Framed):
    """The side of a connection that calls."""

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._open: dict[int, asyncio.Future[bytes]] = {}

    async def call(self, method: bytes, body: bytes) -> bytes:
        if self.ended:
            raise PeerLost("the connection ended: before the call")
        self._number = number = (self._number + 1) & 0xFFFFFFFF
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._open[number] = answer
        self.send(number, len(method), method + body)
        try:
            return await answer
        finally:
            self._open.pop(number, None)

    def frame(self, number: int, tag: int, body: bytes) -> None:
        """An answer; one that nobody waits for any more is let go."""
        answer = self._open.get(number)
        if answer is None or answer.done():
            return
        if tag == ANSWERED:
            answer.set_result(body)
        else:
            answer.set_exception(PeerLost(f"the call failed there: {body.decode()}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        for answer in self._open.values():
            if not answer.done():
                answer.set_exception(PeerLost(f"the connection ended: {exc or 'closed'}"))


class Channel:
    """The way to one process. It connects with the first call, and anew with the next after a connection has ended."""

    def __init__(self, caller: str, locate: Callable[[], Awaitable[Address]]) -> None:
        """
        :param caller: our own name, which the methods over there are told.
        :param locate: brings the address (:raises PeerLost: nobody knows it).
        """
        self._caller = caller
        self._locate = locate
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._ended = False

    async def call(self, method: str, body: bytes) -> bytes:
        """What a method over there answers.

        :raises PeerLost: nothing came of it, or nobody knows what.
        """
        connection = self._connection
        if connection is None or connection.ended:
            connection = await self._connect()
        return await connection.call(method.encode(), body)

    async def _connect(self) -> _Connection:
        async with self._connecting:
            if self._connection is not None and not self._connection.ended:
                return self._connection
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    address = await self._locate()
                    _, connection = await asyncio.get_running_loop().create_connection(
                        _Connection, address.ip, address.port
                    )
            except (OSError, TimeoutError) as away:
                raise PeerLost(f"no connection: {away or type(away).__name__}") from away
            if self._ended:
                connection.abort()
                raise PeerLost("the channel was closed")
            connection.send(0, 0, address.token + self._caller.encode())
            self._connection = connection
            return connection

    def close(self) -> None:
        """End it; calls under way end with :class:`PeerLost`."""
        self._ended = True
        if self._connection is not None:
            self._connection.abort()


def channel_to(handle: Any, caller: str) -> Channel:
    """A channel to a Ray actor that answers ``address``."""

    async def locate() -> Address:
        try:
            address: Address = await handle.address.remote()
        except RayError as lost:
            dead = not isinstance(lost, ActorUnavailableError)
            raise PeerLost(f"Ray tells no address: {type(lost).__name__}", dead=dead) from lost
        return address

    return Channel(caller, locate)


def own_ip(options: ClusterOptions) -> str:
    """Where a process listens: on loopback where all are on this machine, else where Ray's node is reached."""
    if options.ray_address == "local":
        return "127.0.0.1"
    node: Any = ray.util
    ip: str = node.get_node_ip_address()
    return ip
