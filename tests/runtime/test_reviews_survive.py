"""No acknowledged answer of a person is lost: each one's owner dies, and another takes over from the journal."""

from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from actors.messages import (
    Accepted,
    AddDetails,
    AnyMessage,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    Done,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
)
from actors.review_state import APPROVAL, CLEARED, REJECTED
from actors.structure import OrderGroup
from catalog.store import sample_catalogs
from runtime.errors import Unavailable
from runtime.journal.model import AsyncModelJournal, ModelJournal
from runtime.local import LocalRuntime
from tests.actors.drawn import item, submission
from tests.actors.people_drawn import FILLED

ORDER = "o000000000000000000000001"
DESK, SALES = ("order-desk",), ("sales-desk",)
SITE = {"1": {name: FILLED[name] for name in ("site", "place.installation")}}
CONTACT = {"1": {"contact.technical": FILLED["contact.technical"]}}
ENRICHED: tuple[AnyMessage, ...] = (
    ClaimWork("w1", "ann", DESK),
    CompleteWork("w1", "ann", DESK, SITE, "by phone"),
    ClaimWork("w2", "bob", DESK),
    ReturnWork("w2", "bob", "who is it?", DESK, requester=True),
    AddDetails(CONTACT, "ann", "in the mail"),
)
APPROVED = (ApproveOrder("cid", SALES, note="fine"), ApproveOrder("dan", SALES))
RETURNED = (ReturnOrder("cid", "really 800?", SALES), CompleteWork("w4", "ann", DESK, {}, "yes"))


class Mortal:
    """The runtime of whoever owns the shards now; those before were fenced off in the middle of whatever they did."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.model = ModelJournal(2)
        self.stack = stack

    async def born(self) -> LocalRuntime:
        journal = AsyncModelJournal(self.model)
        return await self.stack.enter_async_context(LocalRuntime(journal, sample_catalogs()))

    async def says(self, message: AnyMessage) -> Any:
        """The answer of an owner that then dies."""
        return await (await self.born()).send(ORDER, message)

    async def read(self) -> OrderGroup:
        """The order as its next owner makes it from the journal."""
        (group,) = await (await self.born()).read([ORDER])
        assert group is not None and group.review is not None
        return group


@pytest.mark.parametrize(
    ("answers", "phase"),
    [
        ((*ENRICHED, *APPROVED), CLEARED),
        ((*ENRICHED, *RETURNED, *APPROVED), CLEARED),
        ((*ENRICHED, APPROVED[0], RejectOrder("dan", "too large", SALES)), REJECTED),
    ],
)
async def test_every_answer_outlives_its_owner(answers: tuple[AnyMessage, ...], phase: str) -> None:
    asked = item("1", "managed-security", characteristics={"users": 800})
    async with AsyncExitStack() as stack:
        mortal = Mortal(stack)
        submitted = await mortal.says(submission([asked], by="sue"))
        assert isinstance(submitted, Accepted)
        for number, answer in enumerate(answers):
            reply = await mortal.says(answer)
            assert isinstance(reply, Done), (answer, reply)
            group = await mortal.read()
            assert group.review is not None
            said = [each.by for each in group.review.approvals] + [
                task.by for task in group.review.tasks.values()
            ]
            if isinstance(answer, ApproveOrder | ClaimWork | CompleteWork):
                assert answer.by in said, "what was acknowledged is there"
            if number == len(ENRICHED) - 1:
                assert group.review.phase == APPROVAL
        assert group.review.phase == phase
        again = await mortal.says(answers[-1])
        assert not isinstance(again, Done), "a review that is over takes no answer twice"
        assert msgspec.msgpack.encode((await mortal.read()).review) == msgspec.msgpack.encode(group.review)


async def test_nobody_hears_of_an_approval_that_is_not_on_disk() -> None:
    asked = item("1", "managed-security", characteristics={"users": 800})
    async with AsyncExitStack() as stack:
        mortal = Mortal(stack)
        await mortal.says(submission([asked], by="sue"))
        for answer in ENRICHED:
            await mortal.says(answer)
        stale = await mortal.born()
        await mortal.born()
        with pytest.raises(Unavailable):
            await stale.send(ORDER, APPROVED[0])
        group = await mortal.read()
        assert group.review is not None and not group.review.approvals
