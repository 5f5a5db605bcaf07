"""Orders that stream in: lines are fed, answers come out, in whatever order the runtime gives them.

The core of every stream (NDJSON over HTTP, WebSocket). What bounds a stream stands here: lines count as unanswered from
their arrival until their answer was *taken by the client*, so a client that does not read stops its own stream and
nothing else.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from actors.messages import Accepted, AnyReply, KeyConflict
from gateway.auth import Principal
from gateway.bodies import too_large
from gateway.conflict import met_again
from gateway.context import Gateway
from gateway.door import Admitted
from gateway.entering import entering
from gateway.json_answers import encode
from gateway.line_splitter import TooLong
from gateway.tmf.errors import Error, error_of, retry_after
from gateway.tmf.product_ordering import refusal
from gateway.tmf.shapes import PRODUCT
from gateway.unnamed_lines import InstalledUnread
from gateway.violations import BadRequest, Violation
from runtime.errors import DiskFull, OrderloomError


class RefusedLine(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """The answer to a line that made no order. ``retry_after``: seconds after which to send it again."""

    line: int
    status: int
    error: Error
    retry_after: int | None = None


class Intake:
    """One client's stream of orders."""

    def __init__(self, gateway: Gateway, principal: Principal) -> None:
        self._gateway = gateway
        self._principal = principal
        self._lines_max = gateway.settings.unanswered_lines_max
        self._bytes_max = gateway.settings.unanswered_bytes_max
        self._href = encode(gateway.settings.href(""))[1:-1]
        self._answers: list[bytes] = []
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._sending: set[asyncio.Task[None]] = set()
        self._complete = False
        self._abandoned = False
        self.unanswered_lines = 0
        self.unanswered_bytes = 0

    async def room(self) -> None:
        """Wait until another line may come in: the flow control of every stream."""
        while not self._room.is_set():
            await self._room.wait()

    async def obstacle(self) -> Exception | None:
        """What keeps every new order out at the moment; asked once for many lines."""
        try:
            folder = await self._gateway.runtime.full_disk()
        except OrderloomError as problem:
            return problem
        return DiskFull(folder) if folder else None

    def feed(self, number: int, line: bytes | TooLong, obstacle: Exception | None = None) -> None:
        """Take one line; its answer comes out of :meth:`answers`."""
        if isinstance(line, TooLong):
            self._count(1, 0)
            self._refuse(number, 0, too_large(line.bytes_max))
            return
        size = len(line)
        self._count(1, size)
        try:
            if obstacle is not None:
                raise obstacle
            order, key = unwrapped(self._gateway.door.read(line))
            admitted = self._gateway.door.admit(order, self._principal, key, raw=line)
            sending = self._send(number, size, admitted)
        except InstalledUnread:
            # What the lines of one piece name is asked for by tasks of one round, and so read together.
            sending = self._look_up_and_send(number, line, order, key)
        except Exception as problem:
            self._refuse(number, size, problem)
            return
        task = asyncio.create_task(sending)
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def complete(self) -> None:
        """No line follows: the answers end when the last is out."""
        self._complete = True
        self._ready.set()

    def abandon(self) -> None:
        """The client is gone: the answers end at once. Orders on their way into the runtime go on."""
        self._abandoned = True
        self._ready.set()

    async def answers(self) -> AsyncGenerator[bytes]:
        """Answer lines as they come, many in one piece; a piece counts as read when the next one is asked for."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            if self._abandoned:
                return
            if self._answers:
                answers, self._answers = self._answers, []
                piece = b"".join(answers)
                yield piece
                self._count(-len(answers), -len(piece))
            if self._complete and not self.unanswered_lines:
                return

    async def _look_up_and_send(
        self, number: int, line: bytes, order: dict[str, Any], key: str | None
    ) -> None:
        reception = self._gateway.reception_of(PRODUCT)
        try:
            admitted = await reception.admit(order, self._principal, key, raw=line)
        except Exception as problem:
            self._refuse(number, len(line), problem)
            return
        await self._send(number, len(line), admitted)

    async def _send(self, number: int, size: int, admitted: Admitted) -> None:
        try:
            runtime = self._gateway.runtime
            message = await entering(runtime, self._principal, admitted.order, admitted.message)
            reply = await runtime.send(admitted.order, message)
            if isinstance(reply, KeyConflict):
                href = self._gateway.settings.href(reply.order)
                met = await met_again(runtime, reply.order, admitted.message.document, href)
                if isinstance(met, Error):
                    answer = encode(RefusedLine(number, 409, met)) + b"\n"
                else:
                    answer = self._answer(number, met)
            else:
                answer = self._answer(number, reply)
        except Exception as problem:
            self._refuse(number, size, problem)
        else:
            self._put(size, answer)

    def _answer(self, number: int, reply: AnyReply) -> bytes:
        if type(reply) is Accepted:
            order = reply.order.encode()
            return b'{"line":%d,"status":%b,"id":"%b","href":"%b%b","state":"%b"}\n' % (
                number,
                b'200,"duplicate":true' if reply.duplicate else b"201",
                order,
                self._href,
                order,
                reply.state.encode(),
            )
        raise refusal(reply)

    def _refuse(self, number: int, size: int, problem: Exception) -> None:
        status, body = error_of(problem)
        self._put(size, encode(RefusedLine(number, status, body, retry_after(status))) + b"\n")

    def _put(self, size: int, answer: bytes) -> None:
        # From here on it is the answer that takes room, not the line.
        self._count(0, len(answer) - size)
        self._answers.append(answer)
        self._ready.set()

    def _count(self, lines: int, size: int) -> None:
        self.unanswered_lines += lines
        self.unanswered_bytes += size
        if self.unanswered_lines >= self._lines_max or self.unanswered_bytes >= self._bytes_max:
            self._room.clear()
        else:
            self._room.set()


def unwrapped(line: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The order of a line and its idempotency key: a line is the order itself, or has the order beside its key.

    :raises BadRequest: with the pointer of what does not fit.
    """
    if "productOrder" not in line:
        return line, None
    order, key = line["productOrder"], line.get("idempotencyKey")
    faults = []
    if not isinstance(order, dict):
        faults.append(Violation("/productOrder", "wrong-type", "must be a product order"))
    if key is not None and not isinstance(key, str):
        faults.append(Violation("/idempotencyKey", "wrong-type", "must be a text"))
    faults.extend(
        Violation(
            f"/{name[:80]}", "unknown-attribute", "stands beside productOrder, where only idempotencyKey may"
        )
        for name in line
        if name not in ("productOrder", "idempotencyKey")
    )
    if faults:
        raise BadRequest(
            "invalidLine", "a line is a product order, or {idempotencyKey, productOrder}", faults
        )
    return order, key
