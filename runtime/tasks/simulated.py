"""The simulated network element: what every target is that the settings do not name.

It stands behind the same seam as a real one and fails by the ordinary protocol, so demonstrations and tests rehearse
with it what will happen with real elements. It is stateless but for the keys it failed once: the same key gets the
same answer. A characteristic ``simulate`` of the request asks for a way to behave:

=========== ============================================================
fail        refuses, every time, until the value is changed
failOnce    refuses the first time a key comes, then does it
pending     asks the requester for information, every time
pendingOnce asks the first time a key comes, then does it
slow        does it, after ``slowMs``
silent      never answers
=========== ============================================================
"""

import asyncio
import zlib
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from runtime.tasks.handlers import Answer, Word
from runtime.tasks.transport import Request
from runtime.tasks.world import World

FAILED_KEYS_MAX = 10_000
Share = Annotated[float, Field(ge=0, le=1)]


class Simulation(BaseModel):
    """How a simulated element behaves when the request does not say. Shares are of the keys, drawn by ``seed``."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    latency_ms: Annotated[float, Field(ge=0)] = 0
    slow_ms: Annotated[float, Field(ge=0)] = 2_000
    fail_share: Share = 0
    """Refused the first time they come; a retry succeeds."""
    pending_share: Share = 0
    """Ask for information the first time they come; a retry succeeds."""
    slow_share: Share = 0
    seed: int = 0


STATES: dict[str, Word] = {"pending": "pending"}
"""The one state word a simulated element uses."""


class SimulatedElement:
    """A transport: answers at once unless latency was asked for."""

    __slots__ = ("_drawn", "_failed", "_latency_s", "_simulation", "_sleep", "name")

    def __init__(self, name: str, simulation: Simulation, world: World) -> None:
        self.name = name
        self._simulation = simulation
        self._latency_s = simulation.latency_ms / 1_000
        self._drawn = bool(simulation.fail_share or simulation.pending_share or simulation.slow_share)
        self._failed: OrderedDict[str, None] = OrderedDict()
        self._sleep = world.sleep

    def __call__(self, request: Request) -> Answer | Awaitable[Answer]:
        """Do what was asked, at once when no time shall pass."""
        key = request.key
        number = zlib.crc32(key.encode())
        body = request.body
        characteristics = body.get("characteristics") if type(body) is dict else None
        word = characteristics.get("simulate") if type(characteristics) is dict else None
        if word is None and self._drawn:
            word = self._draw(key)
        if word is None and not self._latency_s:
            return Answer(200, {"id": f"{self.name}-{number:08x}"})
        return self._behave(word, key, number)

    def _behave(self, word: object, key: str, number: int) -> Answer | Awaitable[Answer]:
        latency_s = self._latency_s
        answer = Answer(200, {"id": f"{self.name}-{number:08x}"})
        if word == "fail" or (word == "failOnce" and self._first(key)):
            answer = Answer(422, {"code": "simulatedFailure", "message": "the element was asked to fail"})
        elif word == "pending" or (word == "pendingOnce" and self._first(key)):
            answer = Answer(
                200,
                {
                    "state": "pending",
                    "code": "informationRequired",
                    "message": "the element was asked to ask",
                },
            )
        elif word == "slow":
            latency_s = max(latency_s, self._simulation.slow_ms / 1_000)
        elif word == "silent":
            return asyncio.get_running_loop().create_future()
        return self._later(answer, latency_s) if latency_s else answer

    def _draw(self, key: str) -> str | None:
        simulation = self._simulation
        drawn = zlib.crc32(f"{simulation.seed}/{key}".encode()) / 2**32
        for share, word in (
            (simulation.fail_share, "failOnce"),
            (simulation.pending_share, "pendingOnce"),
            (simulation.slow_share, "slow"),
        ):
            if drawn < share:
                return word
            drawn -= share
        return None

    def _first(self, key: str) -> bool:
        if key in self._failed:
            return False
        self._failed[key] = None
        if len(self._failed) > FAILED_KEYS_MAX:
            self._failed.popitem(last=False)
        return True

    async def _later(self, answer: Answer, seconds: float) -> Answer:
        await self._sleep(seconds)
        return answer
