"""Which message is legal in which state: one explicit table per kind, and the sentence of every refusal.

``decide`` asks these tables before anything else, the pages under ``docs/states`` are printed from them, and a test
walks the whole product of states and messages. Domain orders take no messages: roll-up alone moves them.
"""

from typing import Final

import msgspec

from actors.message import Message
from actors.messages import (
    AcknowledgeAlerts,
    AddDetails,
    AnnotateOrder,
    ApproveOrder,
    AwaitOrder,
    ChangeOrder,
    ChangeValues,
    ClaimWork,
    CompleteWork,
    GiveUp,
    GiveValues,
    OrderEnded,
    RejectOrder,
    Retry,
    ReturnOrder,
    ReturnWork,
    SaveDraft,
    StartDraft,
    SubmitDraft,
    SubmitOrder,
    TaskResult,
    TimerFired,
    WithdrawDraft,
)
from actors.messages_of_products import (
    LookAtProduct,
    ProductBusy,
    ProductRefused,
    ProductReserved,
    ProductShown,
    ProductTold,
    ReleaseProduct,
    ReserveProduct,
    TellProduct,
)
from actors.states import (
    FINAL,
    INSTALLED_PRODUCT,
    PERSON_TASK,
    PRODUCT_ORDER,
    PRODUCT_ORDER_ITEM,
    TASK,
    Machine,
    S,
    State,
)


class Refusal(msgspec.Struct, frozen=True):
    """A broken rule: its stable code, and a sentence over ``name`` and ``state``."""

    code: str
    sentence: str


class Rule(msgspec.Struct, frozen=True):
    """How one kind takes one message.

    ``accepted`` are the states in which it is decided, ``harmless`` those in which it is a repetition that changes
    nothing, each with the reason; everywhere else it is refused, with ``ended`` in final states.
    """

    accepted: frozenset[State]
    otherwise: Refusal
    ended: Refusal
    harmless: frozenset[State] = frozenset()
    because: str = ""
    """Why it is harmless there."""


class Acceptance(msgspec.Struct, frozen=True):
    """The table of one kind."""

    machine: Machine
    rules: dict[type[Message], Rule]
    note: str
    """What the table cannot say."""

    def refusal(self, message: type[Message], state: State, name: str) -> tuple[str, str] | None:
        """Why ``message`` is refused by ``name`` in ``state``: (code, sentence); None where it is not refused."""
        rule = self.rules[message]
        if state in rule.accepted or state in rule.harmless:
            return None
        refusal = rule.ended if state in FINAL else rule.otherwise
        return refusal.code, refusal.sentence.format(name=name, state=state)


def _every(machine: Machine) -> frozenset[State]:
    return frozenset(machine.states)


_ORDER_ENDED = Refusal("orderEnded", "order {name} is {state}: what it ordered is changed by a new order")
_NOT_DRAFT = Refusal(
    "orderNotDraft", "order {name} is {state}: only a draft is saved, submitted or withdrawn"
)
ORDER_BEGUN: Final = Refusal(
    "orderBegun",
    "order {name} is {state}: only before its work begins does an order take other lines, dates or parties; "
    "notes, descriptions and contacts may change later, and values that were unknown may be given",
)
_LIVING = frozenset({S.ACKNOWLEDGED, S.PENDING, S.HELD, S.IN_PROGRESS})
_NOT_ANNOTATED = Refusal(
    "orderNotChangeable",
    "order {name} is {state}: a draft is saved, and what is being cancelled does not change any more",
)
_KNOWN_KEY = "it exists: the same document is answered as it stands, another one is a conflict"
_NOT_HELD = Refusal(
    "orderNotHeld", "order {name} is {state}: only an order held by another's end is retried or given up"
)
_NOT_IN_REVIEW = Refusal(
    "orderNotInReview", "order {name} is {state}: it waits for nobody to complete or approve it"
)
_ALWAYS = Rule(_every(PRODUCT_ORDER), _ORDER_ENDED, _ORDER_ENDED)
ORDER_ACCEPTS: Final = Acceptance(
    PRODUCT_ORDER,
    {
        SubmitOrder: Rule(
            frozenset(),
            _ORDER_ENDED,
            _ORDER_ENDED,
            _every(PRODUCT_ORDER),
            _KNOWN_KEY,
        ),
        StartDraft: Rule(frozenset(), _ORDER_ENDED, _ORDER_ENDED, _every(PRODUCT_ORDER), _KNOWN_KEY),
        SaveDraft: Rule(frozenset({S.DRAFT}), _NOT_DRAFT, _ORDER_ENDED),
        SubmitDraft: Rule(
            frozenset({S.DRAFT}),
            _NOT_DRAFT,
            _ORDER_ENDED,
            _every(PRODUCT_ORDER) - FINAL - {S.DRAFT},
            "it is submitted: asked twice is asked once",
        ),
        WithdrawDraft: Rule(frozenset({S.DRAFT}), _NOT_DRAFT, _ORDER_ENDED),
        ChangeOrder: Rule(frozenset({S.ACKNOWLEDGED, S.PENDING, S.HELD}), ORDER_BEGUN, _ORDER_ENDED),
        AnnotateOrder: Rule(_LIVING, _NOT_ANNOTATED, _ORDER_ENDED),
        ChangeValues: Rule(_LIVING, _NOT_ANNOTATED, _ORDER_ENDED),
        Retry: Rule(frozenset({S.HELD}), _NOT_HELD, _ORDER_ENDED),
        GiveUp: Rule(frozenset({S.HELD}), _NOT_HELD, _ORDER_ENDED),
        AddDetails: Rule(frozenset({S.ACKNOWLEDGED, S.PENDING}), _NOT_IN_REVIEW, _ORDER_ENDED),
        ApproveOrder: Rule(frozenset({S.ACKNOWLEDGED}), _NOT_IN_REVIEW, _ORDER_ENDED),
        RejectOrder: Rule(frozenset({S.ACKNOWLEDGED, S.PENDING}), _NOT_IN_REVIEW, _ORDER_ENDED),
        ReturnOrder: Rule(frozenset({S.ACKNOWLEDGED}), _NOT_IN_REVIEW, _ORDER_ENDED),
        OrderEnded: Rule(
            frozenset({S.ACKNOWLEDGED, S.PENDING, S.HELD}),
            Refusal("orderNotWaiting", "order {name} is {state}: it waits for no other order"),
            _ORDER_ENDED,
        ),
        AwaitOrder: Rule(_every(PRODUCT_ORDER), _ORDER_ENDED, _ORDER_ENDED),
        TimerFired: Rule(
            _every(PRODUCT_ORDER) - FINAL,
            _ORDER_ENDED,
            _ORDER_ENDED,
            FINAL,
            "a timer that fires too late is put away",
        ),
        TellProduct: _ALWAYS,
        ProductReserved: _ALWAYS,
        ProductBusy: _ALWAYS,
        ProductRefused: _ALWAYS,
        ProductShown: Rule(
            _every(PRODUCT_ORDER) - FINAL,
            _ORDER_ENDED,
            _ORDER_ENDED,
            FINAL,
            "what has ended is compared with nothing any more",
        ),
    },
    "Retry and GiveUp without a target are for an order held by the end of another one; an order that only shows the "
    "fallout of its tasks answers `orderHeldByTask`, and one that does not wait for the order named in OrderEnded "
    "answers `notAwaited`. What installed products say to a line that does not wait for them (it has ended meanwhile) "
    "changes nothing: it has given back whatever it was given. Messages with a base answer `versionPassed` where the "
    "order is at another version; an order that is pending or held by its tasks has begun, and answers `orderBegun` to "
    "ChangeOrder; ChangeValues answers what a line answers to GiveValues.",
)

_LINE_ENDED = Refusal("lineEnded", "line {name} is {state}: it is changed by a new order")
LINE_NOT_HELD: Final = Refusal(
    "lineNotHeld",
    "line {name} is {state}, and neither the end of a line it needs nor a refused product holds it: name the task, see "
    "waitsFor",
)
_LINE_RULE = Rule(frozenset({S.HELD, S.PENDING, S.IN_PROGRESS}), LINE_NOT_HELD, _LINE_ENDED)
LINE_ACCEPTS: Final = Acceptance(
    PRODUCT_ORDER_ITEM,
    {
        Retry: _LINE_RULE,
        GiveUp: Rule(
            frozenset({S.ACKNOWLEDGED, S.HELD, S.PENDING, S.IN_PROGRESS}), LINE_NOT_HELD, _LINE_ENDED
        ),
        GiveValues: Rule(
            _LIVING, Refusal("lineNotOpen", "line {name} is {state}: it takes no values now"), _LINE_ENDED
        ),
        AcknowledgeAlerts: Rule(
            _LIVING, Refusal("lineNotOpen", "line {name} is {state}: it waits for no values now"), _LINE_ENDED
        ),
    },
    "Retry and GiveUp with a line as target are decided while a line that it needs has ended without success, while an "
    "installed product is refused to it, while something of it is held back, or while it is held as incompatible "
    "(Retry has it checked again, GiveUp lets stand what it built). GiveUp, too, while it waits for an installed "
    "product or a shared service. Otherwise they answer `lineNotHeld` in every state that is not final. "
    "GiveValues is for lines with rules: another one answers `noRules`, a path that "
    "leads nowhere `unknownPath`, a value that its characteristic does not take `valueNotAllowed`. AcknowledgeAlerts "
    "answers `noAlert` where no deadline has passed, `alertAcknowledged` where somebody knows of it already, and "
    "`notInGroup` to people whom it is not for.",
)

_REPEATED = "a repeated answer says nothing new; one of an older generation is recorded, never applied"
_ANSWER = Refusal("unknownTask", "task {name} is {state}: it was never dispatched")
TASK_ACCEPTS: Final = Acceptance(
    TASK,
    {
        TaskResult: Rule(
            frozenset({S.IN_PROGRESS}), _ANSWER, _ANSWER, _every(TASK) - {S.IN_PROGRESS}, _REPEATED
        ),
        Retry: Rule(
            frozenset({S.HELD, S.PENDING}),
            Refusal("taskNotHeld", "task {name} is {state}: only a held or pending task is retried"),
            Refusal("taskEnded", "task {name} is {state}: what has ended is not retried"),
        ),
        GiveUp: Rule(
            frozenset({S.HELD, S.PENDING}),
            Refusal("taskNotHeld", "task {name} is {state}: only a held or pending task is given up"),
            Refusal("taskEnded", "task {name} is {state}: what has ended is not given up"),
        ),
    },
    "Retry and GiveUp name a task as target. A task that is held because nobody answered (`noAnswer`) takes the answer "
    "that comes late.",
)

_WORK_ENDED = Refusal("workEnded", "task {name} is {state}: nobody has to do it any more")
WORK_ACCEPTS: Final = Acceptance(
    PERSON_TASK,
    {
        ClaimWork: Rule(
            frozenset({S.ACKNOWLEDGED, S.PENDING}),
            Refusal("workClaimed", "task {name} is {state}: somebody has claimed it, see claimedBy"),
            _WORK_ENDED,
        ),
        CompleteWork: Rule(frozenset({S.ACKNOWLEDGED, S.PENDING, S.IN_PROGRESS}), _WORK_ENDED, _WORK_ENDED),
        ReturnWork: Rule(
            frozenset({S.IN_PROGRESS}),
            Refusal("workNotClaimed", "task {name} is {state}: only who has claimed it gives it back"),
            _WORK_ENDED,
        ),
    },
    "They are refused, too, with `notInGroup` for people who do not work for the task's group, with `notYours` for a "
    "task that somebody else has claimed, and with `notFilledIn` for one that does not bring what it asks for.",
)

_NOT_ASKED = Refusal("notAsked", "product {name} is {state}: its order has told its end already")
INSTALLED_ACCEPTS: Final = Acceptance(
    INSTALLED_PRODUCT,
    {
        ReserveProduct: Rule(_every(INSTALLED_PRODUCT), _NOT_ASKED, _NOT_ASKED),
        LookAtProduct: Rule(_every(INSTALLED_PRODUCT), _NOT_ASKED, _NOT_ASKED),
        ReleaseProduct: Rule(_every(INSTALLED_PRODUCT), _NOT_ASKED, _NOT_ASKED),
        ProductTold: Rule(frozenset({S.CREATED, S.PENDING_ACTIVE}), _NOT_ASKED, _NOT_ASKED),
    },
    "Only orders speak to an installed product. One that reserves it is answered by a message: it has the product, it "
    "waits behind another line, or it is refused with a sentence (`unknownProduct`, `neverActive`, `notWhole`, "
    "`beingTerminated`, `terminated`). One that only looks at it is shown how it stands. "
    "Releasing what one neither has nor waits for changes nothing.",
)

ACCEPTANCES: Final = (ORDER_ACCEPTS, LINE_ACCEPTS, TASK_ACCEPTS, WORK_ACCEPTS, INSTALLED_ACCEPTS)
