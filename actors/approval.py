"""Approval: who must say yes before an order is fulfilled, and what they said.

The catalog's table says how many people of which group (``catalog/policies/approval.py``). Two approvers are two
persons, and nobody approves what he submitted. A yes is to one version of the order at one price: any change to the
order takes it back. A compatibility failure blocks, unless an approver overrides it with a reason.
"""

from collections.abc import Iterable

import msgspec

from actors import people
from actors.appraisal import facts_of, priced
from actors.behaviour import Decision, refused
from actors.compatibility import found_beside
from actors.fact import Event
from actors.messages import ApproveOrder, ReturnOrder
from actors.review_events import (
    ApprovalAsked,
    ApprovalNeed,
    Incompatibility,
    OrderApproved,
    OrderReturned,
    RequesterAsked,
    ReviewClosed,
    WorkCompleted,
    WorkOpened,
    WorkReleased,
    WorkWithdrawn,
)
from actors.review_state import APPROVAL, CLEARED, Review
from actors.states import S
from actors.structure import OrderGroup
from catalog.model import Catalog
from catalog.policies.approval import NeededApproval, needed_approvals
from catalog.policies.model import ApprovalRule, Conditions, WorkRule

COMPATIBILITY = "compatibility"
"""The rule of the approval that a compatibility failure asks for where no row does."""
VERSION_PASSED = "versionPassed"
"""The refusal of what rests on another version of the order (HTTP 412)."""


def asked_for(group: OrderGroup, catalog: Catalog, now: int) -> bool:
    """Whether anybody must approve the order as it stands."""
    facts = facts_of(group, catalog, now)
    return bool(needed_approvals(catalog, facts) or found_beside(group, catalog, facts))


def ask(group: OrderGroup, catalog: Catalog, now: int) -> list[Event]:
    """The order is complete: ask for the approvals it needs, or let it go where it needs none."""
    review = group.review
    assert review is not None
    if group.compatibility is not None and group.compatibility.looked_for:
        return []
    facts = facts_of(group, catalog, now)
    findings = tuple(
        Incompatibility(each.id, each.line, each.sentence) for each in found_beside(group, catalog, facts)
    )
    needed = needed_approvals(catalog, facts)
    if findings and not needed:
        needed = (_for_compatibility(catalog, findings),)
    if not needed:
        return [ReviewClosed(CLEARED, "", "")]
    needs = tuple(
        ApprovalNeed(
            each.rule.id,
            each.rule.name,
            _work(each).group,
            each.approvers,
            each.lines,
            each.reason,
            each.rule.return_to,
        )
        for each in needed
    )
    first = len(review.tasks) + 1
    tasks = tuple(
        people.opened(
            f"w{number}",
            people.APPROVAL,
            each.rule.id,
            each.rule.name,
            _work(each),
            now,
            lines=each.lines,
            reason=each.reason,
        )
        for number, each in enumerate(needed, first)
    )
    price = msgspec.to_builtins(priced(group, catalog, now))
    return [ApprovalAsked(needs, price, findings), WorkOpened(tasks)]


def step(group: OrderGroup, catalog: Catalog, now: int) -> list[Event]:
    """What follows from the approvals given: tasks that are done, and the end of the review."""
    review = group.review
    assert review is not None
    events: list[Event] = []
    for task in review.active:
        need = _need_of(review, task.rule)
        last = review.approvals[-1] if review.approvals else None
        if need is not None and last is not None and _satisfied(review, need):
            events.append(WorkCompleted(task.key, last.by, last.note))
        elif task.state is S.IN_PROGRESS and any(each.by == task.by for each in review.approvals):
            # The second yes must be another person's: the first approver's claim is in the way.
            events.append(WorkReleased(task.key, "approvedOnce", task.by, "", task.claim_by))
    if not events and all(_satisfied(review, need) for need in review.needs):
        events.append(ReviewClosed(CLEARED, review.approvals[-1].by, ""))
    return events


def approve(group: OrderGroup, catalog: Catalog, message: ApproveOrder, now: int) -> Decision:
    """One person's yes."""
    order, review = group.order, group.review
    assert review is not None
    if review.phase != APPROVAL:
        return _not_in_approval(group, "approved")
    if message.by in review.submitters:
        return refused(
            "ownOrder", f"order {order.id} was submitted by {message.by}: somebody else must approve it"
        )
    if any(each.by == message.by for each in review.approvals):
        return refused(
            "alreadyApproved", f"{message.by} has approved order {order.id}: another person must, too"
        )
    rules = tuple(
        need.rule
        for need in review.needs
        if not _satisfied(review, need) and may(review, need, message.groups)
    )
    if not rules:
        return not_an_approver(group, message.by)
    if message.version and message.version != order.version:
        return refused(
            VERSION_PASSED,
            f"order {order.id} is at version {order.version}, not {message.version}: look at it again",
        )
    known = {each.id for each in review.findings}
    if unknown := [each for each in message.overrides if each not in known]:
        return refused(
            "unknownFinding", f"order {order.id} has no compatibility finding {', '.join(unknown)}"
        )
    if standing := [each for each in known if each not in {**review.overrides, **message.overrides}]:
        return refused(
            "incompatible",
            f"order {order.id} has compatibility findings {', '.join(sorted(standing))}: change its lines, or "
            "override each with a reason",
        )
    # Nothing below may refuse: it is this person's yes.
    price = {name: value for name, value in review.price.items() if name != "lines"}
    return Decision([OrderApproved(message.by, rules, order.version, price, message.overrides, message.note)])


def send_back(group: OrderGroup, catalog: Catalog, message: ReturnOrder, now: int) -> Decision:
    """Back for rework: a task for people, or a question to the requester."""
    review = group.review
    assert review is not None
    if review.phase != APPROVAL:
        return _not_in_approval(group, "returned")
    deciding = [need for need in review.needs if may(review, need, message.groups)]
    if not deciding:
        return not_an_approver(group, message.by)
    need = deciding[0]
    key = f"w{len(review.tasks) + 1}"
    task = people.opened(
        key,
        people.REWORK,
        need.rule,
        f"Rework for {need.name}",
        WorkRule(need.return_to or need.group),
        now,
        lines=need.lines,
        reason=message.reason,
    )
    events: list[Event] = [
        OrderReturned(message.by, message.reason),
        WorkWithdrawn(tuple(each.key for each in review.active), "returned for rework"),
        WorkOpened((task,)),
    ]
    if message.requester:
        events.append(RequesterAsked(key, message.by, message.reason, need.lines))
    return Decision(events)


def may(review: Review, need: ApprovalNeed, groups: Iterable[str]) -> bool:
    """Whether a person with these groups may give an approval: the rule's group, or where it went up to."""
    return people.works_for(groups, need.group) or any(
        task.rule == need.rule and people.works_for(groups, task.group) for task in review.active
    )


def may_decide(review: Review, groups: Iterable[str]) -> bool:
    """Whether a person with these groups has a say in the review at all."""
    return any(may(review, need, groups) for need in review.needs) or any(
        people.works_for(groups, task.group) for task in review.active
    )


def not_an_approver(group: OrderGroup, by: str) -> Decision:
    """The refusal of somebody who has no say."""
    review = group.review
    assert review is not None
    groups = dict.fromkeys([need.group for need in review.needs] + [task.group for task in review.active])
    return refused(
        "notInGroup", f"order {group.order.id} waits for {', '.join(groups)}: {by} works for none of them"
    )


def _for_compatibility(catalog: Catalog, findings: tuple[Incompatibility, ...]) -> NeededApproval:
    """The approval that incompatibility alone asks for."""
    work = catalog.policies.compatibility if catalog.policies is not None else None
    rule = ApprovalRule(COMPATIBILITY, "Compatibility", Conditions(), "one", work or WorkRule(""))
    return NeededApproval(rule, tuple(dict.fromkeys(each.line for each in findings)))


def _work(needed: NeededApproval) -> WorkRule:
    assert needed.rule.work is not None, "only rows that ask for somebody are needed"
    return needed.rule.work


def _need_of(review: Review, rule: str) -> ApprovalNeed | None:
    return next((need for need in review.needs if need.rule == rule), None)


def _satisfied(review: Review, need: ApprovalNeed) -> bool:
    return sum(need.rule in each.rules for each in review.approvals) >= need.approvers


def _not_in_approval(group: OrderGroup, what: str) -> Decision:
    review = group.review
    assert review is not None
    keys = ", ".join(task.key for task in review.active)
    return refused(
        "notInApproval",
        f"order {group.order.id} is in {review.phase} and cannot be {what} yet: first {keys} must be done",
    )
