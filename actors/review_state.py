"""What a review holds: its phase, the tasks it gave people, the approvals it needs and those it has."""

from typing import Any, Final

import msgspec

from actors.people import PersonTask
from actors.review_events import ApprovalNeed, Incompatibility
from catalog.commerce.charges import PriceOverride

ENRICHMENT: Final = "enrichment"
APPROVAL: Final = "approval"
CLEARED: Final = "cleared"
REJECTED: Final = "rejected"
PHASES: Final = (ENRICHMENT, APPROVAL)
"""The phases of a review that is not over."""


class Approval(msgspec.Struct, array_like=True, frozen=True):
    """One approver's yes, to the order as of ``version``; it counts for the needs of ``rules``."""

    by: str
    rules: tuple[str, ...]
    at: int
    version: int
    note: str


class Review(msgspec.Struct):
    """What the review actor holds. It stays with the order when it is over."""

    submitters: tuple[str, ...]
    """Who submitted the order or changed it after it was cleared: none of them approves it."""
    phase: str
    since: int
    tasks: dict[str, PersonTask] = {}
    needs: tuple[ApprovalNeed, ...] = ()
    price: dict[str, Any] = {}
    """What the order costs, as approvers see it."""
    findings: tuple[Incompatibility, ...] = ()
    approvals: tuple[Approval, ...] = ()
    overridden: tuple[PriceOverride, ...] = ()
    """What people decided about its price, each with who and why; what was computed stands beside it."""
    overrides: dict[str, str] = {}
    """Compatibility findings in spite of which it is approved, each with the reason."""
    by: str = ""
    """Who ended it."""
    reason: str = ""

    @property
    def active(self) -> list[PersonTask]:
        """The tasks that are still to be done."""
        return [task for task in self.tasks.values() if task.active]


class Urgency(msgspec.Struct, array_like=True):
    """How urgent an order is, 0 to 100, and each of its lines."""

    priority: int
    lines: dict[str, int]
    lane: str
