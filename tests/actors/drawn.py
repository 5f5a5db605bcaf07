"""Orders drawn by hypothesis over the sample catalog and small drawn ones, and messages that may reach them."""

from collections.abc import Iterable
from typing import Any

import msgspec
from hypothesis import strategies as st

from actors.messages import (
    AnnotateOrder,
    AnyMessage,
    AwaitOrder,
    ChangeOrder,
    GiveUp,
    Heading,
    OrderEnded,
    Retry,
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
from actors.states import State
from actors.structure import OrderGroup
from catalog.model import Catalog, ProductOffering, Relationship, Specification, TaskTemplate, catalog_of
from catalog.store import Catalogs, sample_catalogs
from tests.actors.people_drawn import fill_in, said_by_people

NOW = 1_800_000_000_000
SAMPLE = sample_catalogs()
SAMPLE_LINES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("broadband-basic", {"speed": 100}),
    ("mobile-postpaid", {"dataAllowance": 20, "simType": "esim"}),
    ("fibre-internet", {"speed": 500, "wifiName": "home"}),
    ("tv-premium", {"package": "sport", "resolution": "HD"}),
    ("voice-home", {"tariff": "minute"}),
    ("managed-security", {"users": 800, "ruleSet": "open"}),
    ("managed-security", {"users": 3}),
)


def item(
    id_: str,
    offering: str = "broadband-basic",
    action: str = "add",
    *,
    needs: Iterable[str] = (),
    nested: Iterable[dict[str, Any]] = (),
    quantity: int = 1,
    characteristics: dict[str, Any] | None = None,
    product: str = "",
) -> dict[str, Any]:
    """A TMF622 order item; ``product`` is the installed one that it is about."""
    if characteristics is None:
        characteristics = dict(SAMPLE_LINES).get(offering, {})
    return {
        "id": id_,
        "action": action,
        "quantity": quantity,
        "productOffering": {"id": offering},
        "product": {
            **({"id": product} if product else {}),
            "productCharacteristic": [{"name": n, "value": v} for n, v in characteristics.items()],
        },
        "productOrderItem": list(nested),
        "productOrderItemRelationship": [{"id": need, "relationshipType": "dependsOn"} for need in needs],
    }


def submission(items: list[dict[str, Any]], catalogs: Catalogs = SAMPLE, **more: Any) -> SubmitOrder:
    """The message the door makes of an order."""
    document = msgspec.json.encode({"productOrderItem": items}, order="deterministic")
    return SubmitOrder(document, b"digest", catalogs.current.version, **more)


def drafted(order: SubmitOrder) -> StartDraft:
    """The same document as the first save of a draft."""
    heading = Heading("", "", "", order.requested_start, order.depends_on)
    return StartDraft(order.document, order.digest, order.catalog, "", heading)


def changed(base: int, items: list[dict[str, Any]], *, by: str = "", **heading: Any) -> ChangeOrder:
    """Another document for an order of the sample catalog."""
    made = submission(items)
    return ChangeOrder(
        base, made.document, b"patch", made.catalog, Heading(**heading), ("/productOrderItem/0",), by
    )


@st.composite
def small_catalogs(draw: st.DrawFn) -> Catalog:
    """A product over a service over resources, some of them without work."""
    specifications = [
        Specification(
            id="p",
            kind="product",
            name="P",
            orders=draw(st.booleans()),
            relationships=(Relationship(type="Realized as", target="s"),),
            plans=draw(_plans()),
        ),
        Specification(
            id="s",
            kind="service",
            name="S",
            relationships=tuple(
                Relationship(
                    type="Requires",
                    target=target,
                    after=("r1",) if target == "r2" and draw(st.booleans()) else (),
                )
                for target in ("r1", "r2")
            ),
            plans=draw(_plans()),
        ),
        Specification(id="r1", kind="resource", name="R1", plans=draw(_plans())),
        Specification(id="r2", kind="resource", name="R2", plans=draw(_plans())),
    ]
    return catalog_of("drawn", "1", (ProductOffering("o", "O", "p"),), tuple(specifications))


@st.composite
def _plans(draw: st.DrawFn) -> dict[Any, tuple[TaskTemplate, ...]]:
    plans = {}
    for action in ("add", "modify", "delete"):
        size = draw(st.integers(0, 3))
        if size:
            plans[action] = tuple(
                TaskTemplate(
                    f"t{n}",
                    "system",
                    10,
                    100 * (n + 1),
                    after=tuple(f"t{m}" for m in range(n) if draw(st.booleans())),
                )
                for n in range(size)
            )
    return plans


@st.composite
def submissions(draw: st.DrawFn) -> tuple[Catalogs, SubmitOrder | StartDraft]:
    """An order of one to six lines, nested and depending on each other, with all that may keep it from starting."""
    small = draw(st.booleans())
    catalogs = Catalogs(draw(small_catalogs())) if small else SAMPLE
    count = draw(st.integers(1, 6))
    items: list[dict[str, Any]] = []
    flat: list[dict[str, Any]] = []
    parents: dict[str, dict[str, Any]] = {}
    for number in range(1, count + 1):
        offering, characteristics = ("o", {}) if small else draw(st.sampled_from(SAMPLE_LINES))
        others = [each["id"] for each in flat]
        drawn = item(
            str(number),
            offering,
            draw(st.sampled_from(["add", "add", "modify", "delete", "noChange"])),
            quantity=draw(st.sampled_from([1, 1, 2])),
            characteristics=characteristics,
        )
        if offering == "managed-security" and draw(st.booleans()):
            fill_in(drawn)
        above = draw(st.sampled_from([None, None, *flat]))
        ancestors = set()
        each = above
        while each is not None:
            ancestors.add(each["id"])
            each = parents.get(each["id"])
        # A part may not wait for the whole it is nested in; earlier lines only, so there is no circle.
        needs = draw(st.sets(st.sampled_from(others), max_size=2)) - ancestors if others else set()
        drawn["productOrderItemRelationship"] = [
            {"id": need, "relationshipType": "dependsOn"} for need in sorted(needs)
        ]
        if above is None:
            items.append(drawn)
        else:
            above["productOrderItem"].append(drawn)
            parents[drawn["id"]] = above
        flat.append(drawn)
    if _in_circle(flat):
        for each in flat:
            each["productOrderItemRelationship"] = []
    order = submission(
        items,
        catalogs,
        requested_start=draw(st.sampled_from([0, 0, 0, NOW + 1_000])),
        depends_on=draw(st.sampled_from([(), (), (), ("oA",), ("oA", "oB")])),
    )
    return catalogs, drafted(order) if draw(st.integers(0, 7)) == 0 else order


def _in_circle(items: list[dict[str, Any]]) -> bool:
    """As the door judges it: a whole waits for its parts, a line for what it depends on."""
    waits = {
        each["id"]: {relation["id"] for relation in each["productOrderItemRelationship"]}
        | {nested["id"] for nested in each["productOrderItem"]}
        for each in items
    }
    while waits:
        free = [id_ for id_, needed in waits.items() if not needed & waits.keys()]
        if not free:
            return True
        for id_ in free:
            del waits[id_]
    return False


@st.composite
def messages(draw: st.DrawFn, group: OrderGroup) -> AnyMessage:
    """Any message, legal or not; answers to open tasks more often than others, so that orders come along."""
    tasks = group.orchestration.tasks
    out = [key for key, task in tasks.items() if task.state is State.IN_PROGRESS]
    targets = [*tasks, *group.lines, "", "nothing"]
    troubled = [key for key, task in tasks.items() if task.state in (State.HELD, State.PENDING)]
    troubled += group.orchestration.blocked
    if group.order.in_review and draw(st.integers(0, 3)):
        return draw(said_by_people(group))
    kind = draw(st.integers(0, 21))
    if kind < 9 and out:
        keys = draw(st.lists(st.sampled_from(out), min_size=1, max_size=4))
        results = tuple(draw(_answer(key, tasks[key].generation)) for key in keys)
        return results[0] if len(results) == 1 else TaskResults(results)
    if kind < 13:
        target = draw(st.sampled_from(troubled or targets))
        if draw(st.booleans()):
            return Retry(target, draw(st.sampled_from([None, {}, {"speed": 7}])))
        return GiveUp(target, draw(st.sampled_from(["", "nobody wants it"])))
    if kind == 13:
        return draw(st.sampled_from([Retry(t) for t in targets] + [GiveUp(t) for t in targets]))
    if kind == 14:
        return draw(_answer(draw(st.sampled_from([*tasks, "nothing"])), draw(st.integers(0, 3))))
    if kind > 19:
        return draw(_changes(group))
    if kind < 18:
        return TimerFired(draw(st.sampled_from(["deadline", "decompose", "start", "people", "other"])))
    return draw(
        st.sampled_from(
            [
                SubmitDraft(),
                WithdrawDraft(),
                AwaitOrder("oW"),
                OrderEnded("oA", "completed"),
                OrderEnded("oA", "failed"),
                OrderEnded("oB", "completed"),
                OrderEnded("oZ", "completed"),
                Undeliverable("oB"),
                Undeliverable("oW"),
            ]
        )
    )


@st.composite
def _changes(draw: st.DrawFn, group: OrderGroup) -> AnnotateOrder | SaveDraft | ChangeOrder:
    """A change of the document, made from this version or another, to the same lines or the first one only."""
    order = group.order
    document = msgspec.json.decode(order.document)
    document["description"] = "changed"
    base = order.version + draw(st.sampled_from([0, 0, 0, -1, 1]))
    digest = draw(st.sampled_from([b"one", b"two"]))
    if draw(st.booleans()):
        return AnnotateOrder(base, msgspec.json.encode(document), digest, ("/description",))
    for line in document["productOrderItem"] if draw(st.booleans()) else ():
        line["productOrderItem"] = line["productOrderItemRelationship"] = []
    heading = Heading(
        requested_start=draw(st.sampled_from([0, NOW + 1_000, NOW + 400_000])),
        depends_on=draw(st.sampled_from([(), ("oA",), ("oB", "oC")])),
    )
    if order.state is State.DRAFT:
        return SaveDraft(base, msgspec.json.encode(document), digest, order.catalog, heading)
    return ChangeOrder(base, msgspec.json.encode(document), digest, order.catalog, heading, ("/x",))


@st.composite
def _answer(draw: st.DrawFn, task: str, generation: int) -> TaskResult:
    outcome = draw(st.sampled_from(["completed", "completed", "completed", "failed", "pending"]))
    output = draw(st.sampled_from([{}, {"port": 3}]))
    return TaskResult(task, generation, outcome, output, "E1" if outcome == "failed" else "", "broken")
