"""The load under which harm is done: orders that stream in all the time, and a reader that catches lies."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import aiohttp

from benchmarks.chaos_system import System
from benchmarks.shapes import orders
from gateway.client import OrderloomRefusal

ORDERS_MAX: Final = 10_000_000
UNANSWERED_MAX: Final = 256
READ_PAUSE_S: Final = 0.05
READ_S: Final = 20.0
"""No question may hang: an answer or a 503 comes within this."""


class Load:
    """Orders of one shape, and what the system said to them."""

    def __init__(self, system: System, salt: str) -> None:
        self.system = system
        self.salt = salt
        self.acknowledged: dict[str, str] = {}
        """The order's id by its external id."""
        self.sent: dict[str, dict[str, Any]] = {}
        self.sent_at: dict[str, float] = {}
        """Monotonic seconds."""
        self.answered_at: dict[str, float] = {}
        self.refused: list[str] = []
        self.lies: list[str] = []
        self.reads = 0
        self._stop = asyncio.Event()

    async def run(self, per_second: float) -> None:
        """Stream until :meth:`stop`; the client reconnects and repeats with the same keys by itself."""

        async def source() -> AsyncIterator[dict[str, Any]]:
            for order in orders("b6", ORDERS_MAX, salt=self.salt):
                if self._stop.is_set():
                    return
                key = order["externalId"]
                self.sent[key], self.sent_at[key] = order, time.monotonic()
                yield order
                await asyncio.sleep(1 / per_second)

        async with self.system.client() as client:
            async for answer in client.stream(source(), unanswered_max=UNANSWERED_MAX):
                key = str(answer.order["externalId"])
                if answer.status in (200, 201):
                    self.acknowledged[key] = answer.id
                    self.answered_at[key] = time.monotonic()
                else:
                    self.refused.append(f"{answer.status} {answer.error}")

    async def read(self, seed: int) -> None:
        """Ask after acknowledged orders until :meth:`stop`: no answer is an answer, a wrong one is a lie."""
        chance = random.Random(seed)
        ended: set[str] = set()
        async with self.system.client() as client:
            while not self._stop.is_set():
                await asyncio.sleep(READ_PAUSE_S)
                if not self.acknowledged:
                    continue
                recent = list(self.acknowledged.items())[-200:]
                key, order = chance.choice(recent)
                try:
                    shown = await asyncio.wait_for(client.get(order), READ_S)
                except OrderloomRefusal as refusal:
                    if refusal.status < 500 and refusal.status != 429:
                        self.lies.append(f"order {order} was acknowledged, a read said {refusal}")
                    continue
                except TimeoutError:
                    self.lies.append(f"a read of order {order} hung for {READ_S:g} s")
                    continue
                except (aiohttp.ClientError, OSError):
                    continue
                self.reads += 1
                if shown.get("externalId") != key:
                    self.lies.append(f"order {order} is {key}, a read said {shown.get('externalId')}")
                if shown["state"] == "completed":
                    ended.add(order)
                elif order in ended:
                    self.lies.append(f"order {order} was completed, a later read said {shown['state']}")

    def stop(self) -> None:
        """End the source; what is under way is still answered."""
        self._stop.set()

    def longest_wait_s(self, since: float) -> float:
        """The longest an order sent since then (monotonic seconds) has waited for its acknowledgement, or waits."""
        now = time.monotonic()
        return max(
            (self.answered_at.get(key, now) - at for key, at in self.sent_at.items() if at >= since),
            default=0.0,
        )

    def acknowledged_since(self, since: float) -> float | None:
        """When the first order that was sent since then was acknowledged; None as long as there is none."""
        return min((at for key, at in self.answered_at.items() if self.sent_at[key] >= since), default=None)
