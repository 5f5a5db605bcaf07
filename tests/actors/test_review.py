"""What people are asked before an order is fulfilled: who may say what, and what follows from it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.group import OrderGroupKind
from actors.message import Message
from actors.messages import (
    AddDetails,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    Done,
    OrderEnded,
    RefusedReply,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
    TimerFired,
)
from actors.people import PersonTask
from actors.review_events import ApprovalAsked, OrderApproved, WorkEscalated, WorkReleased
from actors.review_state import APPROVAL, CLEARED, ENRICHMENT, REJECTED, Review
from actors.states import FINAL, State
from actors.structure import OrderGroup
from actors.waiting import OPERATOR, REQUESTER, waits_for
from catalog.loader import load
from catalog.store import Catalogs
from tests.actors.drawn import NOW, SAMPLE, changed, item, submission
from tests.actors.judging import Watched, encode
from tests.actors.people_drawn import EVERYONE, FILLED, fill_in, said_by_people

SHOP = """\
catalog: {version: "1"}
offerings:
  office: {productSpecification: office, prices: [rent]}
  small-office: {productSpecification: office}
  phone: {productSpecification: phone}
  all-in: {bundledOfferings: {small-office: {}, phone: {}}}
prices:
  rent: {priceType: recurring, period: 1 month, price: 900.00 EUR}
productSpecifications:
  office: {relationships: [{type: Realized as, target: wire}]}
  phone:
    relationships: [{type: Realized as, target: wire}]
    compatibilities: [{id: needs-office, requires: office}]
serviceSpecifications:
  wire: {plans: {add: [{name: build, target: network}], delete: [{name: remove, target: network}]}}
policies:
  approval:
    dear: {when: order.price.recurring > 100.0, group: sales-desk}
  compatibility: {group: order-desk}
  priority:
    factors:
      specification: {weight: 50, rank: 20, rows: [{specification: [phone], rank: 90}]}
    lanes: {high: {bands: [Critical]}}
"""
S = State
HOUR = 3_600_000
DAY = 24 * HOUR
DESK = ("order-desk",)
SALES = ("sales-desk",)


def security(
    users: int = 800, *, complete: bool = True, id_: str = "1", rules: str = "office"
) -> dict[str, Any]:
    asked = item(id_, "managed-security", characteristics={"users": users, "ruleSet": rules})
    return fill_in(asked) if complete else asked


def watching(*items: dict[str, Any], catalogs: Catalogs = SAMPLE, **more: Any) -> Watched:
    watched = Watched(OrderGroupKind(catalogs), NOW)
    watched.tell(submission(list(items), catalogs, by="sue", **more))
    return watched


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Catalogs:
    """A catalog with prices, a compatibility and a priority policy."""
    file = tmp_path_factory.mktemp("catalog") / "shop.yaml"
    file.write_text(SHOP)
    return Catalogs(load(file))


def group(watched: Watched) -> OrderGroup:
    assert watched.state is not None
    return watched.state


def review(watched: Watched) -> Review:
    found = group(watched).review
    assert found is not None
    return found


def work(watched: Watched, name: str) -> PersonTask:
    (task,) = (each for each in review(watched).active if each.name == name)
    return task


def refused(watched: Watched, message: Message) -> str:
    reply = watched.tell(message).reply
    assert isinstance(reply, RefusedReply), reply
    return reply.code


def done(watched: Watched, message: Message) -> State:
    reply = watched.tell(message).reply
    assert isinstance(reply, Done), reply
    return State(reply.state)


def events(watched: Watched, kind: type[Any]) -> list[Any]:
    from tests.actors.judging import decode_events

    found = [event for _, record in watched.records for event in decode_events(record)]
    return [event for event in found if isinstance(event, kind)]


def wake(watched: Watched) -> None:
    """Let the clock reach the review's next instant."""
    watched.now = max(watched.now, watched.timers["people"])
    watched.tell(TimerFired("people"))


def test_a_price_is_computed_overridden_beside_it_and_part_of_the_yes(shop: Catalogs) -> None:
    watched = watching(item("1", "office", characteristics={}), catalogs=shop)
    (asked,) = events(watched, ApprovalAsked)
    assert asked.price["totals"][0]["charged"]["duty_free"] == "900.00"
    assert asked.needs[0].reason == "", "known, and above the bound"
    done(watched, AddDetails({"1": {"price": {"rent": "450.50"}}}, "bob", "a good customer"))
    (charge,) = events(watched, ApprovalAsked)[1].price["lines"][0]["charges"]
    assert charge["charged"]["duty_free"] == "450.50" and charge["computed"]["duty_free"] == "900.00"
    assert charge["override"][3:5] == ["bob", "a good customer"]
    assert done(watched, ApproveOrder("ann", SALES)) is S.IN_PROGRESS
    (yes,) = events(watched, OrderApproved)
    assert (yes.by, yes.price["totals"][0]["charged"]["duty_free"]) == ("ann", "450.50")


def test_an_override_can_make_an_approval_needless(shop: Catalogs) -> None:
    watched = watching(item("1", "office", characteristics={}), catalogs=shop)
    assert refused(watched, AddDetails({"1": {"price": {"rent": "cheap"}}}, "bob")) == "badValue"
    done(watched, AddDetails({"1": {"price": {"rent": "99.00"}}}, "bob", "trial"))
    assert group(watched).order.state is S.IN_PROGRESS


def test_incompatibility_blocks_approval_until_somebody_overrides_it(shop: Catalogs) -> None:
    watched = watching(item("1", "phone", characteristics={}), catalogs=shop)
    (finding,) = review(watched).findings
    assert (finding.id, finding.line) == ("1:phone:needs-office", "1")
    assert refused(watched, ApproveOrder("ann", DESK)) == "incompatible"
    assert refused(watched, ApproveOrder("ann", DESK, overrides={"2:x": "why"})) == "unknownFinding"
    overrides = {finding.id: "installed as product 4711"}
    assert done(watched, ApproveOrder("ann", DESK, overrides=overrides)) is S.IN_PROGRESS
    assert events(watched, OrderApproved)[0].overrides == overrides


def test_what_is_compatible_within_an_order_asks_nobody(shop: Catalogs) -> None:
    lines = [
        item(key, offering, characteristics={}) for key, offering in (("1", "phone"), ("2", "small-office"))
    ]
    assert group(watching(*lines, catalogs=shop)).order.state is S.IN_PROGRESS
    bundle = item("9", "all-in", characteristics={}, nested=lines)
    assert group(watching(bundle, catalogs=shop)).order.state is S.IN_PROGRESS
    lines = [item("1", "phone", characteristics={})]
    removed = [lines[0], item("2", "small-office", "delete", characteristics={})]
    (finding,) = review(watching(*removed, catalogs=shop)).findings
    assert "would become invalid" in finding.sentence


def test_priority_reaches_every_task(shop: Catalogs) -> None:
    watched = watching(
        item("1", "small-office", characteristics={}), item("2", "phone", characteristics={}), catalogs=shop
    )
    urgency = group(watched).urgency
    assert urgency is not None
    assert (urgency.priority, urgency.lines, urgency.lane) == (90, {"1": 20, "2": 90}, "high")
    (task,) = (key for key in group(watched).orchestration.tasks if key.startswith("2"))
    assert watched.kind.dispatch(group(watched), task).request["priority"] == 90
    assert watched.kind.dispatch(group(watched), task).request["lane"] == "high"


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


@given(
    st.lists(st.tuples(st.sampled_from([3, 50, 800]), st.booleans()), min_size=1, max_size=3),
    st.sampled_from([(), ("oA",)]),
    st.data(),
)
def test_whatever_people_say_the_promises_hold(
    asked: list[tuple[int, bool]], depends_on: tuple[str, ...], data: st.DataObject
) -> None:
    lines = [
        security(users, complete=complete, id_=str(number), rules="open" if users == 50 else "office")
        for number, (users, complete) in enumerate(asked, 1)
    ]
    watched = watching(*lines, depends_on=depends_on)
    for _ in range(data.draw(st.integers(0, 30), label="words")):
        order = group(watched).order
        if not order.in_review or order.state in FINAL:
            break
        if "people" in watched.timers and data.draw(st.integers(0, 4), label="patience") == 0:
            wake(watched)
        else:
            watched.now += data.draw(st.sampled_from([0, 1, HOUR, DAY]), label="time passes")
            if 0 < watched.timers.get("people", 0) <= watched.now:
                watched.tell(TimerFired("people"))
            else:
                watched.tell(data.draw(said_by_people(group(watched))))
    _bring_to_an_end(watched)
    assert encode(watched.replayed()) == encode(watched.state)


def _bring_to_an_end(watched: Watched) -> None:
    """Everybody does what is asked: no review is left without somebody who can take it on."""
    for turn in range(50):
        if not group(watched).order.in_review:
            return
        task = review(watched).active[0]
        if task.kind == APPROVAL:
            done(watched, ApproveOrder(f"approver-{turn}", EVERYONE))
        else:
            values = {line: FILLED for line in task.lines if line in group(watched).lines}
            done(watched, CompleteWork(task.key, task.by or "ann", EVERYONE, values))
    raise AssertionError("the review never ends")
