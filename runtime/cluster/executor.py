"""The Executor: a Ray actor around :class:`runtime.tasks.executor.Executor`."""

import asyncio
import gc
import os
from typing import Any

from runtime.cluster.channel import Address, ChannelServer, own_ip
from runtime.cluster.options import ClusterOptions
from runtime.tasks.executor import Executor
from runtime.tasks.targets import Targets, read_targets


class ExecutorActor:
    """Takes dispatches from hosts and answers them; keeps nothing that the journal does not have."""

    def __init__(self, name: str, options: ClusterOptions) -> None:
        self.name = name
        self.options = options
        self.executor: Executor | None = None
        self._channel: ChannelServer | None = None

    def __repr__(self) -> str:
        return self.name

    async def start(self) -> int:
        """Read the targets, once; answers the process id."""
        if self.executor is None:
            targets = read_targets(self.options.targets_file) if self.options.targets_file else Targets()
            self.executor = executor = Executor(targets, self.name)
            self._channel = ChannelServer(
                {
                    "dispatch": lambda host, batch: executor.dispatch(batch, host),
                    "collect": lambda host, _: executor.collect(host),
                }
            )
            await self._channel.start(own_ip(self.options))
            gc.collect()
            gc.freeze()
            gc.set_threshold(100_000, 50, 50)
        return os.getpid()

    async def address(self) -> Address:
        """Where hosts reach :class:`runtime.tasks.executor.Executor`."""
        assert self._channel is not None
        return self._channel.address

    async def until_dead(self) -> None:
        """Never answers: the caller learns by Ray's error that this actor is gone."""
        await asyncio.Event().wait()

    async def status(self) -> dict[str, Any]:
        """Process as it is now."""
        return {"pid": os.getpid(), **self._executor.status()}

    @property
    def _executor(self) -> Executor:
        assert self.executor is not None
        return self.executor
