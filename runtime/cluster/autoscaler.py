"""Follows the policy of ``autoscale.py`` in a running system: looks, says what it would do, and does it when told to.

Its setting lies beside the shards in the journal, so that it outlives the Coordinator.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog

from runtime.cluster.autoscale import Advice, Setting, advise, ended_of, load_of
from runtime.journal.registry import Registry

log = structlog.get_logger()
LOOK_S: Final = 5.0


class Autoscaler:
    """One Coordinator's. ``status`` asks the system how it does, ``scale`` changes its numbers."""

    def __init__(
        self,
        registry: Registry,
        status: Callable[[], Awaitable[dict[str, Any]]],
        scale: Callable[[dict[str, int]], Awaitable[object]],
    ) -> None:
        self.setting = Setting()
        self.advice: Advice | None = None
        """The last one that would change something."""
        self._registry = registry
        self._status = status
        self._scale = scale
        self._ended = 0
        self._wanted: dict[str, int] = {}
        self._changed_at = time.monotonic()

    async def remember(self) -> None:
        """Take up the setting that was chosen last (:raises JournalAway:)."""
        kept = await self._registry.remembered("autoscale")
        self.setting = msgspec.json.decode("\n".join(kept), type=Setting) if kept else Setting()

    async def choose(self, setting: Setting) -> None:
        """Another setting (:raises JournalAway: it cannot be recorded, nothing changes)."""
        await self._registry.remember("autoscale", [msgspec.json.encode(setting).decode()])
        self.setting = setting
        self.advice = None

    async def look(self) -> None:
        """Look once; scale, when that is the mode and the policy says so."""
        if self.setting.mode == "off":
            return
        status = await self._status()
        now = time.monotonic()
        if status["wanted"] != self._wanted:
            # Somebody, or we, have changed the numbers: shards move, and what is seen now says little.
            self._wanted, self._changed_at = dict(status["wanted"]), now
        load = load_of(status, self._ended)
        self._ended = ended_of(status)
        advice = advise(load, self.setting.targets, now - self._changed_at)
        if not advice.why:
            return
        if self.advice is None or (advice.hosts, advice.executors) != (
            self.advice.hosts,
            self.advice.executors,
        ):
            log.info(
                "autoscale",
                mode=self.setting.mode,
                hosts=advice.hosts,
                executors=advice.executors,
                why=advice.why,
            )
        self.advice = advice
        if self.setting.mode == "on":
            await self._scale({"hosts": advice.hosts, "executors": advice.executors})

    def told(self) -> dict[str, Any]:
        """For the status: the setting, and what it would do or has done last."""
        advice = self.advice
        return {
            **msgspec.to_builtins(self.setting),
            "advice": msgspec.to_builtins(advice) if advice else None,
        }
