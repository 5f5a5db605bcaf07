"""Who may approve an order, change, return or refuse it, and what follows from it."""

import pytest

from actors.messages import (
    AddDetails,
    ApproveOrder,
    CompleteWork,
    OrderEnded,
    RejectOrder,
    ReturnOrder,
)
from actors.review_events import OrderApproved
from actors.review_state import APPROVAL, CLEARED, ENRICHMENT, REJECTED
from actors.waiting import waits_for
from tests.actors.drawn import NOW, changed, item
from tests.actors.reviewing import (
    DAY,
    DESK,
    SALES,
    S,
    done,
    events,
    group,
    refused,
    review,
    security,
    watching,
)


def test_two_approvers_are_two_persons_and_not_the_submitter() -> None:
    watched = watching(security(users=800))
    assert review(watched).phase == APPROVAL
    assert refused(watched, ApproveOrder("ann", DESK)) == "notInGroup"
    assert refused(watched, ApproveOrder("sue", SALES)) == "ownOrder"
    assert done(watched, ApproveOrder("ann", SALES, note="fine")) is S.ACKNOWLEDGED
    assert refused(watched, ApproveOrder("ann", SALES)) == "alreadyApproved"
    stated = waits_for(group(watched), watched.now).stated
    assert stated is not None and "1 of 2 given" in stated.sentence
    assert done(watched, ApproveOrder("bob", SALES)) is S.IN_PROGRESS
    assert [(each.by, each.version, each.rules) for each in events(watched, OrderApproved)] == [
        ("ann", 1, ("large-site",)),
        ("bob", 1, ("large-site",)),
    ]
    assert review(watched).phase == CLEARED and review(watched).by == "bob"


def test_several_rules_ask_their_own_people() -> None:
    watched = watching(security(users=800, rules="open"))
    done(watched, ApproveOrder("ann", (*SALES, "security-desk")))
    assert refused(watched, ApproveOrder("cid", ("security-desk",))) == "notInGroup"
    assert done(watched, ApproveOrder("bob", SALES)) is S.IN_PROGRESS


def test_a_yes_is_to_one_version_and_a_change_takes_it_back() -> None:
    watched = watching(security(users=800))
    done(watched, ApproveOrder("ann", SALES, version=1))
    done(watched, AddDetails({"1": {"users": 900}}, "bob"))
    assert review(watched).phase == APPROVAL and not review(watched).approvals
    assert refused(watched, ApproveOrder("ann", SALES, version=1)) == "versionPassed"
    done(watched, ApproveOrder("ann", SALES, version=2))
    assert done(watched, ApproveOrder("bob", SALES, version=2)) is S.IN_PROGRESS


def test_an_approver_changes_lines_until_nobody_needs_to_be_asked() -> None:
    watched = watching(security(users=800), security(users=3, id_="2"))
    done(watched, changed(1, [security(users=3)], by="ann"))
    assert review(watched).phase == CLEARED and list(group(watched).lines) == ["1"]


def test_an_order_goes_back_for_rework_with_a_reason() -> None:
    watched = watching(security(users=800))
    done(watched, ApproveOrder("ann", SALES))
    done(watched, ReturnOrder("bob", "is it really 800?", SALES))
    assert review(watched).phase == ENRICHMENT and not review(watched).approvals
    (task,) = review(watched).active
    assert (task.kind, task.group, task.reason) == ("rework", "order-desk", "is it really 800?")
    assert refused(watched, ApproveOrder("ann", SALES)) == "notInApproval"
    done(watched, CompleteWork(task.key, "dan", DESK, {"1": {"users": 600}}, "600, in fact"))
    assert review(watched).phase == APPROVAL
    done(watched, ApproveOrder("ann", SALES))
    assert done(watched, ApproveOrder("bob", SALES)) is S.IN_PROGRESS


def test_an_order_goes_back_to_its_requester() -> None:
    watched = watching(security(users=800))
    assert done(watched, ReturnOrder("bob", "is it really 800?", SALES, requester=True)) is S.PENDING
    done(watched, changed(1, [security(users=600)], by="sue"))
    assert review(watched).phase == APPROVAL and group(watched).order.state is S.ACKNOWLEDGED


@pytest.mark.parametrize("asked", [True, False])
def test_a_refused_order_ends_rejected_with_its_lines(asked: bool) -> None:
    watched = watching(security(users=800), item("2", nested=[item("3")]))
    if asked:
        done(watched, ReturnOrder("bob", "why?", SALES, requester=True))
    groups = (*SALES, *DESK)
    assert refused(watched, RejectOrder("ann", "no", ("other-desk",))) == "notInGroup"
    assert done(watched, RejectOrder("ann", "too large for us", groups)) is S.REJECTED
    assert {line.state for line in group(watched).lines.values()} == {S.REJECTED}
    assert (group(watched).order.code, group(watched).order.reason) == ("rejected", "too large for us")
    assert review(watched).phase == REJECTED and not watched.timers


def test_other_orders_are_waited_for_after_approval_whatever_came_meanwhile() -> None:
    watched = watching(security(users=800), depends_on=("oA", "oB"))
    watched.tell(OrderEnded("oA", "failed"))
    assert group(watched).order.state is S.ACKNOWLEDGED
    done(watched, ApproveOrder("ann", SALES))
    assert done(watched, ApproveOrder("bob", SALES)) is S.HELD
    assert "oA" in group(watched).order.reason


def test_a_change_of_a_held_order_is_reviewed_and_it_stays_held() -> None:
    watched = watching(security(users=3), depends_on=("oA",))
    watched.tell(OrderEnded("oA", "failed"))
    assert group(watched).order.state is S.HELD
    assert done(watched, changed(1, [security(users=4)], depends_on=("oA",))) is S.HELD
    assert done(watched, changed(2, [security(users=4)])) is S.IN_PROGRESS


def test_a_date_is_waited_for_after_approval_and_a_change_is_approved_anew() -> None:
    watched = watching(security(users=800), requested_start=NOW + DAY)
    done(watched, ApproveOrder("ann", SALES))
    done(watched, ApproveOrder("bob", SALES))
    assert review(watched).phase == CLEARED and watched.timers["start"] == NOW + DAY
    done(watched, changed(1, [security(users=900)], requested_start=NOW + DAY, by="ann"))
    assert review(watched).phase == APPROVAL and "start" not in watched.timers
    assert refused(watched, ApproveOrder("ann", SALES)) == "ownOrder", "who changed it does not approve it"
    done(watched, ApproveOrder("bob", SALES))
    done(watched, ApproveOrder("cid", SALES))
    assert watched.timers["start"] == NOW + DAY
