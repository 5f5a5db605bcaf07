"""The bare pipeline: the same parts as Orderloom with no product in them, as the yardstick of what the parts allow.

NDJSON over HTTP into a gateway (uvicorn in a Ray actor), batches to hosts (Ray actors) that fold six tasks and 39 facts
for each order, fenced frames on the journal's own server with fsync always, tasks to an executor (Ray actor) and back.
There is no catalog, no validation, no index, no snapshot, no idempotency, no recovery: an order is three lines of two
tasks because this room says so. It answers the stream and the status as Orderloom does, so the same generator and the
same search measure it.

Every stage takes whatever has gathered while its last batch was under way: batches grow with the load by themselves.
"""

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import ray

from benchmarks.generator import STREAM_PATH
from benchmarks.latencies import Latencies
from benchmarks.ray_alone import actor, start_ray
from benchmarks.run import STATUS_PATH
from benchmarks.system import System
from runtime.journal.embedded import EmbeddedServer

SHARDS = 16
UNDER_WAY_MAX = 2
UNANSWERED = 2_000
"""Unanswered orders of a stream at which the pipeline does most."""
EPOCH = "1"
FENCED_APPEND = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED') end
redis.call('XADD', KEYS[2], '*', 'frame', ARGV[2])
return 1
"""

pack, unpack = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder().decode


class Item(msgspec.Struct):
    """What is read of an order line."""

    id: str


class Body(msgspec.Struct):
    """What is read of an order."""

    externalId: str
    productOrderItem: list[Item]


read_body = msgspec.json.Decoder(Body).decode


class Task(msgspec.Struct):
    """One task and the one that waits for it."""

    domain: str
    line: str
    then: str
    state: str = "waiting"


class Order(msgspec.Struct):
    """An order in memory."""

    began: float
    tasks: dict[str, Task]
    lines: dict[str, int]
    """Line -> domain orders that are not completed."""
    open: int


Fact = tuple[str, ...] | tuple[str, float, bytes]


def submitted(raw: bytes, now: float) -> tuple[Order, list[Fact], list[str]]:
    """A new order: its state, the facts that made it, and the tasks that are ready."""
    order = Order(now, {}, {}, 0)
    facts: list[Fact] = [("created", now, raw)]
    for item in read_body(raw).productOrderItem:
        service, resource = f"{item.id}/s", f"{item.id}/r"
        order.lines[item.id] = 2
        order.open += 1
        order.tasks[resource] = Task(resource, item.id, service, "sent")
        order.tasks[service] = Task(service, item.id, "")
        facts += [
            ("line", item.id),
            ("domain", item.id, resource), ("domain", item.id, service),
            ("task", resource, ""), ("task", service, resource),
        ]  # fmt: skip
    ready = [key for key, task in order.tasks.items() if task.state == "sent"]
    facts.append(("order", "inProgress"))
    facts += [("sent", key) for key in ready]
    return order, facts, ready


def done(order: Order, key: str) -> tuple[list[Fact], str]:
    """A task that came back: the facts, and the task that is ready now (none: empty)."""
    task = order.tasks[key]
    task.state = "completed"
    facts: list[Fact] = [("done", key), ("domainDone", task.domain)]
    order.lines[task.line] -= 1
    if not order.lines[task.line]:
        facts.append(("lineDone", task.line))
        order.open -= 1
        if not order.open:
            facts.append(("order", "completed"))
    if task.then:
        order.tasks[task.then].state = "sent"
        facts.append(("sent", task.then))
    return facts, task.then


class Executor:
    """Answers every task of a batch at once."""

    async def answer(self, batch: bytes) -> bytes:
        """(Order, task) pairs in, the same with an output out."""
        return pack([(order, task, {"id": task}) for order, task in unpack(batch)])

    async def pid(self) -> int:
        """Its process."""
        return os.getpid()


class Host:
    """Orders of some shards: one turn after the other, each ended by one pipeline of frames."""

    def __init__(self, name: str, executor: Any, url: str) -> None:
        self.name, self.executor, self.url = name, executor, url
        self.orders: dict[str, Order] = {}
        self.arrived: list[tuple[asyncio.Future[None], list[tuple[str, bytes]]]] = []
        self.returned: list[tuple[str, str, Any]] = []
        self.tasks: list[tuple[str, str]] = []
        self.sending = 0
        self.counts = {"accepted": 0, "completed": 0, "transitions": 0}
        self.cycle = Latencies()

    async def start(self) -> int:
        """Connect, claim the shards, run; answers the process id."""
        from redis.asyncio import Redis

        self.redis = Redis.from_url(self.url)
        self.append = await self.redis.script_load(FENCED_APPEND)
        for shard in range(SHARDS):
            await self.redis.set(self._key(shard, "epoch"), EPOCH)
        self.awake = asyncio.Event()
        self.turning = asyncio.create_task(self._turns())
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        return os.getpid()

    async def submit(self, batch: bytes) -> None:
        """New orders; answered once they are on disk."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.arrived.append((durable, unpack(batch)))
        self.awake.set()
        await durable

    async def status(self, new_window: bool) -> dict[str, Any]:
        """Counters, and cycle times since the last new window."""
        import psutil

        percentiles = self.cycle.percentiles_ms()
        if new_window:
            self.cycle = Latencies()
        return {
            **self.counts,
            "live": len(self.orders),
            "cycle": percentiles,
            "rss": psutil.Process().memory_info().rss,
        }

    def _key(self, shard: int, what: str) -> str:
        return f"{{{self.name}.{shard}}}:{what}"

    async def _turns(self) -> None:
        while True:
            await self.awake.wait()
            self.awake.clear()
            arrived, self.arrived = self.arrived, []
            returned, self.returned = self.returned, []
            frames: dict[int, list[tuple[str, list[Fact]]]] = {}
            ended: list[float] = []
            ready: list[tuple[str, str]] = []
            now = time.time()
            for _, batch in arrived:
                for key, raw in batch:
                    order, facts, tasks = submitted(raw, now)
                    self.orders[key] = order
                    self._book(frames, key, facts)
                    ready += [(key, task) for task in tasks]
            for key, task, _output in returned:
                order = self.orders[key]
                facts, then = done(order, task)
                self._book(frames, key, facts)
                if then:
                    ready.append((key, then))
                if not order.open:
                    ended.append(order.began)
                    del self.orders[key]
            await self._commit(frames)
            now = time.time()
            for durable, batch in arrived:
                self.counts["accepted"] += len(batch)
                durable.set_result(None)
            self.counts["completed"] += len(ended)
            for began in ended:
                self.cycle.add(now - began)
            self._dispatch(ready)

    def _book(self, frames: dict[int, list[tuple[str, list[Fact]]]], key: str, facts: list[Fact]) -> None:
        frames.setdefault(crc32(key.encode()) % SHARDS, []).append((key, facts))
        self.counts["transitions"] += len(facts)

    async def _commit(self, frames: dict[int, list[tuple[str, list[Fact]]]]) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        for shard, frame in frames.items():
            pipeline.evalsha(
                self.append, 2, self._key(shard, "epoch"), self._key(shard, "journal"), EPOCH, pack(frame)
            )
        await pipeline.execute()

    def _dispatch(self, ready: list[tuple[str, str]]) -> None:
        self.tasks += ready
        if self.tasks and self.sending < UNDER_WAY_MAX:
            self.sending += 1
            self.last = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        while self.tasks:
            batch, self.tasks = self.tasks, []
            answers = unpack(await self.executor.answer.remote(pack(batch)))
            self.returned.extend(answers)
            self.awake.set()
        self.sending -= 1


class _Link:
    """From the gateway to one host."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.waiting: list[tuple[asyncio.Queue[bytes | None], list[tuple[int, str, bytes]]]] = []
        self.under_way = 0

    def put(self, answers: "asyncio.Queue[bytes | None]", orders: list[tuple[int, str, bytes]]) -> None:
        self.waiting.append((answers, orders))
        if self.under_way < UNDER_WAY_MAX:
            self.under_way += 1
            self.last = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        while self.waiting:
            batch, self.waiting = self.waiting, []
            await self.handle.submit.remote(
                pack([(key, raw) for _, orders in batch for _, key, raw in orders])
            )
            for answers, orders in batch:
                answers.put_nowait(
                    b"".join(
                        b'{"line":%d,"status":201,"id":"%b"}\n' % (n, key.encode()) for n, key, _ in orders
                    )
                )
        self.under_way -= 1


class Gateway:
    """HTTP in, batches out."""

    def __init__(self, hosts: list[Any]) -> None:
        self.hosts = hosts
        self.links = [_Link(handle) for handle in hosts]
        self.numbers = count()

    async def start(self) -> tuple[int, int]:
        """Serve on a free port of 127.0.0.1; answers process id and port."""
        import uvicorn
        from starlette.applications import Starlette
        from starlette.routing import Route

        routes = [Route(STREAM_PATH, self._stream, methods=["POST"]), Route(STATUS_PATH, self._status)]
        config = uvicorn.Config(Starlette(routes=routes), port=0, loop="uvloop", log_level="warning")
        self.server = uvicorn.Server(config)
        self.serving = asyncio.create_task(self.server.serve())
        while not self.server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0.05)
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        return os.getpid(), self.server.servers[0].sockets[0].getsockname()[1]

    async def _stream(self, request: Any) -> Any:
        from starlette.responses import StreamingResponse

        class Both(StreamingResponse):
            """One that leaves the request's body alone, so that both directions flow at once."""

            async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
                await self.stream_response(send)

        answers: asyncio.Queue[bytes | None] = asyncio.Queue()
        state = {"sent": 0, "over": 0}

        async def read() -> None:
            rest, line = b"", 0
            async for chunk in request.stream():
                *whole, rest = (rest + chunk).split(b"\n")
                shares: list[list[tuple[int, str, bytes]]] = [[] for _ in self.links]
                for raw in whole:
                    line += 1
                    read_body(raw)
                    number = next(self.numbers)
                    shares[number % len(shares)].append((line, f"p{number:x}", raw))
                for link, share in zip(self.links, shares, strict=True):
                    if share:
                        state["sent"] += 1
                        link.put(answers, share)
            state["over"] = 1
            answers.put_nowait(None)

        async def answer() -> AsyncIterator[bytes]:
            reading, answered = asyncio.ensure_future(read()), 0
            while not (state["over"] and answered == state["sent"]):
                text = await answers.get()
                if text is not None:
                    answered += 1
                    yield text
            await reading

        return Both(answer(), media_type="application/x-ndjson")

    async def _status(self, request: Any) -> Any:
        from starlette.responses import JSONResponse

        fresh = request.query_params.get("window") == "new"
        said = await asyncio.gather(*(host.status.remote(fresh) for host in self.hosts))
        sums = {
            name: sum(each[name] for each in said)
            for name in ("accepted", "completed", "transitions", "live")
        }
        return JSONResponse(
            {
                **sums,
                "cycle_ms": {name: max(each["cycle"][name] for each in said) for name in said[0]["cycle"]},
                "memory": {"hosts_rss": sum(each["rss"] for each in said), "server_used": 0},
                "fsync": "always",
            }
        )


@asynccontextmanager
async def pipeline(hosts: int) -> AsyncIterator[System]:
    """The pipeline while it runs, as a system to be measured."""
    with tempfile.TemporaryDirectory(prefix="orderloom-limit-") as folder:
        server = EmbeddedServer(Path(folder) / "redis")
        await server.start()
        await asyncio.to_thread(start_ray)
        try:
            executor = actor(Executor).remote()
            made = [actor(Host).remote(f"h{number}", executor, server.url) for number in range(hosts)]
            host_pids = await asyncio.gather(*(host.start.remote() for host in made))
            gateway = actor(Gateway, max_concurrency=1_000).remote(made)
            gateway_pid, port = await gateway.start.remote()
            yield System(
                url=f"http://127.0.0.1:{port}",
                token="none",
                dashboard="",
                pids={
                    "hosts": dict(enumerate(host_pids)),
                    "executor": await executor.pid.remote(),
                    "gateway": gateway_pid,
                    "server": server.pid,
                },
                pid=os.getpid(),
            )
        finally:
            await asyncio.to_thread(ray.shutdown)
            await server.stop()
