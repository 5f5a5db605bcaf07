"""What people look at in an order's document, and how what they fill in gets into it.

Read only for orders that a policy concerns; what decomposition reads stands in ``actors/document.py``.
Source: TMF622 v4.0 ``ProductOrder`` and the parts of its items.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from catalog.commerce.charges import PriceOverride
from catalog.commerce.money import decimal
from catalog.model import Catalog, Specification
from catalog.policies.facts import ROLES, LineFacts, OrderFacts, PlaceFact
from catalog.policies.model import URGENCY_ABSENT
from catalog.tree import root_of

Values = Mapping[str, Mapping[str, Any]]
"""Line -> field -> value; a field is a characteristic, or one of ``catalog.policies.facts.FIELDS``."""

_PARTY_ROLES: Final = ("owner", "orderingparty", "customer")
_read: Final = msgspec.json.Decoder(dict[str, Any]).decode
_write: Final = msgspec.json.Encoder(order="deterministic").encode


@lru_cache(maxsize=16)
def order_facts(document: bytes, catalog: Catalog) -> OrderFacts:
    """What the policies of a catalog read of an order; an order's document names only what that catalog has."""
    order = _read(document)
    items = list(items_of(order))
    everyone = _roles(order.get("relatedParty", ()))
    account = _id(order.get("billingAccount"))
    lines = tuple([_line(item, parent, catalog, everyone, account) for parent, item in items])
    channels = order.get("channel", ())
    return OrderFacts(
        lines=lines,
        customer=_party(order.get("relatedParty", ())),
        category=order.get("category", ""),
        channel=channels[0].get("id", "") if channels else "",
        urgency=int(order.get("priority", URGENCY_ABSENT)),
        offerings=tuple(dict.fromkeys(line.offering for line in lines if line.offering)),
    )


def items_of(order: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id of the item around it, item) of every item, in document order, nested ones after the one around them."""
    ways = [("", item) for item in reversed(order.get("productOrderItem", ()))]
    while ways:
        parent, item = ways.pop()
        yield parent, item
        ways.extend((item["id"], nested) for nested in reversed(item.get("productOrderItem", ())))


def filled(document: bytes, values: Values) -> bytes:
    """The document with these values in it: the same fields of a line are replaced, all else stays."""
    order = _read(document)
    for _, item in items_of(order):
        for field, value in values.get(item["id"], {}).items():
            _fill(item, field, value)
    return _write(order)


def misfits(values: Values) -> list[tuple[str, str, str]]:
    """(line, field, sentence) of every value that has not the shape of what its field names.

    Whether the line is there, and a characteristic's value the right one, is not asked here.
    """
    found: list[tuple[str, str, str]] = []
    for line, fields in values.items():
        for field, value in fields.items():
            kind, _, role = field.partition(".")
            if kind in ("place", "contact", "appointment", "billingAccount"):
                if not isinstance(value, dict) or not isinstance(value.get("id"), str):
                    found.append((line, field, "must be an object with an id"))
                elif kind in ROLES and not isinstance(role or value.get("role"), str):
                    found.append((line, field, "must name a role"))
            elif field == "price":
                found += [(line, field, sentence) for sentence in _bad_prices(value)]
    return found


def _bad_prices(value: Any) -> Iterator[str]:
    if not isinstance(value, dict):
        yield "must map prices of the line's offering to amounts"
        return
    for price, amount in value.items():
        try:
            decimal(str(amount))
        except ValueError as error:
            yield f"{price}: {error}"


def price_overrides(values: Values, by: str, reason: str, at: int) -> tuple[PriceOverride, ...]:
    """What these values decide about prices: a line's field `price` maps a price of its offering to an amount."""
    return tuple(
        PriceOverride(line, price, decimal(str(amount)), by, reason, at)
        for line, fields in values.items()
        for price, amount in fields.get("price", {}).items()
    )


def _fill(item: dict[str, Any], field: str, value: Any) -> None:
    kind, _, role = field.partition(".")
    if kind == "place":
        _put(_within(item, "product"), "place", "role", role or value.get("role", ""), value)
    elif kind == "contact":
        _put(_within(item, "product"), "relatedParty", "role", role or value.get("role", ""), value)
    elif field == "price":
        return  # no part of the document: what was computed stands beside it
    elif field in ("appointment", "billingAccount"):
        item[field] = value
    else:
        _put(_within(item, "product"), "productCharacteristic", "name", field, {"value": value})


def _within(item: dict[str, Any], name: str) -> dict[str, Any]:
    inner: dict[str, Any] = item.setdefault(name, {})
    return inner


def _put(owner: dict[str, Any], name: str, key: str, wanted: str, value: Mapping[str, Any]) -> None:
    """Replace the entry of a list whose ``key`` is ``wanted``, or add it."""
    entries = list(owner.get(name, ()))
    for place, entry in enumerate(entries):
        if entry.get(key) == wanted:
            entries[place] = {**(entry if name == "productCharacteristic" else {}), **value, key: wanted}
            break
    else:
        entries.append({**value, key: wanted})
    owner[name] = entries


def _line(
    item: Mapping[str, Any], parent: str, catalog: Catalog, everyone: frozenset[str], account: str
) -> LineFacts:
    product = item.get("product", {})
    offering = _id(item.get("productOffering"))
    root = root_of(catalog, offering or None, _id(product.get("productSpecification")) or None)
    return LineFacts(
        line=item["id"],
        action=item["action"],
        offering=offering,
        specification=root.id,
        quantity=item.get("quantity", 1),
        parent=parent,
        characteristics=_characteristics(product, root, item["action"]),
        places=tuple(
            PlaceFact(each.get("role", ""), each.get("id", ""), each.get("name", ""))
            for each in product.get("place", ())
        ),
        contacts=everyone | _roles(product.get("relatedParty", ())),
        appointment=_id(item.get("appointment")),
        billing_account=_id(item.get("billingAccount")) or account,
        priced=bool(item.get("itemPrice")),
    )


def _characteristics(product: Mapping[str, Any], root: Specification, action: str) -> dict[str, Any]:
    stated = {each["name"]: each.get("value") for each in product.get("productCharacteristic", ())}
    known = {name: value for name, value in stated.items() if value is not None}
    if action == "add":
        for each in root.characteristics:
            if each.default is not msgspec.UNSET:
                known.setdefault(each.name, each.default)
    return known


def _roles(parties: Any) -> frozenset[str]:
    return frozenset(each.get("role", "") for each in parties if each.get("id"))


def _party(parties: Any) -> str:
    """The party an order belongs to, by the same ranking of roles as at the door."""
    roles: dict[str, str] = {}
    for party in parties:
        roles.setdefault(party.get("role", "").casefold().replace(" ", ""), party.get("id", ""))
    first = parties[0].get("id", "") if parties else ""
    return next((roles[role] for role in _PARTY_ROLES if role in roles), first)


def _id(reference: Any) -> str:
    return str(reference.get("id", "")) if isinstance(reference, dict) else ""
