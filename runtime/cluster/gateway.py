"""The Gateway: a Ray actor around whatever speaks HTTP, named by ``options.gateway_class``.

That class is imported in its own process and nowhere else: it takes a second, for which a Coordinator would be deaf.
"""

from importlib import import_module
from typing import Any

from runtime.cluster.options import ClusterOptions


class Gateway:
    """One of the processes that speak HTTP. See :class:`gateway.replica.GatewayReplica`."""

    def __init__(self, name: str, options: ClusterOptions) -> None:
        module, _, kind = options.gateway_class.partition(":")
        self._name = name
        self._replica: Any = getattr(import_module(module), kind)(name, options)

    def __repr__(self) -> str:
        return self._name

    async def start(self) -> int:
        """Serve, once; answers the process id when the port answers."""
        pid: int = await self._replica.start()
        return pid

    async def until_dead(self) -> None:
        """Never answers: the caller learns by Ray's error that this actor is gone."""
        await self._replica.until_dead()

    async def status(self) -> dict[str, Any]:
        """Process as it is now."""
        told: dict[str, Any] = await self._replica.status()
        return told
