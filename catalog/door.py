"""The door: whether a line may come in, with every violation at once and where it stands in the TMF JSON."""

from collections.abc import Callable
from typing import Any

import msgspec

from catalog.characteristics import accepts, faults
from catalog.lines import LineRequest
from catalog.model import (
    CHANGEABLE_STATUSES,
    LINE_ACTIONS,
    ORDERABLE_STATUSES,
    Catalog,
    CharacteristicSpecification,
    Kind,
    Specification,
)
from catalog.refusals import CatalogRefusal, NothingOrdered, QuantityOutOfRange
from catalog.tree import LINE_DOMAIN_ORDERS_MAX, Tree, refuse_beyond_maximum, tree_of
from catalog.validity import TimePeriod, instant_text

CHARACTERISTIC_POINTERS: dict[Kind, str] = {
    "product": "/product/productCharacteristic",
    "service": "/service/serviceCharacteristic",
    "resource": "/resource/resourceCharacteristic",
}
SPECIFICATION_POINTERS: dict[Kind, str] = {
    "product": "/product/productSpecification/id",
    "service": "/service/serviceSpecification/id",
    "resource": "/resource/resourceSpecification/id",
}


class Violation(msgspec.Struct, frozen=True):
    """One reason not to accept a line.

    `pointer` is a JSON pointer relative to the order item. When `characteristic` is set the pointer is that
    of the characteristic array; only the caller knows the position in it.
    """

    pointer: str
    code: str
    message: str
    characteristic: str | None = None


def check_line(
    catalog: Catalog, request: LineRequest, captured_as: Kind | None = None, at: int | None = None
) -> tuple[Violation, ...]:
    """Every violation of form and range on this line; empty when it may come in.

    `captured_as` is the kind of order the line arrived in (TMF622 product, TMF641 service, TMF652 resource);
    when given, a specification named directly must be of that kind. `at` (ms since 1970 UTC) is when it is ordered;
    when given, offering and specification must be valid then. Nothing is raised for what a requester can get wrong.
    """
    door = catalog.compiled.get(("door", request.offering, request.specification, request.action))
    if door is None:
        if request.action not in LINE_ACTIONS:
            return (_unknown_action(request),)
        refused = _refused_reference(catalog, request, captured_as)
        if refused:
            return refused
        door = _compile(catalog, request)
    checks = door.checks
    for name, value in request.characteristics.items():
        check = checks.get(name)
        if check is None or (value is not None and not check(value)):
            return _violations(door, request, captured_as, at)
    if (
        door.lasting
        or (door.periods and _outside(door, at))
        or door.counted
        or type(request.quantity) is not int
        or not 1 <= request.quantity <= door.quantity_max
        or (captured_as is not None and captured_as != door.kind)
    ):
        return _violations(door, request, captured_as, at)
    characteristics = request.characteristics
    for name in door.mandatory:
        if characteristics.get(name) is None:
            return _violations(door, request, captured_as, at)
    return ()


def sells_by_date(catalog: Catalog) -> bool:
    """Whether it matters when a line is ordered: some offering or specification is valid for a time only."""
    dated: bool | None = catalog.compiled.get("dated")
    if dated is None:
        dated = any(each.valid_for is not None for each in catalog.offerings.values()) or any(
            each.valid_for is not None for each in catalog.specifications.values()
        )
        catalog.compiled["dated"] = dated
    return dated


Period = tuple[str, str, TimePeriod]
"""When a line may come in: the pointer to complain at, what is offered then, and from when to when."""


class _Door:
    """What is checked on lines of one offering or specification and one action, compiled."""

    __slots__ = (
        "checks",
        "counted",
        "kind",
        "lasting",
        "mandatory",
        "periods",
        "quantity_max",
        "specifications",
        "tree",
    )

    def __init__(
        self, root: Specification, tree: Tree | None, lasting: tuple[Violation, ...], add: bool
    ) -> None:
        self.tree = tree
        self.periods: tuple[Period, ...] = ()
        """When a line may come in, all of them; none for ever."""
        self.kind: Kind = root.kind
        self.lasting = lasting
        self.checks: dict[str, Callable[[Any], bool]] = {
            each.name: accepts(each) for each in root.characteristics
        }
        self.specifications: dict[str, CharacteristicSpecification] = {
            each.name: each for each in root.characteristics
        }
        self.mandatory = tuple(
            each.name
            for each in root.characteristics
            if add and each.mandatory and each.configurable and each.default is msgspec.UNSET
        )
        self.counted = tree is not None and tree.counted
        size = len(tree.fixed.orders) if tree is not None and tree.fixed is not None else 1
        self.quantity_max = LINE_DOMAIN_ORDERS_MAX // max(1, size)


def _compile(catalog: Catalog, request: LineRequest) -> _Door:
    """The door for this line's reference, kept with the catalog; the reference is known to be good."""
    offering, specification, action = request.offering, request.specification, request.action
    tree = tree_of(catalog, offering, specification, action if action != "noChange" else "modify")
    lasting = []
    status = tree.root.lifecycle_status
    sold, pointer = f"specification {tree.root.id}", SPECIFICATION_POINTERS[tree.root.kind]
    if offering is not None:
        status = catalog.offerings[offering].lifecycle_status
        sold, pointer = f"offering {offering}", "/productOffering/id"
    if status not in (ORDERABLE_STATUSES if action == "add" else CHANGEABLE_STATUSES):
        lasting.append(Violation(pointer, "not-orderable", f"{sold} is {status}: {action} is not possible"))
    door = _Door(tree.root, None if action == "noChange" else tree, tuple(lasting), action == "add")
    if action == "add":
        # What is installed may be changed and ended for ever; only selling ends.
        periods = [(pointer, tree.root.id, tree.root.valid_for)]
        if offering is not None:
            periods.insert(0, (pointer, sold, catalog.offerings[offering].valid_for))
        door.periods = tuple((at, what, period) for at, what, period in periods if period is not None)
    catalog.compiled[("door", offering, specification, action)] = door
    return door


def _unknown_action(request: LineRequest) -> Violation:
    message = f"action {request.action!r} is none of {', '.join(LINE_ACTIONS)}"
    return Violation("/action", "unknown-action", message)


def _refused_reference(
    catalog: Catalog, request: LineRequest, captured_as: Kind | None
) -> tuple[Violation, ...]:
    try:
        root = tree_of(catalog, request.offering, request.specification, "modify").root
    except NothingOrdered as refusal:
        pointer = (
            SPECIFICATION_POINTERS[captured_as]
            if captured_as not in (None, "product")
            else "/productOffering"
        )
        return (Violation(pointer, refusal.code, refusal.message),)
    except CatalogRefusal as refusal:
        pointer = "/productOffering/id"
        if request.offering is None:
            pointer = SPECIFICATION_POINTERS[captured_as or "product"]
        return (Violation(pointer, refusal.code, refusal.message),)
    if request.offering is not None and request.specification not in (None, root.id):
        message = f"offering {request.offering} is of specification {root.id}, not {request.specification}"
        return (Violation(SPECIFICATION_POINTERS["product"], "specification-mismatch", message),)
    return ()


def _outside(door: _Door, at: int | None) -> list[Period]:
    """The periods that an instant does not lie in; without an instant none is looked at."""
    return [period for period in door.periods if at is not None and not period[2].covers(at)]


def _violations(
    door: _Door, request: LineRequest, captured_as: Kind | None, at: int | None
) -> tuple[Violation, ...]:
    """The slow way: everything that is wrong, in words."""
    found = list(door.lasting)
    for pointer, what, period in _outside(door, at):
        message = f"{what} is offered {period}, not at {instant_text(at or 0)}"
        found.append(Violation(pointer, "not-valid-now", message))
    if captured_as is not None and captured_as != door.kind:
        message = f"a {captured_as} order cannot name a {door.kind} specification"
        found.append(Violation(SPECIFICATION_POINTERS[captured_as], "wrong-kind", message))
    pointer = CHARACTERISTIC_POINTERS[door.kind]
    bad = set()
    for name, value in request.characteristics.items():
        specification = door.specifications.get(name)
        if specification is None:
            known = ", ".join(door.specifications) or "none"
            message = f"there is no characteristic {name}; there are: {known}"
            found.append(Violation(pointer, "unknown-characteristic", message, name))
        elif value is not None:
            for code, sentence in faults(specification, value):
                bad.add(name)
                found.append(Violation(pointer, code, sentence, name))
    for name in door.mandatory:
        if request.characteristics.get(name) is None:
            found.append(
                Violation(pointer, "missing-characteristic", f"characteristic {name} is mandatory", name)
            )
    found.extend(_quantity_violations(door, request, pointer, bad))
    return tuple(found)


def _quantity_violations(door: _Door, request: LineRequest, pointer: str, bad: set[str]) -> list[Violation]:
    quantity = request.quantity
    if type(quantity) is not int or quantity < 1:
        return [
            Violation("/quantity", QuantityOutOfRange.code, f"quantity is {quantity!r}, order at least 1")
        ]
    if door.tree is None:
        return []
    try:
        size = door.tree.size(request.characteristics)
        refuse_beyond_maximum(quantity * size, door.tree.root.id)
    except QuantityOutOfRange as refusal:
        if refusal.characteristic is None:
            return [Violation("/quantity", refusal.code, refusal.message)]
        if refusal.characteristic in bad:  # its own fault is already reported
            return []
        return [Violation(pointer, refusal.code, refusal.message, refusal.characteristic)]
    return []
