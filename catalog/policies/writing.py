"""Policies written back as the YAML they could have been read from: the opposite of `catalog.policies.parsing`."""

from typing import Any

from catalog.durations import duration_text
from catalog.policies.model import (
    CLAIM_LASTS_MS,
    ApprovalRule,
    Conditions,
    EnrichmentRule,
    Policies,
    PriorityPolicy,
    RankRow,
    WorkRule,
)

Form = dict[str, Any]


def policies_form(policies: Policies) -> Form:
    """The section `policies`; what equals its default is left out."""
    return _told(
        {
            "enrichment": {rule.id: _enrichment(rule) for rule in policies.enrichment},
            "approval": {rule.id: _approval(rule) for rule in policies.approval},
            "compatibility": _work(policies.compatibility) if policies.compatibility is not None else None,
            "priority": _priority(policies.priority) if policies.priority is not None else None,
        }
    )


def _enrichment(rule: EnrichmentRule) -> Form:
    return _told(
        {
            "name": rule.name if rule.name != rule.id else "",
            **_conditions(rule.conditions),
            "fills": list(rule.fills),
            "together": rule.together or None,
            **_work(rule.work),
            "description": rule.description,
        }
    )


def _approval(rule: ApprovalRule) -> Form:
    return _told(
        {
            "name": rule.name if rule.name != rule.id else "",
            **_conditions(rule.conditions),
            "approvers": rule.approvers if rule.approvers != "one" else "",
            **(_work(rule.work) if rule.work is not None else {}),
            "returnTo": rule.return_to,
            "description": rule.description,
        }
    )


def _conditions(conditions: Conditions) -> Form:
    return {
        "offering": list(conditions.offering),
        "specification": list(conditions.specification),
        "action": list(conditions.action),
        "place": list(conditions.place),
        "customer": list(conditions.customer),
        "category": list(conditions.category),
        "urgency": list(conditions.urgency),
        "when": conditions.when,
    }


def _work(work: WorkRule) -> Form:
    return _told(
        {
            "group": work.group,
            "deadline": _duration(work.deadline),
            "overdue": work.overdue if work.overdue != "escalate" else "",
            "escalateTo": list(work.escalate_to),
            "claimWithin": _duration(work.claim_within),
            "claimLasts": None if work.claim_lasts == CLAIM_LASTS_MS else duration_text(work.claim_lasts),
        }
    )


def _priority(policy: PriorityPolicy) -> Form:
    return _told(
        {
            "factors": {
                factor.name: {
                    "weight": factor.weight,
                    **_told({"rank": factor.rank or None, "rows": [_row(row) for row in factor.rows]}),
                }
                for factor in policy.factors
            },
            "lanes": {
                lane.name: _told(
                    {
                        "bands": list(lane.bands),
                        **_conditions(lane.conditions),
                        "capPerHour": lane.cap_per_hour or None,
                        "above": dict(lane.above),
                    }
                )
                for lane in policy.lanes
            },
        }
    )


def _row(row: RankRow) -> Form:
    weight = {} if row.weight is None else {"weight": row.weight}
    return {**_told(_conditions(row.conditions)), "rank": row.rank, **weight}


def _duration(duration_ms: int) -> str:
    return duration_text(duration_ms) if duration_ms else ""


def _told(form: Form) -> Form:
    """Without what says nothing."""
    return {name: value for name, value in form.items() if value not in (None, "", [], {})}
