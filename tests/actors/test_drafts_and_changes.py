"""Orders that are still being written, and orders whose document changes before any work rests on it."""

from typing import Any

import msgspec
import pytest

from actors.events import DraftSubmitted, OrderAnnotated, OrderChanged
from actors.group import OrderGroupKind
from actors.messages import (
    Accepted,
    AnnotateOrder,
    AwaitOrder,
    ChangeOrder,
    ChangeValues,
    Done,
    Heading,
    KeyConflict,
    OrderEnded,
    RefusedReply,
    SaveDraft,
    StartDraft,
    SubmitDraft,
    SubmitOrder,
    TimerFired,
    WithdrawDraft,
)
from actors.order_id import tenant_tag_of
from actors.states import State
from actors.structure import OrderGroup
from actors.waiting import REQUESTER, waits_for
from tests.actors.drawn import NOW, SAMPLE, changed, drafted, item, submission
from tests.actors.judging import Watched
from tests.actors.ruled import SITES

S = State
CATALOG = SAMPLE.current.version


def watched(first: SubmitOrder | StartDraft) -> Watched:
    made = Watched(OrderGroupKind(SAMPLE), NOW)
    assert isinstance(made.tell(first).reply, Accepted)
    return made


def group(order: Watched) -> OrderGroup:
    assert order.state is not None
    return order.state


def code(reply: Any) -> str:
    assert isinstance(reply, RefusedReply)
    return reply.code


def saved(base: int, document: Any, digest: bytes = b"saved", **heading: Any) -> SaveDraft:
    return SaveDraft(base, msgspec.json.encode(document), digest, CATALOG, Heading(**heading))


def test_a_draft_waits_for_its_requester_and_is_submitted_or_withdrawn() -> None:
    order = watched(drafted(submission([item("1")])))
    stated = waits_for(group(order), NOW).stated
    assert stated is not None and stated.kind == REQUESTER
    assert order.tell(SubmitDraft()).reply == Done(S.IN_PROGRESS)
    assert order.tell(SubmitDraft()).reply == Done(S.IN_PROGRESS), "asked twice is asked once"
    assert code(order.tell(WithdrawDraft()).reply) == "orderNotDraft"
    withdrawn = watched(drafted(submission([item("1")])))
    withdrawn.tell(AwaitOrder("oW"))
    decision = withdrawn.tell(WithdrawDraft())
    assert decision.reply == Done(S.CANCELLED)
    assert decision.sends == [("oW", OrderEnded("o1", S.CANCELLED))], "who waits for it is told"
    assert code(withdrawn.tell(SubmitDraft()).reply) == "orderEnded"


def test_a_draft_is_saved_whatever_is_wrong_with_it() -> None:
    order = watched(StartDraft(b'{"productOrderItem":7}', b"d", CATALOG))
    assert order.tell(saved(1, ["no order at all"])).reply == Done(S.DRAFT)
    good = {"productOrderItem": [item("1"), item("2")]}
    assert order.tell(saved(2, good, requested_start=NOW + 5, category="B2B")).reply == Done(S.DRAFT)
    order.now += 2
    (event,) = order.tell(SubmitDraft(base=3, catalog=CATALOG)).events
    assert isinstance(event, DraftSubmitted) and msgspec.json.decode(event.document) == good
    found = group(order).order
    assert (found.order_date, found.category, found.version, found.size) == (NOW + 2, "B2B", 3, 2)
    assert order.timers["start"] == NOW + 5


def test_a_draft_is_saved_on_the_version_its_author_saw() -> None:
    order = watched(drafted(submission([item("1")])))
    assert order.tell(saved(1, {"description": "a"}, b"a")).reply == Done(S.DRAFT)
    assert order.tell(saved(1, {"description": "a"}, b"a")).reply == Done(S.DRAFT), "its answer was lost"
    assert group(order).order.version == 2
    assert code(order.tell(saved(1, {"description": "b"}, b"b")).reply) == "versionPassed"
    assert code(order.tell(saved(7, {"description": "b"}, b"b")).reply) == "versionPassed"
    assert code(order.tell(SubmitDraft(base=1)).reply) == "versionPassed"


def test_the_first_save_again_finds_the_draft_whatever_became_of_it() -> None:
    first = drafted(submission([item("1")]))
    order = watched(first)
    order.tell(saved(1, {"productOrderItem": [item("1"), item("2")]}))
    order.tell(SubmitDraft())
    assert order.tell(first).reply == Accepted("o1", S.IN_PROGRESS, NOW, duplicate=True)
    other = StartDraft(first.document, b"other", CATALOG)
    assert order.tell(other).reply == KeyConflict("o1")


def test_lists_keep_drafts_and_orders_apart() -> None:
    kind = OrderGroupKind(SAMPLE)
    order = watched(drafted(submission([item("1")])))
    assert kind.index(group(order)) == (NOW, (("drafts", ""),))
    order.tell(SubmitDraft())
    assert ("every", "") in kind.index(group(order))[1]
    withdrawn = watched(drafted(submission([item("1")])))
    withdrawn.tell(WithdrawDraft())
    assert kind.index(group(withdrawn))[1] == ()


def test_lists_keep_tenants_apart() -> None:
    id_ = "o" + "0" * 24 + "tenant01"
    state, _ = OrderGroupKind(SAMPLE).handle(id_, None, submission([item("1")], category="B2B"), NOW)
    assert state is not None and tenant_tag_of(id_) == "tenant01"
    _, entries = OrderGroupKind.index(state)
    assert entries == (
        ("tenant01.every", ""),
        ("tenant01.state", "inProgress"),
        ("tenant01.category", "B2B"),
    )


def test_an_order_that_waits_takes_another_document() -> None:
    first = submission([item("1")], requested_start=NOW + 9_000, depends_on=("oA", "oB"))
    order = watched(first)
    change = changed(1, [item("1"), item("2")], requested_start=NOW + 5_000, depends_on=("oB", "oC"))
    decision = order.tell(change)
    assert decision.reply == Done(S.ACKNOWLEDGED)
    assert decision.sends == [("oC", AwaitOrder("o1"))], "oB is asked already"
    (event,) = decision.events
    assert isinstance(event, OrderChanged) and event.changed == ("/productOrderItem/0",)
    assert list(group(order).lines) == ["1", "2"]
    assert order.tell(change).reply == Done(S.ACKNOWLEDGED), "its answer was lost"
    assert order.tell(first).reply == Accepted("o1", S.ACKNOWLEDGED, NOW, duplicate=True)
    assert code(order.tell(OrderEnded("oA", "completed")).reply) == "notAwaited"
    order.tell(OrderEnded("oB", "completed"))
    order.tell(OrderEnded("oC", "completed"))
    assert order.timers["start"] == NOW + 5_000
    order.now = NOW + 5_000
    order.tell(TimerFired("start"))
    assert {line.state for line in group(order).lines.values()} == {S.IN_PROGRESS}


@pytest.mark.parametrize("start", [NOW + 9_000, 0])
def test_an_order_that_need_not_wait_any_more_begins(start: int) -> None:
    order = watched(submission([item("1")], requested_start=start, depends_on=() if start else ("oA",)))
    assert order.tell(changed(1, [item("1")])).reply == Done(S.IN_PROGRESS)
    assert not order.timers.get("start")


def test_an_order_is_freed_of_one_that_ended_badly() -> None:
    order = watched(submission([item("1")], depends_on=("oA",)))
    order.tell(OrderEnded("oA", "failed"))
    assert group(order).order.state is S.HELD
    assert order.tell(changed(1, [item("1")], depends_on=("oA",))).reply == Done(S.HELD)
    assert order.tell(changed(2, [item("1")])).reply == Done(S.IN_PROGRESS)


def test_running_work_does_not_change_but_a_note_does() -> None:
    order = watched(submission([item("1")]))
    assert code(order.tell(changed(1, [item("1"), item("2")])).reply) == "orderBegun"
    noted = {"productOrderItem": [item("1")], "note": [{"text": "ring twice"}]}
    note = AnnotateOrder(1, msgspec.json.encode(noted), b"note", ("/note",))
    decision = order.tell(note)
    assert decision.reply == Done(S.IN_PROGRESS) and isinstance(decision.events[0], OrderAnnotated)
    assert msgspec.json.decode(group(order).order.document) == noted
    stale = AnnotateOrder(1, note.document, b"other", ("/note",))
    assert code(order.tell(stale).reply) == "versionPassed"


def net(*values: dict[str, Any]) -> list[dict[str, Any]]:
    return [item(str(n), "pnet", characteristics=value) for n, value in enumerate(values, 1)]


def given(base: int, items: list[dict[str, Any]], digest: bytes = b"v", **values: Any) -> ChangeValues:
    document = msgspec.json.encode({"productOrderItem": items, "description": "x"})
    by_line = {line.removeprefix("line"): value for line, value in values.items()}
    return ChangeValues(base, document, digest, ("/productOrderItem/0",), by_line, "ann")


def test_values_reach_running_lines_with_the_document_that_has_them() -> None:
    order = Watched(OrderGroupKind(SITES), NOW)
    order.tell(submission(net({"colour": "blue"}, {"sites": 1}), SITES))
    assert group(order).order.state is S.IN_PROGRESS
    change = given(1, net({"colour": "blue", "sites": 2}, {"sites": 1}), line1={"sites": 2})
    decision = order.tell(change)
    assert decision.reply == Done(S.IN_PROGRESS)
    assert [event.__struct_config__.tag for event in decision.events][:2] == ["annotated", "told"]
    graph = group(order).decomposition.graph
    assert graph is not None
    assert {"pnet.ssite[1]", "pnet.ssite[2]"} <= {each.path for each in graph.grown.values()}
    assert group(order).order.document == change.document
    assert order.tell(change).reply == Done(S.IN_PROGRESS), "its answer was lost"
    assert group(order).order.version == 2
    assert code(order.tell(given(1, net({}, {}), b"other", line1={"sites": 3})).reply) == "versionPassed"


def test_values_change_for_all_lines_or_for_none() -> None:
    order = Watched(OrderGroupKind(SITES), NOW)
    order.tell(submission(net({}, {}), SITES))
    refused = order.tell(given(1, net({"sites": 1}, {}), line1={"sites": 1}, line9={"sites": 1}))
    assert code(refused.reply) == "unknownTarget" and not refused.events
    assert group(order).order.version == 1
    plain = watched(submission([item("1")]))
    assert code(plain.tell(given(1, [item("1")], line1={"speed": 50})).reply) == "noRules"


def test_a_change_of_what_does_not_exist() -> None:
    alone = Watched(OrderGroupKind(SAMPLE), NOW)
    assert code(alone.tell(changed(1, [item("1")])).reply) == "unknownOrder"
    assert isinstance(changed(1, []), ChangeOrder)


def test_people_find_their_work_whatever_kind_of_order_it_is() -> None:
    values = [{"name": "users", "value": 800}]
    line = {**item("1", "managed-security"), "product": {"productCharacteristic": values}}
    for id_, own, tag in (
        ("os-" + "0" * 24, "service.every", ""),
        ("os-" + "0" * 24 + "tenant01", "tenant01.service.every", "tenant01."),
    ):
        state, _ = OrderGroupKind(SAMPLE).handle("o1", None, submission([line]), NOW)
        assert state is not None and state.review is not None
        state.order.id = id_
        names = [name for name, _ in OrderGroupKind.index(state)[1]]
        assert own in names and f"{tag}work" in names, names
