"""What people are asked before an order is fulfilled: whose a task is, and what it has to bring."""

from actors.messages import (
    AddDetails,
    ClaimWork,
    CompleteWork,
    ReturnWork,
)
from actors.review_events import WorkEscalated, WorkReleased
from actors.review_state import CLEARED
from actors.waiting import OPERATOR, REQUESTER, waits_for
from tests.actors.drawn import NOW, changed, item
from tests.actors.people_drawn import FILLED
from tests.actors.reviewing import (
    DAY,
    DESK,
    HOUR,
    SALES,
    S,
    done,
    events,
    group,
    refused,
    review,
    security,
    wake,
    watching,
    work,
)


def test_an_order_that_no_policy_concerns_goes_its_way() -> None:
    watched = watching(item("1"), item("2", "mobile-postpaid"))
    assert group(watched).review is None and group(watched).order.state is S.IN_PROGRESS


def test_an_order_that_lacks_nothing_and_needs_nobody_goes_its_way() -> None:
    watched = watching(security(users=3))
    assert group(watched).review is None and group(watched).order.state is S.IN_PROGRESS


def test_what_is_missing_is_asked_for_before_anything_begins() -> None:
    watched = watching(security(users=3, complete=False), item("2"))
    assert group(watched).order.state is S.ACKNOWLEDGED and not group(watched).order.decomposed
    assert [(task.name, task.lines) for task in review(watched).active] == [
        ("Delivery location", ("1",)),
        ("Technical contact", ("1",)),
    ]
    stated = waits_for(group(watched), NOW).stated
    assert stated is not None and (stated.kind, stated.at, stated.since) == (OPERATOR, "w1", NOW)
    assert stated.until == NOW + 2 * HOUR and "somebody of order-desk" in stated.sentence


def test_tasks_are_claimed_done_and_the_order_goes_on() -> None:
    watched = watching(security(users=3, complete=False))
    done(watched, ClaimWork("w1", "ann", DESK))
    assert (work(watched, "Delivery location").by, work(watched, "Delivery location").state) == (
        "ann",
        S.IN_PROGRESS,
    )
    site = {"1": {name: FILLED[name] for name in ("site", "place.installation")}}
    assert done(watched, CompleteWork("w1", "ann", DESK, site, "asked by phone")) is S.ACKNOWLEDGED
    contact = {"1": {"contact.technical": FILLED["contact.technical"]}}
    assert done(watched, CompleteWork("w2", "bob", ("order-desk-lead", *DESK), contact)) is S.IN_PROGRESS
    assert review(watched).phase == CLEARED
    (order, *_) = group(watched).decomposition.domain_orders.values()
    assert order.characteristics["site"] == "Harbour 4", "what was filled in is what is built"


def test_a_task_is_not_done_before_it_brings_what_it_asks_for() -> None:
    watched = watching(security(complete=False))
    assert refused(watched, CompleteWork("w1", "ann", DESK, {"1": {"site": "Harbour 4"}})) == "notFilledIn"
    assert refused(watched, CompleteWork("w1", "ann", DESK, {"9": FILLED})) == "unknownTarget"
    assert review(watched).tasks["w1"].state is S.ACKNOWLEDGED


def test_a_task_is_its_groups_and_then_its_claimants() -> None:
    watched = watching(security(complete=False))
    assert refused(watched, ClaimWork("w1", "ann", SALES)) == "notInGroup"
    assert refused(watched, ClaimWork("w9", "ann", DESK)) == "unknownTarget"
    done(watched, ClaimWork("w1", "ann", DESK))
    assert refused(watched, ClaimWork("w1", "bob", DESK)) == "workClaimed"
    assert refused(watched, CompleteWork("w1", "bob", DESK, {"1": FILLED})) == "notYours"
    assert refused(watched, ReturnWork("w1", "bob", "mine?", DESK)) == "notYours"
    done(watched, ReturnWork("w1", "ann", "not my region", DESK))
    assert done(watched, ClaimWork("w1", "bob", ("*",))) is S.ACKNOWLEDGED


def test_a_claim_lapses_and_unclaimed_work_goes_up() -> None:
    watched = watching(security(complete=False))
    done(watched, ClaimWork("w1", "ann", DESK))
    wake(watched)
    assert watched.now == NOW + 4 * HOUR and events(watched, WorkReleased)[0].code == "claimLapsed"
    assert work(watched, "Delivery location").state is S.ACKNOWLEDGED
    wake(watched)
    assert watched.now == NOW + 6 * HOUR and events(watched, WorkEscalated)[0].code == "unclaimed"
    assert work(watched, "Delivery location").group == "order-desk-lead"
    assert refused(watched, ClaimWork("w1", "ann", DESK)) == "notInGroup"


def test_a_deadline_asks_the_requester_whose_change_is_the_answer() -> None:
    watched = watching(security(users=3, complete=False))
    contact = {"1": {"contact.technical": FILLED["contact.technical"]}}
    done(watched, AddDetails(contact, "ann", "was in the mail"))
    assert [task.name for task in review(watched).active] == ["Delivery location"]
    while group(watched).order.state is not S.PENDING:
        wake(watched)
    assert watched.now == NOW + DAY and "people" not in watched.timers
    stated = waits_for(group(watched), watched.now).stated
    assert stated is not None and stated.kind == REQUESTER
    done(watched, changed(group(watched).order.version, [security(users=3)], by="sue"))
    assert review(watched).phase == CLEARED and group(watched).order.state is S.IN_PROGRESS


def test_a_person_hands_a_question_on_to_the_requester() -> None:
    watched = watching(security(users=3))
    assert group(watched).review is None
    watched = watching(security(users=3, complete=False))
    for task in ("w1", "w2"):
        done(watched, ClaimWork(task, "ann", DESK))
        done(watched, ReturnWork(task, "ann", "which building?", DESK, requester=True))
    assert group(watched).order.state is S.PENDING and group(watched).order.reason == "which building?"
    assert done(watched, AddDetails({"1": FILLED}, "ann")) is S.IN_PROGRESS
