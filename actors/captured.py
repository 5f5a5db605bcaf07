"""What people look at in an order's document, and how what they fill in gets into it.

Read only for orders that a policy concerns; what decomposition reads stands in ``actors/document.py``.
Sources: TMF622 v4.0 ``ProductOrder``, TMF641 v4.1 ``ServiceOrder`` and the parts of their items.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from actors.document_lines import CHANGING
from actors.remembering import remembered
from catalog.commerce.charges import PriceOverride
from catalog.commerce.money import decimal
from catalog.model import Catalog, Specification
from catalog.policies.facts import ROLES, LineFacts, OrderFacts, PlaceFact
from catalog.policies.model import URGENCY_ABSENT
from catalog.tree import root_of

Values = Mapping[str, Mapping[str, Any]]
"""Line -> field -> value; a field is a characteristic, or one of ``catalog.policies.facts.FIELDS``."""


class _Form(msgspec.Struct, frozen=True):
    """What the parts of an order are called."""

    items: str
    ordered: str
    characteristics: str
    specification: str


_PRODUCT: Final = _Form("productOrderItem", "product", "productCharacteristic", "productSpecification")
_SERVICE: Final = _Form("serviceOrderItem", "service", "serviceCharacteristic", "serviceSpecification")
_PARTY_ROLES: Final = ("owner", "orderingparty", "customer")
_NAMING: Final = (b'"productRelationship"', b'"serviceRelationship"', b'"noChange"')
"""What an order has where it names an installed product that it does not change."""
_read: Final = msgspec.json.Decoder(dict[str, Any]).decode
_write: Final = msgspec.json.Encoder(order="deterministic").encode


@remembered
def order_facts(document: bytes, catalog: Catalog) -> OrderFacts:
    """What the policies of a catalog read of an order; an order's document names only what that catalog has."""
    order = _read(document)
    form = _form_of(order)
    items = list(_items(order, form))
    everyone = _roles(order.get("relatedParty", ()))
    account = _id(order.get("billingAccount"))
    lines = tuple([_line(item, parent, catalog, form, everyone, account) for parent, item in items])
    channels = order.get("channel", ())
    return OrderFacts(
        lines=lines,
        customer=_party(order.get("relatedParty", ())),
        category=order.get("category", ""),
        channel=channels[0].get("id", "") if channels else "",
        urgency=_urgency(order.get("priority")),
        offerings=tuple(dict.fromkeys(line.offering for line in lines if line.offering)),
    )


def _form_of(order: Mapping[str, Any]) -> _Form:
    return _SERVICE if _SERVICE.items in order else _PRODUCT


def _items(order: Mapping[str, Any], form: _Form) -> Iterator[tuple[str, dict[str, Any]]]:
    """(id of the item around it, item) of every item, in document order, nested ones after the one around them."""
    ways = [("", item) for item in reversed(order.get(form.items, ()))]
    while ways:
        parent, item = ways.pop()
        yield parent, item
        ways.extend((item["id"], nested) for nested in reversed(item.get(form.items, ())))


@remembered
def products_beside(document: bytes) -> tuple[str, ...]:
    """The installed products that an order names and does not change, in the order of their ids."""
    if not any(word in document for word in _NAMING):
        return ()  # as nearly all orders are: they need not be read for it
    order = _read(document)
    form = _form_of(order)
    related = f"{form.ordered}Relationship"
    found: set[str] = set()
    for _, item in _items(order, form):
        ordered = item.get(form.ordered, {})
        found.update(_id(each.get(form.ordered)) for each in ordered.get(related, ()))
        if item["action"] not in CHANGING:
            found.add(_id(ordered))
    return tuple(sorted(found - {*products_changed(document).values(), ""}))


@remembered
def products_changed(document: bytes) -> dict[str, str]:
    """By line, the installed product that it changes or ends."""
    if not any(b'"%b"' % action.encode() in document for action in CHANGING):
        return {}
    order = _read(document)
    form = _form_of(order)
    return {
        item["id"]: _id(item.get(form.ordered))
        for _, item in _items(order, form)
        if item["action"] in CHANGING and _id(item.get(form.ordered))
    }


def filled(document: bytes, values: Values) -> bytes:
    """The document with these values in it: the same fields of a line are replaced, all else stays."""
    order = _read(document)
    form = _form_of(order)
    for _, item in _items(order, form):
        for field, value in values.get(item["id"], {}).items():
            _fill(item, form, field, value)
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


def _fill(item: dict[str, Any], form: _Form, field: str, value: Any) -> None:
    kind, _, role = field.partition(".")
    if kind == "place":
        _put(_within(item, form.ordered), "place", "role", role or value.get("role", ""), value)
    elif kind == "contact":
        _put(_within(item, form.ordered), "relatedParty", "role", role or value.get("role", ""), value)
    elif field == "price":
        return  # no part of the document: what was computed stands beside it
    elif field in ("appointment", "billingAccount"):
        item[field] = value
    else:
        _put(_within(item, form.ordered), form.characteristics, "name", field, {"value": value})


def _within(item: dict[str, Any], name: str) -> dict[str, Any]:
    inner: dict[str, Any] = item.setdefault(name, {})
    return inner


def _put(owner: dict[str, Any], name: str, key: str, wanted: str, value: Mapping[str, Any]) -> None:
    """Replace the entry of a list whose ``key`` is ``wanted``, or add it."""
    entries = list(owner.get(name, ()))
    for place, entry in enumerate(entries):
        if entry.get(key) == wanted:
            entries[place] = {**(entry if key == "name" else {}), **value, key: wanted}
            break
    else:
        entries.append({**value, key: wanted})
    owner[name] = entries


def _line(
    item: Mapping[str, Any],
    parent: str,
    catalog: Catalog,
    form: _Form,
    everyone: frozenset[str],
    account: str,
) -> LineFacts:
    ordered = item.get(form.ordered, {})
    offering = _id(item.get("productOffering"))
    named = _id(ordered.get(form.specification))
    # A line that changes an installed product need not say what that is.
    root = root_of(catalog, offering or None, named or None) if offering or named else None
    return LineFacts(
        line=item["id"],
        action=item["action"],
        offering=offering,
        specification=root.id if root is not None else "",
        quantity=item.get("quantity", 1),
        parent=parent,
        characteristics=_characteristics(ordered.get(form.characteristics, ()), root, item["action"]),
        places=tuple(
            PlaceFact(each.get("role", ""), each.get("id", ""), each.get("name", ""))
            for each in ordered.get("place", ())
        ),
        contacts=everyone | _roles(ordered.get("relatedParty", ())),
        appointment=_id(item.get("appointment")),
        billing_account=_id(item.get("billingAccount")) or account,
        priced=bool(item.get("itemPrice")),
    )


def _characteristics(stated: Any, root: Specification | None, action: str) -> dict[str, Any]:
    known = {each["name"]: each["value"] for each in stated if each.get("value") is not None}
    if action == "add" and root is not None:
        for each in root.characteristics:
            if each.default is not msgspec.UNSET:
                known.setdefault(each.name, each.default)
    return known


def _urgency(priority: Any) -> int:
    """TMF's priority, 0 the highest; a service order may say anything there."""
    text = str(priority)
    return int(text) if text in ("0", "1", "2", "3", "4") else URGENCY_ABSENT


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
