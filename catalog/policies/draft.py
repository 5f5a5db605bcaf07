"""Policies while catalog files are being read: the rows so far, and where each stands."""

from catalog.located import Located
from catalog.policies.model import (
    ApprovalRule,
    Conditions,
    EnrichmentRule,
    LaneRule,
    Policies,
    PriorityFactor,
    PriorityPolicy,
    WorkRule,
)


class PolicyDraft:
    """What was read of all files together, with the place of each row."""

    def __init__(self) -> None:
        self.enrichment: dict[str, EnrichmentRule] = {}
        self.approval: dict[str, ApprovalRule] = {}
        self.compatibility: WorkRule | None = None
        self.factors: dict[str, PriorityFactor] = {}
        self.lanes: dict[str, LaneRule] = {}
        self.priority: Located | None = None
        self.conditions: list[tuple[Located, str, Conditions]] = []
        """Every row's conditions with their place and the row's name, for the checks that need the whole catalog."""
        self.places: dict[tuple[str, str], Located] = {}

    def policies(self) -> Policies | None:
        """The policies as one value; None where no file states any."""
        if not (self.enrichment or self.approval or self.priority or self.compatibility):
            return None
        priority = None
        if self.priority is not None:
            priority = PriorityPolicy(tuple(self.factors.values()), tuple(self.lanes.values()))
        return Policies(
            tuple(self.enrichment.values()), tuple(self.approval.values()), priority, self.compatibility
        )
