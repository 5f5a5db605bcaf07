"""What people may say about an order in review, drawn by hypothesis: legal or not."""

from typing import Any

from hypothesis import strategies as st

from actors.messages import (
    AddDetails,
    AnyMessage,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    RejectOrder,
    ReturnOrder,
    ReturnWork,
)
from actors.structure import OrderGroup

FILLED: dict[str, Any] = {
    "site": "Harbour 4",
    "place.installation": {"id": "p1", "role": "installation"},
    "contact.technical": {"id": "c1", "role": "technical", "@referredType": "Individual"},
}
"""All that a line of managed-security may lack."""
PEOPLE = ("ann", "bob", "cid")
EVERYONE = ("order-desk", "order-desk-lead", "security-desk", "security-lead", "sales-desk")


def fill_in(item: dict[str, Any]) -> dict[str, Any]:
    """The item with nothing left to fill in before approval."""
    product = item["product"]
    product["productCharacteristic"].append({"name": "site", "value": FILLED["site"]})
    product["place"] = [FILLED["place.installation"]]
    product["relatedParty"] = [FILLED["contact.technical"]]
    return item


@st.composite
def said_by_people(draw: st.DrawFn, group: OrderGroup) -> AnyMessage:
    """A word of one of three persons on a task, some lines or the whole order."""
    assert group.review is not None
    by = draw(st.sampled_from(PEOPLE))
    groups = draw(st.sampled_from([EVERYONE, ("*",), ("order-desk",), ("sales-desk",), ()]))
    task = draw(st.sampled_from([*group.review.tasks, "w99"]))
    work = group.review.tasks.get(task)
    lines = work.lines if work is not None else tuple(group.lines)[:1]
    values = {line: dict(FILLED) for line in lines}
    if draw(st.booleans()):
        values = draw(st.sampled_from([{}, {"nothing": {"site": "x"}}, {lines[0]: {"users": 700}}]))
    requester = draw(st.booleans())
    finding = draw(st.sampled_from([{}, {}, {"none": "why not"}]))
    version = draw(st.sampled_from([0, group.order.version, group.order.version, 99]))
    return draw(
        st.sampled_from(
            [
                ClaimWork(task, by, groups),
                CompleteWork(task, by, groups, values),
                CompleteWork(task, by, groups, values),
                ReturnWork(task, by, "not mine", groups, requester),
                AddDetails(values, by),
                ApproveOrder(by, groups, version, finding),
                ApproveOrder(by, groups, version, finding),
                ReturnOrder(by, "how many users?", groups, requester),
                RejectOrder(by, "too large", groups),
            ]
        )
    )
