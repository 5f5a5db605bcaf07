"""What the gateway asks of the runtime, whoever stands behind it: a Ray cluster, or one process in a test."""

from collections.abc import Sequence
from typing import Any, Protocol
from zlib import crc32

from actors.group import OrderGroup
from actors.installed_product import Installed
from actors.messages import AnyMessage, AnyReply
from catalog.store import Catalogs
from runtime.catalogs import PublishedCatalogs
from runtime.cluster.autoscale import Setting
from runtime.journal.contract import Journal


class Runtime(Protocol):
    """The runtime as seen from the gateway. Batching, routing and retries to a new owner happen behind it."""

    journal: Journal
    catalogs: Catalogs
    """Replaced whole when a version is published; those of orders that were read are in it."""

    @property
    def shelf(self) -> PublishedCatalogs:
        """Where catalogs come from, and where more are published."""

    async def send(self, group: str, message: AnyMessage) -> AnyReply:
        """Deliver a message and answer once everything the reply rests on is durable.

        :raises runtime.errors.Unavailable: no owner, or the journal is away, longer than the caller should wait.
        :raises runtime.errors.Busy: the shard's mailbox is full; nothing was taken.
        """

    async def read(self, groups: Sequence[str]) -> list[OrderGroup | None]:
        """The groups as they durably are now, None where there is none. From the live actor where there is one.

        :raises runtime.errors.Unavailable: neither an owner nor the journal can tell.
        """

    async def read_products(self, products: Sequence[str]) -> list[Installed | None]:
        """Installed products as :meth:`read` reads orders; None also for one that no later order has named yet.

        :raises runtime.errors.Unavailable: neither an owner nor the journal can tell.
        """

    async def full_disk(self) -> str:
        """The folder whose disk has no room for new orders; empty while it has."""

    async def status(self, *, new_window: bool = False) -> dict[str, Any]:
        """Processes, shards and counters as they are now, for operators and benchmarks.

        :param new_window: start the distribution of cycle times anew after this answer.
        """

    async def scale(
        self, *, hosts: int | None, executors: int | None, gateways: int | None
    ) -> dict[str, Any]:
        """Ask for other numbers of processes (None: leave as it is); answers the numbers now wanted.

        :raises runtime.errors.Unavailable: nobody can carry it out at the moment.
        """

    async def autoscale(self, setting: Setting) -> dict[str, Any]:
        """Choose whether the numbers follow the load; answers the setting and the last advice.

        :raises runtime.errors.Unavailable: nobody can carry it out at the moment.
        """


def shard_of(group: str, shards: int) -> int:
    """The shard a group belongs to, from its id alone (CRC-32, the same on every node and in every version)."""
    return crc32(group.encode()) % shards
