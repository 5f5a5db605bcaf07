"""What must hold for every order a catalog takes: each a check of one order, with a sentence when it fails."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from catalog.commerce.bundles import completed
from catalog.commerce.order_lines import priced_lines
from catalog.door import check_line
from catalog.graph.results import (
    QUANTITY_OUT_OF_RANGE,
    RULE_FAILED,
    RULES_DO_NOT_SETTLE,
    UNKNOWN_VALUE,
)
from catalog.model import Catalog
from catalog.refusals import CatalogRefusal
from catalog.trial.answering import Step
from catalog.trial.choosing import SIMPLEST, Choices
from catalog.trial.comparing import compared
from catalog.trial.dry_run import DryRun, TrialLine, dry_run
from catalog.trial.living import Lines, Seen, left_over, touched, unsteady, unwanted
from catalog.trial.rule_texts import rule_texts

Order = Mapping[str, Any]


class Broken(NamedTuple):
    """An invariant does not hold for this order, after what has happened to it `then`: items, and values given."""

    sentence: str
    order: Order
    then: tuple[Step, ...] = ()


Look = Callable[[Catalog, Lines, int, Choices], Seen]
"""Tells what is wrong with the products that lines make."""


class Invariant(Protocol):
    """Takes the catalog, an order in which all is stated, the same with gaps, when it comes in, and who chooses."""

    def __call__(
        self, catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST, /
    ) -> Broken | None:
        """What does not hold; None where all does."""


BROKEN: Final = frozenset({RULE_FAILED, RULES_DO_NOT_SETTLE, QUANTITY_OUT_OF_RANGE, "planCycle"})
"""Codes of what is held back although nothing is missing: the catalog contradicts itself."""


class Refused(Exception):
    """The catalog does not take the order; the sentence says why."""


def accepted(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """What the characteristics allow, the door takes: with everything stated, and with gaps."""
    for order in (whole, gapped):
        try:
            _lines(catalog, order, at)
        except Refused as refused:
            return Broken(str(refused), order)
    return None


def decomposes(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """Every order is decomposed: rules can be evaluated and settle, counts are possible, plans end."""
    for order in (whole, gapped):
        for line in _run(catalog, order, at).lines:
            for held in line.held_back:
                if held.code in BROKEN:
                    return Broken(f"line {line.line}: {held.sentence}", order)
    return None


def repeats(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """The same order gives the same graph and plan, in whatever sequence its lines stand."""
    for order in (whole, gapped):
        turned = {**order, "productOrderItem": list(reversed(order["productOrderItem"]))}
        differences = compared(_run(catalog, order, at), _run(catalog, turned, at))
        if differences:
            return Broken(f"in another sequence of lines: {differences[0]}", order)
    return None


def fillable(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """When everything is stated that an order can state, nothing waits for the requester without a deadline."""
    for line in _run(catalog, whole, at).lines:
        for held in line.held_back:
            if held.code == UNKNOWN_VALUE and held.awaits == "requester" and not held.deadline_ms:
                missing = ", ".join(held.missing)
                sentence = (
                    f"line {line.line} waits for ever for {missing}, which no item states: {held.sentence}"
                )
                return Broken(sentence, whole)
    return None


def grows(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """What is created while values are missing is still wanted when they are known."""
    known = {_place(order) for order in _run(catalog, whole, at).domain_orders}
    for order in _run(catalog, gapped, at).domain_orders:
        if _place(order) not in known and not order.sharing_key:
            line = order.referrers[0]
            return Broken(f"{order.path} of line {line} is created, and not wanted once all is known", gapped)
    return _told(unwanted, catalog, whole, gapped, at, choices)


def priced(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """An order in which everything is stated has a price, and no charge is below zero."""
    price = _run(catalog, whole, at).price
    for line in price.lines:
        for each in line.undetermined:
            missing = ", ".join(each.missing)
            return Broken(f"line {line.line}: price {each.price} depends on {missing}", whole)
        for charge in line.charges:
            told = charge.charged.told
            if told is None or told < 0:
                return Broken(f"line {line.line}: price {charge.price} is {told}", whole)
    return None


def steady(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """A product that is modified to what it is, or to the same twice, is not changed again."""
    return _told(unsteady, catalog, whole, gapped, at, choices)


def counted(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """When only a quantity changes, some come or go as a whole, and the others are not touched."""
    if any("line.quantity" in text for text in rule_texts(catalog)):
        return None  # the catalog says itself what a quantity does
    return _told(touched, catalog, whole, gapped, at, choices)


def removable(
    catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices = SIMPLEST
) -> Broken | None:
    """A delete takes away all that stands of a product and nothing else; shared services live while referred to."""
    return _told(left_over, catalog, whole, gapped, at, choices)


def _told(
    look: Look, catalog: Catalog, whole: Order, gapped: Order, at: int, choices: Choices
) -> Broken | None:
    try:
        lines = Lines(*([line.request for line in _lines(catalog, each, at)] for each in (whole, gapped)))
        sentence, then, with_gaps = look(catalog, lines, at, choices)
    except (Refused, CatalogRefusal):
        return None  # the business of `accepted`
    return Broken(sentence, gapped if with_gaps else whole, then) if sentence else None


INVARIANTS: Final[dict[str, Invariant]] = {
    "accepted": accepted,
    "decomposes": decomposes,
    "repeats": repeats,
    "fillable": fillable,
    "grows": grows,
    "priced": priced,
    "steady": steady,
    "counted": counted,
    "removable": removable,
}


def _place(order: Any) -> tuple[str, str]:
    return order.referrers[0], order.path


def _lines(catalog: Catalog, order: Order, at: int) -> list[TrialLine]:
    whole, unfit = completed(catalog, dict(order))
    for violation in unfit:
        raise Refused(f"{violation.pointer}: {violation.message}")
    lines = []
    for line in priced_lines(whole):
        for violation in check_line(catalog, line.request, "product", at):
            raise Refused(f"line {line.request.line} ({line.request.offering}): {violation.message}")
        lines.append(TrialLine(line.request, line.parent))
    return lines


def _run(catalog: Catalog, order: Order, at: int) -> DryRun:
    """The order's dry run; one that is refused is the business of `accepted`, and empty here."""
    try:
        return dry_run(catalog, _lines(catalog, order, at), at, at, explained=False)
    except (Refused, CatalogRefusal):
        return dry_run(catalog, (), at, at)
