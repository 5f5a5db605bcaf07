"""The orders of a simulated world: small, of the sample catalog, in every relation to time and to each other."""

from hashlib import blake2b
from random import Random
from typing import Any

import msgspec

from actors.messages import AnnotateOrder, ChangeOrder, Heading, SaveDraft, StartDraft, SubmitOrder
from actors.product_id import product_id
from runtime.simulation.people import looked_at
from runtime.simulation.schedule import BEGIN_MS
from runtime.simulation.world import World

OFFERINGS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("broadband-basic", {"speed": 100}),
    ("mobile-postpaid", {"dataAllowance": 20, "simType": "esim"}),
    ("mobile-roaming-pack", {}),
    ("managed-firewall", {}),
    ("voice-home", {"tariff": "minute"}),
    ("managed-wan", {"siteCount": 1, "bandwidth": 50}),
    ("managed-wan", {"siteCount": 2, "bandwidth": 100, "backup": True, "reporting": "none"}),
)
FAR_MS = 30 * 86_400_000
LARGE_LINES = 140


class Plan(msgspec.Struct, frozen=True):
    """One order that a client wants, and how it goes about it. Times in ms from the beginning."""

    order: str
    message: SubmitOrder | StartDraft
    other: SubmitOrder | StartDraft
    """The same key with another body."""
    at: int
    conflicting: bool
    draft_ends: str
    """What becomes of a draft: ``submit``, ``withdraw`` or ``stay``; empty for what is no draft."""
    change: SaveDraft | ChangeOrder | AnnotateOrder | None
    """What the client wants to be different once its order is accepted."""


def plans(world: World, draw: Random, catalog: str) -> list[Plan]:
    """All orders of a world."""
    names = [f"o{world.seed}-{number}" for number in range(world.orders)]
    made: dict[str, dict[str, Any]] = {}
    return [_plan(world, draw, catalog, names, number, made) for number in range(world.orders)]


def _plan(
    world: World,
    draw: Random,
    catalog: str,
    names: list[str],
    number: int,
    made: dict[str, dict[str, Any]],
) -> Plan:
    at = draw.randint(0, world.storm_ms * 3 // 4)
    start = 0
    if draw.random() < 0.3:
        start = BEGIN_MS + (FAR_MS if draw.random() < 0.2 else at + draw.randint(100, 2 * world.storm_ms))
    needs: tuple[str, ...] = ()
    if draw.random() < 0.3:
        others = [name for name in (*names, f"o{world.seed}-nowhere") if name != names[number]]
        needs = tuple(sorted(draw.sample(others, min(len(others), draw.randint(1, 2)))))
    draft = draw.random() < 0.1
    items = _items(draw, large=draw.random() < world.large_orders)
    asked = Random(f"people {world.seed} {number}")
    if asked.random() < world.people:
        items.append(looked_at(asked, "looked at"))
    if world.installed:
        # By chance of its own, so that a world's orders are otherwise the same as ever.
        _name_products(Random(f"products {world.seed} {number}"), world, items, names, made)
        made.update(
            {product_id(names[number], item["id"]): item for item in items if item["action"] == "add"}
        )

    def message(which: str) -> SubmitOrder | StartDraft:
        order = _message(draw, catalog, items, number, start, needs, which)
        return _draft_of(order) if draft else order

    return Plan(
        order=names[number],
        message=message("first"),
        other=message("other"),
        at=at,
        conflicting=draw.random() < 0.2,
        draft_ends=draw.choice(("submit", "submit", "withdraw", "stay")) if draft else "",
        change=_change(Random(f"{names[number]} changes"), catalog, items, start, needs, draft),
    )


def _message(
    draw: Random,
    catalog: str,
    items: list[dict[str, Any]],
    number: int,
    start: int,
    needs: tuple[str, ...],
    which: str,
) -> SubmitOrder:
    document, digest = _document(items, which)
    return SubmitOrder(
        document=document,
        digest=digest,
        catalog=catalog,
        client="simulated",
        external_id=f"e{number}",
        category=draw.choice(("", "B2C")),
        party=draw.choice(("", "C1", "C2")),
        requested_start=start,
        depends_on=needs,
    )


def _document(items: list[dict[str, Any]], which: str) -> tuple[bytes, bytes]:
    document = msgspec.json.encode({"description": which, "productOrderItem": items}, order="sorted")
    return document, blake2b(document, digest_size=16).digest()


def _draft_of(order: SubmitOrder) -> StartDraft:
    heading = Heading(order.external_id, order.category, order.party, order.requested_start, order.depends_on)
    return StartDraft(order.document, order.digest, order.catalog, order.client, heading)


def _change(
    draw: Random,
    catalog: str,
    items: list[dict[str, Any]],
    start: int,
    needs: tuple[str, ...],
    draft: bool,
) -> SaveDraft | ChangeOrder | AnnotateOrder | None:
    """A change of the first version: of a draft, of what has not begun, a remark, or mostly none.

    It is drawn apart, so that worlds are what they were before orders could change.
    """
    if draw.random() > 0.3:
        return None
    if draft:
        return SaveDraft(1, *_document(items, "changed"), catalog, Heading("", "", "", start, needs[:1]))
    if (start or needs) and draw.random() < 0.7:
        sooner = draw.choice((0, start, BEGIN_MS + draw.randint(100, 2_000)))
        heading = Heading("", "B2B", "C3", sooner, draw.choice((needs, needs[:1], ())))
        return ChangeOrder(1, *_document(items[:1], "changed"), catalog, heading, ("/requestedStartDate",))
    return AnnotateOrder(1, *_document(items, "changed"), ("/description",))


def _items(draw: Random, *, large: bool) -> list[dict[str, Any]]:
    if large:
        return [_item(str(line), ("managed-firewall", {}), "add") for line in range(1, LARGE_LINES + 1)]
    items = []
    for line in range(1, draw.choice((1, 1, 2, 3)) + 1):
        action = draw.choice(("add", "add", "add", "modify", "delete", "noChange"))
        item = _item(str(line), draw.choice(OFFERINGS), action)
        if line > 1 and draw.random() < 0.4:
            item["productOrderItemRelationship"] = [
                {"id": str(draw.randint(1, line - 1)), "relationshipType": "dependsOn"}
            ]
        if draw.random() < 0.2:
            item["productOrderItem"] = [_item(f"{line}a", draw.choice(OFFERINGS), "add")]
        if draw.random() < 0.1:
            item["quantity"] = 2
        items.append(item)
    return items


def _name_products(
    draw: Random, world: World, items: list[dict[str, Any]], names: list[str], made: dict[str, dict[str, Any]]
) -> None:
    """Let lines be about products of the first orders, so that many meet at one; some of them were never made.

    ``made`` are the add lines of earlier orders by the id of their product; those of this one join them.
    """
    for item in items:
        if len(made) > 2 and draw.random() < world.installed / 2:
            item["action"] = draw.choice(("modify", "modify", "delete"))
        if item["action"] in ("modify", "delete") and draw.random() < world.installed + 0.2:
            _name_product(draw, world, item, names, made)


def _name_product(
    draw: Random, world: World, item: dict[str, Any], names: list[str], made: dict[str, dict[str, Any]]
) -> None:
    known = list(made)[:4]
    if known and draw.random() < 0.8:
        name = draw.choice(known)
        item["productOffering"] = made[name]["productOffering"]
        values = made[name]["product"]["productCharacteristic"]
        item["product"] = {
            "productCharacteristic": [{**each, "value": _other(draw, each["value"])} for each in values]
        }
    else:
        name = product_id(draw.choice((*names, f"o{world.seed}-nowhere")), draw.choice(("1", "2", "2a")))
    item["product"]["id"] = name
    if known and draw.random() < 0.2:
        item["product"]["product"] = [{"id": draw.choice(known)}]


def _other(draw: Random, value: Any) -> Any:
    return value + draw.randint(0, 3) if isinstance(value, int) else value


def _item(line: str, offering: tuple[str, dict[str, Any]], action: str) -> dict[str, Any]:
    name, values = offering
    return {
        "id": line,
        "action": action,
        "productOffering": {"id": name},
        "product": {
            "productCharacteristic": [{"name": key, "value": value} for key, value in sorted(values.items())]
        },
    }
