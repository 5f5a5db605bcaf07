"""Every message in every state of order, line and task is decided, harmless, or refused with code and sentence."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import msgspec
import pytest

from actors.acceptance import (
    ACCEPTANCES,
    INSTALLED_ACCEPTS,
    LINE_ACCEPTS,
    ORDER_ACCEPTS,
    TASK_ACCEPTS,
    WORK_ACCEPTS,
)
from actors.behaviour import Decision
from actors.claims import Claim, Reservations
from actors.compatibility_state import Compatibility
from actors.group import OrderGroupKind, reply_of
from actors.installed_group import InstalledProductKind
from actors.installed_product import Reservation
from actors.message import Message
from actors.messages import (
    AcknowledgeAlerts,
    AddDetails,
    AnnotateOrder,
    AnyMessage,
    ApproveOrder,
    AwaitOrder,
    ChangeOrder,
    ChangeValues,
    ClaimWork,
    CompleteWork,
    GiveUp,
    GiveValues,
    OrderEnded,
    RefusedReply,
    RejectOrder,
    Retry,
    ReturnOrder,
    ReturnWork,
    SaveDraft,
    StartDraft,
    SubmitDraft,
    SubmitOrder,
    TaskResult,
    TaskResults,
    TimerFired,
    Undeliverable,
    WithdrawDraft,
)
from actors.messages_of_products import (
    FoldShared,
    LookAtProduct,
    PressShared,
    ProductBusy,
    ProductRefused,
    ProductReserved,
    ProductShown,
    ProductTold,
    ReleaseProduct,
    ReserveProduct,
    ReserveShared,
    SharedBusy,
    SharedPressed,
    SharedReserved,
    TellProduct,
)
from actors.states import State
from actors.structure import OrderGroup
from catalog.installed import InstalledNode, InstalledProduct
from tests.actors.drawn import NOW, SAMPLE, changed, drafted, item, submission
from tests.actors.people_drawn import FILLED, fill_in

S = State
KIND = OrderGroupKind(SAMPLE)
SUBMISSION = submission([item("1"), item("2", needs=["1"])])
PICTURE = InstalledProduct("p9.1", (InstalledNode("p9.1", "broadband", "product"),), 1)
ORDER_MESSAGES: dict[type[Message], Message] = {
    SubmitOrder: SUBMISSION,
    StartDraft: drafted(SUBMISSION),
    SaveDraft: SaveDraft(1, SUBMISSION.document, b"saved", SUBMISSION.catalog),
    ChangeOrder: changed(1, [item("1")]),
    ChangeValues: ChangeValues(1, SUBMISSION.document, b"values", (), {}),
    AnnotateOrder: AnnotateOrder(1, SUBMISSION.document, b"note", ("/note",)),
    SubmitDraft: SubmitDraft(),
    WithdrawDraft: WithdrawDraft(),
    Retry: Retry(""),
    GiveUp: GiveUp(""),
    OrderEnded: OrderEnded("oA", "completed"),
    AwaitOrder: AwaitOrder("oW"),
    TimerFired: TimerFired("start"),
    TellProduct: TellProduct("p1.1"),
    ProductReserved: ProductReserved("1", "p9.1", PICTURE, "broadband-basic"),
    ProductBusy: ProductBusy("1", "p9.1", "o9", "1"),
    ProductShown: ProductShown("p9.1", S.ACTIVE, PICTURE),
    ProductRefused: ProductRefused("1", "p9.1", "terminated", "product p9.1 was terminated by order o9"),
    AddDetails: AddDetails({"1": {"users": 700}}, "ann"),
    ApproveOrder: ApproveOrder("ann", ("sales-desk",)),
    RejectOrder: RejectOrder("ann", "too large", ("sales-desk",)),
    ReturnOrder: ReturnOrder("ann", "how many users?", ("sales-desk",)),
}
IN_REVIEW = (AddDetails, ApproveOrder, RejectOrder, ReturnOrder)
WORK_MESSAGES: dict[type[Message], Message] = {
    ClaimWork: ClaimWork("w1", "ann", ("order-desk",)),
    CompleteWork: CompleteWork("w1", "ann", ("order-desk",), {"1": FILLED}),
    ReturnWork: ReturnWork("w1", "ann", "not mine", ("order-desk",)),
}
TASK = "1.2.1"
TASK_MESSAGES: dict[type[Message], Message] = {
    TaskResult: TaskResult(TASK, 1, "completed"),
    Retry: Retry(TASK),
    GiveUp: GiveUp(TASK),
}
LINE_MESSAGES: dict[type[Message], Message] = {
    Retry: Retry("2"),
    GiveUp: GiveUp("2"),
    GiveValues: GiveValues("2", {"speed": 50}),
    AcknowledgeAlerts: AcknowledgeAlerts("2", "ann"),
}


def pairs(*axes: Iterable[Any]) -> list[tuple[Any, ...]]:
    return list(product(*axes))


def group(*, begun: bool = True) -> OrderGroup:
    waiting = submission([item("1"), item("2", needs=["1"])], requested_start=NOW + 9_000)
    state, _ = KIND.handle("o1", None, SUBMISSION if begun else waiting, NOW)
    assert state is not None
    return state


def reviewed(*, complete: bool = True) -> OrderGroup:
    """An order that waits for approval, or for enrichment."""
    asked = item("1", "managed-security", characteristics={"users": 800})
    state, _ = KIND.handle("o1", None, submission([fill_in(asked) if complete else asked]), NOW)
    assert state is not None
    return state


def told(state: OrderGroup, message: Message) -> Decision:
    before = msgspec.msgpack.encode(state)
    after, decision = KIND.handle("o1", state, message, NOW)
    if isinstance(decision.reply, RefusedReply):
        assert decision.reply.code and len(decision.reply.message.split()) > 3, "a code and a sentence"
        assert not decision.events and msgspec.msgpack.encode(after) == before
    assert reply_of(decision) is not None
    return decision


def test_every_message_that_may_come_has_its_row() -> None:
    decided = {kind for acceptance in ACCEPTANCES for kind in acceptance.rules}
    wrapped: dict[Any, type[Message]] = {TaskResults: TaskResult, Undeliverable: OrderEnded}
    # A shared service and an order deal with each other as an installed product and a line do.
    wrapped |= {ReserveShared: ReserveProduct, FoldShared: ReleaseProduct}
    wrapped |= {SharedReserved: ProductReserved, SharedBusy: ProductBusy}
    wrapped |= {PressShared: ReserveProduct, SharedPressed: ProductBusy}
    assert decided | wrapped.keys() == set(AnyMessage.__args__)


@pytest.mark.parametrize(
    ("state", "kind"),
    pairs(ORDER_ACCEPTS.machine.states, ORDER_ACCEPTS.rules),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_an_order_decides_every_message_in_every_state(state: State, kind: type[Message]) -> None:
    found = reviewed() if kind in IN_REVIEW else group(begun=kind is not ChangeOrder)
    found.order.state = state
    found.order.depends_on = {"oA": "failed" if kind in (Retry, GiveUp) else ""}
    if kind in (ProductReserved, ProductBusy, ProductRefused):
        found.lines["1"].decomposed = False
        claim = Claim("1", "modify", ("p9.1",), "p9.1", NOW, asked=True)
        found.reservations, found.order.asking = Reservations({"1": claim}), 1
    if kind is ProductShown:
        found.compatibility = Compatibility(looked_for={"p9.1": NOW})
    decision = told(found, ORDER_MESSAGES[kind])
    why = ORDER_ACCEPTS.refusal(kind, state, "o1")
    assert isinstance(decision.reply, RefusedReply) == (why is not None)
    if why is not None:
        assert decision.reply == RefusedReply(*why)
    elif state not in ORDER_ACCEPTS.rules[kind].harmless and kind is not TimerFired:
        assert decision.events or decision.sends
    else:
        assert not decision.events


@pytest.mark.parametrize(
    ("state", "kind", "blocked"),
    pairs(LINE_ACCEPTS.machine.states, LINE_ACCEPTS.rules, (True, False)),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_line_decides_every_message_in_every_state(
    state: State, kind: type[Message], blocked: bool
) -> None:
    found = group()
    line = found.lines["2"]
    line.state = state
    if blocked:
        line.gate, line.code, line.reason = S.HELD, "neededLineEnded", "line 1 failed"
        found.orchestration.blocked["2"], found.orchestration.waiting["2"] = ("1",), ()
    decision = told(found, LINE_MESSAGES[kind])
    why = LINE_ACCEPTS.refusal(kind, state, "2")
    if why is not None:
        assert decision.reply == RefusedReply(*why)
    elif kind in (GiveValues, AcknowledgeAlerts):
        assert isinstance(decision.reply, RefusedReply)
        assert decision.reply.code == ("noRules" if kind is GiveValues else "noAlert")
    elif not blocked:
        assert isinstance(decision.reply, RefusedReply) and decision.reply.code == "lineNotHeld"
    else:
        assert decision.events and decision.reply is not None


@pytest.mark.parametrize(
    ("state", "kind"),
    pairs(TASK_ACCEPTS.machine.states, TASK_ACCEPTS.rules),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_task_decides_every_message_in_every_state(state: State, kind: type[Message]) -> None:
    found = group()
    found.orchestration.tasks[TASK].state = state
    decision = told(found, TASK_MESSAGES[kind])
    why = TASK_ACCEPTS.refusal(kind, state, TASK)
    if why is not None:
        assert decision.reply == RefusedReply(*why)
    elif state in TASK_ACCEPTS.rules[kind].harmless:
        assert not decision.events
    else:
        assert decision.events


@pytest.mark.parametrize(
    ("state", "kind"),
    pairs(WORK_ACCEPTS.machine.states, WORK_ACCEPTS.rules),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_task_for_people_decides_every_message_in_every_state(state: State, kind: type[Message]) -> None:
    found = reviewed(complete=False)
    assert found.review is not None
    task = found.review.tasks["w1"]
    task.state, task.by = state, "ann" if state is S.IN_PROGRESS else ""
    decision = told(found, WORK_MESSAGES[kind])
    why = WORK_ACCEPTS.refusal(kind, state, "w1")
    if why is not None:
        assert decision.reply == RefusedReply(*why)
    else:
        assert decision.events


@pytest.mark.parametrize("message", [*WORK_MESSAGES.values(), *map(ORDER_MESSAGES.get, IN_REVIEW)], ids=repr)
def test_an_order_that_is_in_no_review_says_so(message: Message) -> None:
    decision = told(group(begun=False), message)
    assert isinstance(decision.reply, RefusedReply) and decision.reply.code == "orderNotInReview"


@pytest.mark.parametrize(
    "message",
    [each for each in ORDER_MESSAGES.values() if not isinstance(each, SubmitOrder | StartDraft)]
    + [
        Retry("1"),
        GiveValues("1", {}),
        AcknowledgeAlerts("1", "ann"),
        *TASK_MESSAGES.values(),
        TimerFired("deadline"),
    ],
    ids=repr,
)
def test_an_order_that_does_not_exist_says_so(message: Message) -> None:
    state, decision = KIND.handle("o9", None, message, NOW)
    assert (
        state is None and isinstance(decision.reply, RefusedReply) and decision.reply.code == "unknownOrder"
    )


@pytest.mark.parametrize(
    "message", [Retry("9"), GiveUp("9.9.9"), GiveValues("9", {}), AcknowledgeAlerts("9", "ann")], ids=repr
)
def test_a_target_that_does_not_exist_is_named(message: Message) -> None:
    decision = told(group(), message)
    assert isinstance(decision.reply, RefusedReply) and decision.reply.code == "unknownTarget"


PRODUCT_MESSAGES: dict[type[Message], Message] = {
    ReserveProduct: ReserveProduct("o2", "1", "modify"),
    ReleaseProduct: ReleaseProduct("o3", "1"),
    LookAtProduct: LookAtProduct("o2"),
    ProductTold: ProductTold("o1", S.COMPLETED, PICTURE, "broadband-basic"),
}


@pytest.mark.parametrize(
    ("state", "kind"),
    pairs(INSTALLED_ACCEPTS.machine.states, INSTALLED_ACCEPTS.rules),
    ids=lambda each: getattr(each, "__name__", each),
)
def test_an_installed_product_decides_every_message_in_every_state(state: State, kind: type[Message]) -> None:
    products = InstalledProductKind()
    found, _ = products.handle("p1.1", None, ReserveProduct("o3", "1", "modify"), NOW)
    assert found is not None
    found.state = state
    if state not in (S.CREATED, S.PENDING_ACTIVE):
        found.asked, found.picture = False, PICTURE
        found.queue, found.holder = (), Reservation("o3", "1", "modify", NOW)
    _, decision = products.handle("p1.1", found, PRODUCT_MESSAGES[kind], NOW)
    why = INSTALLED_ACCEPTS.refusal(kind, state, "p1.1")
    if why is not None:
        assert decision.reply == RefusedReply(*why) and not decision.events
    else:
        assert decision.events or decision.sends


@pytest.mark.parametrize("message", PRODUCT_MESSAGES.values(), ids=repr)
def test_an_installed_product_that_nobody_named_hears_only_who_names_it(message: Message) -> None:
    products = InstalledProductKind()
    state, decision = products.handle("p1.1", None, message, NOW)
    assert (
        products.creates(message)
        == isinstance(message, ReserveProduct | LookAtProduct)
        == (state is not None)
    )
    if state is None:
        assert isinstance(decision.reply, RefusedReply) and decision.reply.code == "unknownProduct"
