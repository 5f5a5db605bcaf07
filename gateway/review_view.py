"""What people see of an order in review, and of the tasks it gives them: plain values, ready for JSON.

The approver's view is the dry run of the order as it stands: the tree, the plan with its dates, the price, and what is
incompatible. Nothing in it is promised before the order is approved.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actors.captured import order_facts
from actors.enrichment import locations
from actors.group import OrderGroup
from actors.installed_product import Installed
from actors.people import WORDS, PersonTask
from actors.review_state import Review
from actors.waiting import waits_for
from catalog.model import Catalog
from catalog.policies.priority import band_of, tmf_priority
from gateway.draft_preview import dry_run
from gateway.tmf.parts import Instant
from gateway.tmf.product_order import instant_text

_INSTANTS: Final = ("since", "due", "claim_by", "claim_until")


class PersonTaskView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A task for people. ``state``: open, claimed, returned (to the requester), completed or withdrawn."""

    order: str
    key: str
    kind: str
    """``enrichment``, ``rework`` or ``approval``."""
    rule: str
    """The row of the catalog's policies that asked for it."""
    name: str
    state: str
    group: str
    lines: tuple[str, ...]
    fills: tuple[str, ...] = ()
    """What its lines must know before it is done."""
    claimed_by: str = ""
    completed_by: str = ""
    reason: str = ""
    note: str = ""
    escalations: int = 0
    since: Instant
    due: Instant | msgspec.UnsetType = msgspec.UNSET
    claim_by: Instant | msgspec.UnsetType = msgspec.UNSET
    """When it goes up to the next group unless somebody claims it."""
    claim_until: Instant | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    """That of its most urgent line, 0 to 100, where the catalog ranks orders."""


class ReviewView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order as its approvers see it. ``phase``: enrichment, approval, cleared or rejected."""

    id: str
    href: str
    state: str
    phase: str
    version: int
    since: Instant
    submitted_by: tuple[str, ...]
    waits_for: tuple[dict[str, Any], ...]
    tasks: tuple[PersonTaskView, ...]
    approvals_needed: tuple[dict[str, Any], ...]
    approvals: tuple[dict[str, Any], ...]
    compatibility: tuple[dict[str, Any], ...]
    locations: tuple[dict[str, Any], ...]
    """The lines of the order grouped by where they are."""
    dates: dict[str, Any]
    lines: tuple[dict[str, Any], ...]
    """What each line becomes: domain orders, tasks, and why."""
    product_order: dict[str, Any]
    """The order with its prices."""
    priority: dict[str, Any] = {}


def task_view(group: OrderGroup, task: PersonTask) -> dict[str, Any]:
    """One task for people."""
    claims = task.state.value == "inProgress"
    shown: dict[str, Any] = {
        "order": group.order.id,
        "key": task.key,
        "kind": task.kind,
        "rule": task.rule,
        "name": task.name,
        "state": WORDS[task.state],
        "group": task.group,
        "lines": task.lines,
        "fills": task.fills,
        "claimedBy": task.by if claims else "",
        "completedBy": "" if task.active else task.by,
        "reason": task.reason,
        "note": task.note,
        "escalations": task.level,
    }
    shown = {name: value for name, value in shown.items() if value or name in ("lines", "group")}
    for name in _INSTANTS:
        at = getattr(task, name)
        if at and (name == "since" or task.active):
            shown[_camel(name)] = instant_text(at)
    if group.urgency is not None:
        lines = [group.urgency.lines[line] for line in task.lines if line in group.urgency.lines]
        shown["priority"] = max(lines, default=group.urgency.priority)
    return shown


def review_view(
    group: OrderGroup,
    review: Review,
    product_order: dict[str, Any],
    catalog: Catalog,
    standing: Mapping[str, Installed],
    now: int,
) -> dict[str, Any]:
    """The approver's view of an order; ``product_order`` is the order with its prices.

    ``standing`` are the installed products that its lines name.
    """
    order = group.order
    start = max(now, order.requested_start)
    run = dry_run(order.document, catalog, standing, id_=order.id, at=order.order_date, start=start)
    shown = {
        "id": order.id,
        "href": product_order["href"],
        "state": order.state,
        "phase": review.phase,
        "version": order.version,
        "since": instant_text(review.since),
        "submittedBy": review.submitters,
        "waitsFor": [_reason(each) for each in waits_for(group, now).reasons],
        "tasks": [task_view(group, task) for task in review.tasks.values()],
        "approvalsNeeded": [_need(review, each) for each in review.needs],
        "approvals": [
            {
                "by": each.by,
                "at": instant_text(each.at),
                "version": each.version,
                "rules": each.rules,
                "note": each.note,
            }
            for each in review.approvals
        ],
        "compatibility": [
            {
                "id": each.id,
                "line": each.line,
                "sentence": each.sentence,
                "overriddenBecause": review.overrides.get(each.id),
            }
            for each in review.findings
        ],
        "locations": [
            {"place": place, "lines": keys}
            for place, keys in locations(order_facts(order.document, catalog)).items()
        ],
        "dates": _dates(product_order, start, run.end),
        "lines": run.lines,
        "productOrder": product_order,
    }
    if group.urgency is not None:
        shown["priority"] = priority_view(group)
    return shown


def priority_view(group: OrderGroup) -> dict[str, Any]:
    """How urgent the order and each of its lines is; empty where the catalog does not rank orders."""
    urgency = group.urgency
    if urgency is None:
        return {}
    return {
        "value": urgency.priority,
        "band": band_of(urgency.priority),
        "tmf": tmf_priority(urgency.priority),
        "lane": urgency.lane,
        "lines": urgency.lines,
    }


def _dates(product_order: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    """What was asked for, and what the plan needs when it is begun at ``start`` (ms since 1970 UTC)."""
    wished: dict[str, Any] = {
        name: product_order[name]
        for name in ("requestedStartDate", "requestedCompletionDate")
        if name in product_order
    }
    planned = {"plannedStartDate": instant_text(start), "plannedCompletionDate": instant_text(end)}
    return {**wished, **planned, "plannedDurationMs": end - start}


def _need(review: Review, need: Any) -> dict[str, Any]:
    return {
        "rule": need.rule,
        "name": need.name,
        "group": need.group,
        "approvers": need.approvers,
        "lines": need.lines,
        "reason": need.reason,
        "given": [each.by for each in review.approvals if need.rule in each.rules],
    }


def _reason(reason: Any) -> dict[str, Any]:
    shown = {"kind": reason.kind, "sentence": reason.sentence, "at": reason.at}
    if reason.since:
        shown["since"] = instant_text(reason.since)
    if reason.until:
        shown["until"] = instant_text(reason.until)
    return shown


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(each.title() for each in tail)
