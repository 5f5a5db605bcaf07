"""The door for orders that may name what is installed by its id alone: that is read, and the door asked anew.

Nearly all orders pass the door at the first time of asking, without a word to anybody.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from actors.appraisal import facts_with
from actors.beside import Beside
from actors.compatibility_state import Seen
from actors.document import lines_of
from actors.installed_product import Installed
from catalog.model import Catalog
from catalog.policies.fitting import CompatibilityFinding
from gateway.auth import Principal
from gateway.door import Admitted, Checked, Door
from gateway.identity import tag_of
from gateway.installed_reads import OneRequest, Reads, references
from gateway.unnamed_lines import InstalledUnread
from gateway.violations import Violation

Told = TypeVar("Told")


class Reception:
    """Checks orders as its :class:`Door` does; every method raises also what reading raises (503, 429)."""

    def __init__(self, door: Door, reads: Reads) -> None:
        self.door = door
        self._reads = reads

    def of_one_request(self) -> "Reception":
        """The same for several questions of one request: what it reads it reads once."""
        return Reception(self.door, OneRequest(self._reads))

    async def admit(
        self, order: dict[str, Any], principal: Principal, key: str | None = None, *, raw: bytes = b""
    ) -> Admitted:
        """As :meth:`Door.admit`."""
        return await self._asked(
            principal, lambda installed: self.door.admit(order, principal, key, raw=raw, installed=installed)
        )

    async def check(
        self, order: dict[str, Any], principal: Principal, *, catalog: Catalog | None = None
    ) -> Checked:
        """As :meth:`Door.check`."""
        return await self._asked(
            principal,
            lambda installed: self.door.check(order, principal, catalog=catalog, installed=installed),
        )

    async def findings(
        self, order: dict[str, Any], principal: Principal, *, raw: bytes = b""
    ) -> tuple[Violation, ...]:
        """As :meth:`Door.findings`."""
        return await self._asked(
            principal, lambda installed: self.door.findings(order, principal, raw=raw, installed=installed)
        )

    async def named(self, order: dict[str, Any], principal: Principal) -> dict[str, Any]:
        """The order, however wrong, with what its lines are about wherever that is known."""
        return await self._asked(principal, lambda installed: self.door.named(order, installed))

    async def standing(self, document: bytes, principal: Principal) -> dict[str, Installed]:
        """The installed products that lines of an order change or end, as far as there are any."""
        products = [product for line in lines_of(document) for product in line.request.products[:1]]
        return await self._reads.standing(products, self.door.kind, tag_of(principal.tenant))

    async def incompatible(
        self, beside: Beside, catalog: Catalog, principal: Principal, now: int
    ) -> tuple[CompatibilityFinding, ...]:
        """What would stand against an order if it were submitted ``now``, in ms since 1970 UTC."""
        if not catalog.horizontal:
            return ()
        facts = facts_with(beside.document, (), catalog, now)
        wanted = dict.fromkeys((*beside.products(), *beside.changed(catalog, facts).values()))
        found = await self._reads.standing(wanted, self.door.kind, tag_of(principal.tenant))
        seen = {product: Seen(each.state, each.picture) for product, each in found.items()}
        return beside.findings(catalog, facts, seen)

    async def _asked(self, principal: Principal, ask: Callable[[Mapping[str, str] | None], Told]) -> Told:
        try:
            return ask(None)
        except InstalledUnread as unread:
            products = unread.products
        found = await self._reads.standing(products, self.door.kind, tag_of(principal.tenant))
        return ask(references(found, self.door.kind))
