"""Which approvals an order needs: the approval table, evaluated on an order's lines.

Rows are asked in their order for each line; an `auto` row that holds ends it for the line. A row that is undetermined,
or cannot be evaluated, holds, with the reason: in doubt a person decides.
"""

import msgspec

from catalog.model import Catalog
from catalog.policies.conditions import verdict
from catalog.policies.facts import OrderFacts
from catalog.policies.model import ApprovalRule
from catalog.rules.outcome import Error, Undetermined


class NeededApproval(msgspec.Struct, frozen=True):
    """An approval that a row asks for, the lines it holds for, and why it holds where that is not plain."""

    rule: ApprovalRule
    lines: tuple[str, ...]
    reason: str = ""

    @property
    def approvers(self) -> int:
        """How many different people must say yes."""
        return 2 if self.rule.approvers == "two" else 1


def needed_approvals(catalog: Catalog, order: OrderFacts) -> tuple[NeededApproval, ...]:
    """The approvals an order needs as it stands, in the table's order; ``auto`` rows are not among them."""
    policies = catalog.policies
    if policies is None:
        return ()
    lines: dict[str, list[str]] = {}
    reasons: dict[str, str] = {}
    for line in order.lines:
        for rule in policies.approval:
            outcome = verdict(rule.conditions, line, order)
            if outcome is False:
                continue
            if rule.approvers == "auto":
                if outcome is True:
                    break
                continue
            lines.setdefault(rule.id, []).append(line.line)
            if isinstance(outcome, Undetermined):
                reasons.setdefault(rule.id, f"not known yet: {', '.join(outcome.missing)}")
            elif isinstance(outcome, Error):
                reasons.setdefault(rule.id, outcome.sentence)
    return tuple(
        NeededApproval(rule, tuple(lines[rule.id]), reasons.get(rule.id, ""))
        for rule in policies.approval
        if rule.id in lines
    )
