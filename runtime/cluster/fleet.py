"""The processes of a system as its Coordinator sees them: Ray actors that are made, asked, watched and ended."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

import ray
from ray.exceptions import ActorDiedError, RayError

from runtime.cluster.executor import ExecutorActor
from runtime.cluster.gateway import Gateway
from runtime.cluster.host import Host
from runtime.cluster.names import find
from runtime.cluster.options import ClusterOptions

CONCURRENT_CALLS: Final = 1_000
START_TIMEOUT_S: Final = 60.0
UNCERTAIN_PAUSE_S: Final = 0.2
NODE_DIED: Final = "node has died"
"""Ray's words for an actor that it counts as dead with its node, which may well go on answering for a while."""


class Gone(Exception):
    """A process was lost, failed, or did not answer in time; the text says which."""


class Process:
    """One actor. Whoever asks it something learns at once when it is declared lost."""

    def __init__(self, name: str, handle: Any, kill: Callable[[Any], None] = ray.kill) -> None:
        self.name = name
        self.handle = handle
        self.lost = asyncio.Event()
        self._kill = kill

    async def ask(self, method: str, *arguments: Any, timeout_s: float) -> Any:
        """What a method of the actor answers (:raises Gone: nothing came of it)."""
        asked = asyncio.ensure_future(_ref(getattr(self.handle, method).remote(*arguments)))
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            await asyncio.wait({asked, lost}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                silent = "was lost" if self.lost.is_set() else f"did not answer in {timeout_s:g} s"
                raise Gone(f"{self.name} {silent} ({method})")
            return asked.result()
        except RayError as failed:
            raise Gone(f"{self.name} failed to {method}: {type(failed).__name__}: {failed}") from failed
        finally:
            asked.cancel()
            lost.cancel()

    async def died(self) -> bool:
        """Wait until Ray says that the actor is dead. True: only its node is, it may go on answering for a while."""
        while True:
            try:
                await self.handle.until_dead.remote()
            except ActorDiedError as gone:
                return NODE_DIED in str(gone)
            except RayError:
                # Unavailable at the moment, which may pass: the lease decides.
                await asyncio.sleep(UNCERTAIN_PAUSE_S)

    def end(self) -> None:
        """Kill it, and let everyone know who waits for an answer."""
        self.lost.set()
        self._kill(self.handle)


class Fleet(Protocol):
    """Where a Coordinator has its processes from; tests give their own."""

    def make(self, kind: str, name: str) -> Process:
        """A new actor of a kind (``hosts``, ``executors``, ``gateways``); it works once ``start`` was answered."""

    def find(self, name: str) -> Process | None:
        """A living actor of that name."""


class RayFleet:
    """The real one."""

    def __init__(self, options: ClusterOptions) -> None:
        self._options = options

    def make(self, kind: str, name: str) -> Process:
        """See :class:`Fleet`. Ray does not restart them: whoever is lost is replaced under another name."""
        actor: Any = ray.remote(_CLASSES[kind])
        named = actor.options(
            name=name,
            lifetime="detached",
            num_cpus=0,
            max_restarts=0,
            max_concurrency=CONCURRENT_CALLS,
            scheduling_strategy="SPREAD",
        )
        return Process(name, named.remote(name, self._options))

    def find(self, name: str) -> Process | None:
        """See :class:`Fleet`."""
        handle = find(name)
        return None if handle is None else Process(name, handle)


_CLASSES: Final[dict[str, type]] = {"hosts": Host, "executors": ExecutorActor, "gateways": Gateway}


async def _ref(reference: Any) -> Any:
    return await reference
