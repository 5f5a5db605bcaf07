"""The compatibility actor: whether what an order builds fits what stands beside it, at approval and at completion.

At approval the order's lines are compared as they are to become (``actors/approval.py``), at completion as they were
built: a line that adds and does not fit is held until someone decides, of one that changes or takes away it is told
what does not fit any more. What was done is never undone. An approver's override counts at completion, too.

Installed products that the order names without changing them, and those that it was told its customer has, are asked
how they stand, each time anew; those that it changes once, before anything is done to them.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from actors.appraisal import facts_of
from actors.behaviour import Decision, refused
from actors.beside import Beside
from actors.compatibility_events import (
    CheckDue,
    CustomerSearched,
    FindingsAccepted,
    LinesChecked,
    LinesWatched,
    ProductSeen,
    ProductsLookedFor,
)
from actors.compatibility_state import OPEN, Compatibility
from actors.customer_products import NOTHING_LOOKED_FOR, CustomerProducts
from actors.fact import Event
from actors.graph import Graph
from actors.inside import (
    COMPATIBILITY,
    LINES,
    ORDER,
    REVIEW,
    ROLL_UP,
    AcceptFindings,
    CheckLine,
    CheckSeen,
    LinesFell,
    RollUp,
    Settle,
)
from actors.inventory import orders_of
from actors.line import standing
from actors.message import Message
from actors.messages_of_products import LookAtProduct, ProductShown
from actors.people import next_instant
from actors.review_events import Incompatibility
from actors.shared_inventory import STANDS
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.graph.nodes import SHARED
from catalog.installed import InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.compatibility import findings_among
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.policies.fitting import CompatibilityFinding
from catalog.policies.horizontal import holds_any
from catalog.policies.sides import Side, installed_sides, ordered_sides, replaced_sides
from catalog.store import Catalogs

LOOK_AGAIN_AFTER_MS: Final = 10_000
"""How old what was seen of a customer's products may be when a line ends: large orders end line by line."""
_ABSENT = frozenset({S.CANCELLED, S.FAILED})


class CompatibilityActor:
    """Decides what stands against an order's lines once their work is done."""

    def __init__(self, catalogs: Catalogs) -> None:
        self.catalogs = catalogs

    def decide(self, group: OrderGroup, message: Message, now: int) -> Decision:
        """Decide one message. ``now`` is in milliseconds since 1970 UTC."""
        kept = group.compatibility
        if isinstance(message, ProductShown):
            return self._seen(group, kept or Compatibility(), message)
        if kept is None:
            return Decision()
        if isinstance(message, AcceptFindings):
            accepted = FindingsAccepted(message.line, message.by, message.reason)
            return Decision([accepted], [(LINES, RollUp((message.line,)))])
        catalog = self.catalogs.get(group.order.catalog)
        if isinstance(message, LinesFell):
            return self._checked(group, kept, catalog, (), now)
        if isinstance(message, CheckSeen):
            return self._checked(group, kept, catalog, tuple(kept.due), now)
        if isinstance(message, CheckLine):
            if message.line not in kept.lines or message.line in kept.due:
                return Decision()
            lines = (message.line, *_done(group, kept, message.line))
            decision = look_again(group, kept, catalog, message.line, now)
            if decision.events or kept.looked_for:
                decision.events.append(CheckDue(lines))
                decision.inside = [(LINES, RollUp(lines)), (ORDER, ROLL_UP)]
                return decision
            return self._checked(group, kept, catalog, lines, now)
        return refused("unknownMessage", f"compatibility does not understand {type(message).__name__}")

    def _seen(self, group: OrderGroup, kept: Compatibility, message: ProductShown) -> Decision:
        if group.order.state in FINAL:
            return Decision()
        if message.product not in kept.looked_for:
            return refused("notAsked", f"the order does not look for product {message.product}")
        decision = Decision([ProductSeen(message.product, message.state, message.picture)])
        if len(kept.looked_for) > 1:
            return decision
        if group.order.in_review and group.review is not None:
            decision.inside.append((REVIEW, Settle(next_instant(group.review.tasks.values()))))
        elif kept.due:
            decision.inside.append((COMPATIBILITY, CheckSeen()))
        return decision

    @staticmethod
    def _checked(
        group: OrderGroup, kept: Compatibility, catalog: Catalog, lines: tuple[str, ...], now: int
    ) -> Decision:
        """Compare what was built; what does not fit of lines that have ended is told, too."""
        facts = facts_of(group, catalog, now)
        overridden = group.review.overrides if group.review is not None else {}
        known = {**kept.findings, **kept.overridden}
        found = [
            Incompatibility(each.id, each.line, each.sentence) for each in _found_built(group, catalog, facts)
        ]
        late = [
            each.line
            for each in found
            if group.lines[each.line].state in FINAL and known.get(each.id) != each
        ]
        if not lines and not late:
            return Decision()
        told = dict.fromkeys((*lines, *late))
        news = [each for each in found if each.line in told]
        checked = LinesChecked(
            tuple(told),
            tuple(each for each in news if each.id not in overridden),
            tuple(each for each in news if each.id in overridden),
        )
        events: list[Event] = [checked]
        return Decision(events, [(LINES, RollUp(lines)), (ORDER, ROLL_UP)] if lines else [])


def watched(group: OrderGroup, catalog: Catalog, now: int) -> list[Event]:
    """The lines that state or meet a compatibility and do something: they are checked before they are completed."""
    if not catalog.horizontal:
        return []
    lines = [
        line.line
        for line in facts_of(group, catalog, now).lines
        if line.action != "noChange" and holds_any(catalog, line.specification)
    ]
    return [LinesWatched(tuple(lines))] if lines else []


def _done(group: OrderGroup, kept: Compatibility, line: str) -> list[str]:
    """The other lines that have ended their work: they are compared at one time."""
    return [
        each
        for each, check in kept.lines.items()
        if each != line
        and check == OPEN
        and each not in kept.due
        and group.lines[each].state not in FINAL
        and standing(group.lines[each]) is S.COMPLETED
    ]


def look_beside(
    group: OrderGroup, catalog: Catalog, now: int, customer: CustomerProducts | None = None
) -> Decision:
    """Ask the installed products that the order has to do with, where it has lines that must fit something.

    :param customer: what was found of its customer's products; None: what was found before.
    """
    if not catalog.horizontal:
        return Decision()
    kept = group.compatibility or Compatibility()
    decision = Decision()
    if customer is not None and customer != kept.customer:
        decision.events.append(CustomerSearched(customer))
    facts = facts_of(group, catalog, now)
    beside = _beside(group, customer)
    wanted = dict.fromkeys((*beside.products(), *beside.changed(catalog, facts).values()))
    _ask(decision, group, catalog, facts, wanted)
    return decision


def look_again(group: OrderGroup, kept: Compatibility, catalog: Catalog, line: str, now: int) -> Decision:
    """The same once a line has built something: what lines change shows in their own work."""
    decision, beside = Decision(), _beside(group)
    recent = kept.looked_again > 0 and now < kept.looked_again + LOOK_AGAIN_AFTER_MS
    whole = not recent or kept.lines[line] != OPEN
    wanted = beside.products() if whole else beside.named()
    _ask(decision, group, catalog, facts_of(group, catalog, now), wanted, again=whole)
    return decision


def _ask(
    decision: Decision,
    group: OrderGroup,
    catalog: Catalog,
    facts: OrderFacts,
    wanted: Iterable[str],
    *,
    again: bool = False,
) -> None:
    kept = group.compatibility or Compatibility()
    new = tuple(product for product in wanted if product not in kept.looked_for)
    if new and any(holds_any(catalog, line.specification) for line in facts.lines):
        decision.events.append(ProductsLookedFor(new, again))
        decision.sends += [(product, LookAtProduct(group.order.id)) for product in new]


def found_beside(group: OrderGroup, catalog: Catalog, facts: OrderFacts) -> tuple[CompatibilityFinding, ...]:
    """What stands against the order as it is to become, beside what was seen of installed products."""
    kept = group.compatibility or Compatibility()
    return _beside(group).findings(catalog, facts, kept.seen)


def _found_built(group: OrderGroup, catalog: Catalog, facts: OrderFacts) -> tuple[CompatibilityFinding, ...]:
    """What stands against the order as it was built, beside what was seen of installed products."""
    kept, beside = group.compatibility or Compatibility(), _beside(group)
    over = beside.over(_pictures(group, beside.changed(catalog, facts)))
    sides = [side for line in facts.lines for side in _built(group, catalog, line, over.get(line.line))]
    before = [side for line in facts.lines for side in replaced_sides(catalog, line, over.get(line.line))]
    found = findings_among(catalog, facts, [*sides, *beside.sides(kept.seen)], before)
    return (*found, *beside.unseen(catalog, facts))


def _pictures(group: OrderGroup, changed: dict[str, str]) -> dict[str, InstalledProduct]:
    """By line, the product that it changes or ends as it stood before."""
    claims = group.reservations.claims if group.reservations is not None else {}
    seen = group.compatibility.seen if group.compatibility is not None else {}
    found = {}
    for line, product in changed.items():
        claim = claims.get(line)
        picture = claim.picture if claim is not None else None
        if picture is None and product in seen:
            picture = seen[product].stands
        if picture is not None:
            found[line] = picture
    return found


def _beside(group: OrderGroup, customer: CustomerProducts | None = None) -> Beside:
    if customer is None:
        customer = group.compatibility.customer if group.compatibility is not None else NOTHING_LOOKED_FOR
    return Beside(group.order.id, group.order.document, customer)


def _built(group: OrderGroup, catalog: Catalog, facts: LineFacts, over: LineRequest | None) -> Iterator[Side]:
    """What a line has built, is at work on, or leaves as it is; what it is yet to come to, as at approval."""
    line, of = group.lines[facts.line], f"line {facts.line}"
    missed = line.state in FINAL and line.state not in STANDS
    claim = group.reservations.claims.get(line.id) if group.reservations is not None else None
    picture = claim.picture if claim is not None else None
    if picture is None and over is not None:
        picture = over.installed
    if line.action == "delete":
        if picture is None:
            for side in ordered_sides(catalog, facts):
                yield Side(of, side.specification, side.values, facts, not missed)
        elif missed:
            yield from installed_sides(picture)  # it stands as if no line had named it
        else:
            for node in picture.nodes:
                yield Side(of, node.specification, node.characteristics, facts, True)
        return
    if line.action == "noChange" or not line.decomposed:
        if not missed:
            yield from ordered_sides(catalog, facts, over)
        return
    graph = group.decomposition.graph or Graph()
    standing = {node.id: node.characteristics for node in picture.nodes} if picture is not None else {}
    told = graph.facts.get(line.id)
    given = {
        **facts.characteristics,
        **(told.values.get(facts.specification, {}) if told is not None else {}),
    }
    changed: set[str] = set()
    specifications: set[str] = set()
    for order in orders_of(group, line.id):
        place = graph.grown.get(order.key)
        installed = place.installed if place is not None else ""
        if order.state in _ABSENT or (missed and order.state not in STANDS):
            continue
        changed.add(installed)
        specifications.add(order.specification)
        values = {**standing.get(installed, {}), **order.characteristics}
        yield Side(of, order.specification, values, facts, order.action == "delete")
    for key in graph.keys((SHARED,)):
        order = group.decomposition.domain_orders[key]
        if line.id in order.referrers and order.state not in _ABSENT:
            changed.add(graph.grown[key].installed)
            yield Side(of, order.specification, order.characteristics, facts, order.action == "delete")
    for shared in group.reservations.shared.values() if group.reservations is not None else ():
        if line.id in shared.lines and shared.picture is not None:
            yield from (
                Side(of, node.specification, node.characteristics, facts)
                for node in shared.picture.nodes
                if node.id not in changed
            )
    for node in picture.nodes if picture is not None else ():
        if node.id not in changed:
            values = node.characteristics if node.parent or missed else {**node.characteristics, **given}
            yield Side(of, node.specification, values, facts)
            specifications.add(node.specification)
    if facts.specification and facts.specification not in specifications and not missed:
        yield Side(of, facts.specification, given, facts)
