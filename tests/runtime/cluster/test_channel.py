"""Channels over real sockets: every call has its own answer, and whoever has none is told so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from runtime.cluster import channel as rooms
from runtime.cluster.channel import HEAD, HELLO_BYTES_MAX, Address, Channel, ChannelServer, PeerLost

PATIENCE_S = 5.0


class Peer:
    """A process that serves, and what its methods met."""

    def __init__(self) -> None:
        self.called: list[tuple[str, bytes]] = []
        self.hangs = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.server = ChannelServer({"echo": self.echo, "fail": self.fail, "hang": self.hang})
        self.located = 0

    async def echo(self, caller: str, body: bytes) -> bytes:
        self.called.append((caller, body))
        return body

    async def fail(self, caller: str, body: bytes) -> bytes:
        raise ValueError(f"no {body.decode()} here")

    async def hang(self, caller: str, body: bytes) -> bytes:
        self.hangs.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        return b""

    async def locate(self) -> Address:
        self.located += 1
        return self.server.address


@asynccontextmanager
async def serving() -> AsyncIterator[Peer]:
    peer = Peer()
    await peer.server.start("127.0.0.1")
    async with asyncio.timeout(PATIENCE_S):
        yield peer
    await peer.server.close()


async def test_each_call_has_its_own_answer_over_one_connection() -> None:
    async with serving() as peer:
        channel = Channel("Host 1.1", peer.locate)
        bodies = [b"%d" % number * number for number in range(200)]
        assert await asyncio.gather(*(channel.call("echo", body) for body in bodies)) == bodies
        assert {caller for caller, _ in peer.called} == {"Host 1.1"}
        assert peer.located == 1
        channel.close()


async def test_a_body_may_be_larger_than_what_a_socket_takes_at_once() -> None:
    async with serving() as peer:
        channel = Channel("a", peer.locate)
        body = bytes(range(256)) * 40_000
        assert await channel.call("echo", body) == body
        channel.close()


async def test_a_method_that_fails_says_why_and_the_connection_goes_on() -> None:
    async with serving() as peer:
        channel = Channel("a", peer.locate)
        with pytest.raises(PeerLost, match="no luck here"):
            await channel.call("fail", b"luck")
        with pytest.raises(PeerLost, match="KeyError"):
            await channel.call("unknown", b"")
        assert await channel.call("echo", b"on") == b"on"
        assert peer.located == 1
        channel.close()


async def test_who_has_not_the_token_is_not_served() -> None:
    async with serving() as peer:

        async def wrong() -> Address:
            true = peer.server.address
            return Address(true.ip, true.port, bytes(len(true.token)))

        with pytest.raises(PeerLost, match="the connection ended"):
            await Channel("stranger", wrong).call("echo", b"let me in")
        assert peer.called == []


@pytest.mark.parametrize("sent", [HEAD.pack(HELLO_BYTES_MAX + 1, 0, 0), HEAD.pack(3, 0, 0) + b"abc"])
async def test_a_stranger_is_sent_away_before_it_costs_anything(sent: bytes) -> None:
    async with serving() as peer:
        reader, writer = await asyncio.open_connection(peer.server.address.ip, peer.server.address.port)
        writer.write(sent)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_who_says_no_hello_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "HELLO_TIMEOUT_S", 0.0)
    async with serving() as peer:
        reader, writer = await asyncio.open_connection(peer.server.address.ip, peer.server.address.port)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()


async def test_when_the_other_side_goes_calls_under_way_are_told_and_the_next_connects_anew() -> None:
    async with serving() as first, serving() as second:
        peers = iter([first, second])

        async def locate() -> Address:
            return await next(peers).locate()

        channel = Channel("a", locate)
        hanging = asyncio.create_task(channel.call("hang", b""))
        await first.hangs.wait()
        connection = channel._connection
        assert connection is not None
        connection.abort()
        with pytest.raises(PeerLost, match="the connection ended"):
            await hanging
        await first.cancelled.wait()
        assert await channel.call("echo", b"again") == b"again"
        assert (first.called, second.called) == ([], [("a", b"again")])
        channel.close()


async def test_a_connection_that_has_ended_unnoticed_takes_no_call_along() -> None:
    async with serving() as peer:
        channel = Channel("a", peer.locate)
        await channel.call("echo", b"")
        connection = channel._connection
        assert connection is not None
        connection.abort()  # nobody has been told yet
        with pytest.raises(PeerLost, match="the connection ended"):
            await connection.call(b"echo", b"")
        assert await channel.call("echo", b"on") == b"on"
        assert peer.located == 2
        channel.close()


async def test_a_closed_channel_ends_its_calls_and_takes_no_more() -> None:
    async with serving() as peer:
        channel = Channel("a", peer.locate)
        hanging = asyncio.create_task(channel.call("hang", b""))
        await peer.hangs.wait()
        channel.close()
        with pytest.raises(PeerLost):
            await hanging
        with pytest.raises(PeerLost, match="closed"):
            await channel.call("echo", b"")
        await peer.cancelled.wait()
        assert peer.called == []


async def test_nobody_there_is_told_with_what_is_known_of_it() -> None:
    async with serving() as peer:
        await peer.echo("", b"")
        address = peer.server.address
    with pytest.raises(PeerLost, match="no connection") as lost:
        await Channel("a", lambda: _given(address)).call("echo", b"")
    assert not lost.value.dead

    async def dead() -> Address:
        raise PeerLost("Ray says so", dead=True)

    with pytest.raises(PeerLost, match="Ray says so") as lost:
        await Channel("a", dead).call("echo", b"")
    assert lost.value.dead


async def test_a_caller_that_gives_up_disturbs_nobody() -> None:
    async with serving() as peer:
        channel = Channel("a", peer.locate)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await channel.call("hang", b"")
        assert await channel.call("echo", b"on") == b"on"
        channel.close()


def test_the_loop_that_ray_gives_its_actors_does_as_well() -> None:
    async def ask() -> bytes:
        async with serving() as peer:
            channel = Channel("a", peer.locate)
            answer = await channel.call("echo", b"over uvloop")
            channel.close()
            return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(ask()) == b"over uvloop"


async def _given(address: Address) -> Address:
    return address


class Frames(rooms._Framed):
    """What was cut out."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[tuple[int, int, bytes]] = []

    def frame(self, number: int, tag: int, body: bytes) -> None:
        self.frames.append((number, tag, body))


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(max_size=40)), max_size=6),
    st.lists(st.integers(1, 30), min_size=1),
)
def test_frames_are_found_whatever_the_chunks(frames: list[tuple[int, int, bytes]], cuts: list[int]) -> None:
    data = b"".join(HEAD.pack(len(body), number, tag) + body for number, tag, body in frames)
    cut = Frames()
    place = 0
    while data:
        size = cuts[place % len(cuts)]
        cut.data_received(data[:size])
        data = data[size:]
        place += 1
    assert cut.frames == frames


def test_an_address_is_shown_without_its_token() -> None:
    assert repr(Address("127.0.0.1", 4711, b"secret")) == "127.0.0.1:4711"
