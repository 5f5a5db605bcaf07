"""One Ray actor for each order and one for each of its lines: the literal reading of the model, with nothing durable.

An order's actor starts its lines' actors and asks each for its work; a line's actor asks an element, a Ray actor that
all share. The actors of an order end with it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import ray

from benchmarks.peers.work import KINDS, completed, element, lines_of
from benchmarks.ray_alone import actor, start_ray
from benchmarks.shapes import Order


class Element:
    """Answers at once."""

    def do(self, kind: str, order: str, line: dict[str, Any]) -> dict[str, str]:
        """One task."""
        return element(kind, order, line)


class Line:
    """One line of one order."""

    def __init__(self, order: str, line: dict[str, Any], elements: Any) -> None:
        self.order, self.line, self.elements = order, line, elements
        self.done: dict[str, Any] = {}

    async def run(self) -> dict[str, Any]:
        """Its tasks, one after the other."""
        for kind in KINDS:
            self.done[kind] = await self.elements.do.remote(kind, self.order, self.line)
        return {**self.line, "done": self.done}


class OrderActor:
    """One order."""

    def __init__(self, order: Order, elements: Any) -> None:
        self.key = order["externalId"]
        self.lines = [actor(Line).remote(self.key, line, elements) for line in lines_of(order)]

    async def accepted(self) -> str:
        """Answers once the actor is there."""
        return str(self.key)

    async def run(self) -> dict[str, Any]:
        """All lines at once, and the end."""
        return completed(self.key, list(await asyncio.gather(*(line.run.remote() for line in self.lines))))


class Actors:
    """The peer while it runs."""

    def __init__(self) -> None:
        self.elements = actor(Element).remote()

    async def accept(self, key: str, order: Order) -> "asyncio.Future[Any]":
        """See :class:`benchmarks.peers.driving.Running`."""
        made = actor(OrderActor).remote(order, self.elements)
        await made.accepted.remote()

        async def end() -> Any:
            ended = await made.run.remote()
            ray.kill(made)
            return ended

        return asyncio.ensure_future(end())


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Actors]:
    """A Ray of its own."""
    start_ray(log_to_driver=False)
    try:
        yield Actors()
    finally:
        ray.shutdown()
