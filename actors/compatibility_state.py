"""What an order keeps of compatibility: its lines that are to be checked, what it saw beside them, what was found."""

from typing import Final

import msgspec

from actors.customer_products import NOTHING_LOOKED_FOR, CustomerProducts
from actors.review_events import Incompatibility
from actors.states import S, State
from catalog.installed import InstalledProduct

OPEN: Final = "open"
"""A line that is checked before it is completed."""
FAILED: Final = "failed"
"""A line that was, and is held by what was found."""
INCOMPATIBLE: Final = "incompatible"
"""The code of such a line."""


class Seen(msgspec.Struct, array_like=True, frozen=True):
    """An installed product as it was seen."""

    state: State | None
    picture: InstalledProduct | None

    @property
    def stands(self) -> InstalledProduct | None:
        """What stands of it."""
        return self.picture if self.state not in (None, S.PENDING_ACTIVE, S.CANCELLED, S.TERMINATED) else None

    @property
    def coming(self) -> InstalledProduct | None:
        """What is to stand, and is being built."""
        return self.picture if self.state is S.PENDING_ACTIVE else None


class Compatibility(msgspec.Struct):
    """What the compatibility actor holds; an order whose catalog states no compatibility has none."""

    lines: dict[str, str] = {}
    """Lines that state or meet a compatibility and are not checked yet: ``open``, or ``failed`` and held."""
    due: dict[str, int] = {}
    """Those of them whose work is done, and since when they wait for what they are compared with."""
    looked_for: dict[str, int] = {}
    """Installed products that the order waits to see, each with since when."""
    seen: dict[str, Seen] = {}
    looked_again: int = 0
    """When the order last asked for all of them after its work had begun; 0: not yet."""
    findings: dict[str, Incompatibility] = {}
    """What was found of lines whose work is done, by its id."""
    overridden: dict[str, Incompatibility] = {}
    """The same, where an approver had decided before that it may be."""
    accepted: dict[str, str] = {}
    """Lines that stand in spite of what was found, each with the reason."""
    customer: CustomerProducts = NOTHING_LOOKED_FOR
    """What was told of the customer's products besides those that the order names."""

    def against(self, line: str) -> str:
        """What was found against a line, as one sentence."""
        return "; ".join(each.sentence for each in self.findings.values() if each.line == line)
