"""The compatibility actor: whether what an order builds fits what stands beside it, at approval and at completion.

At approval the order's lines are compared as they are to become (``actors/approval.py``), at completion as they were
built: a line that adds and does not fit is held until someone decides, of one that changes or takes away it is told
what does not fit any more. What was done is never undone. An approver's override counts at completion, too.

Installed products that the order names without changing them are asked how they stand, each time anew.
"""

from collections.abc import Iterator

from actors.appraisal import facts_of
from actors.behaviour import Decision, refused
from actors.captured import products_beside
from actors.compatibility_events import (
    CheckDue,
    FindingsAccepted,
    LinesChecked,
    LinesWatched,
    ProductSeen,
    ProductsLookedFor,
)
from actors.compatibility_state import OPEN, Compatibility
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
from actors.order_id import tenant_tag_of
from actors.people import next_instant
from actors.product_id import origin_of
from actors.review_events import Incompatibility
from actors.shared_inventory import STANDS
from actors.states import FINAL, S
from actors.structure import OrderGroup
from catalog.graph.nodes import SHARED
from catalog.model import Catalog
from catalog.policies.compatibility import (
    Side,
    findings_among,
    holds_any,
    installed_sides,
    ordered_sides,
)
from catalog.policies.facts import LineFacts
from catalog.store import Catalogs

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
            decision = look_beside(group, catalog, now)
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
        sides = [side for line in facts.lines for side in _built(group, catalog, line)]
        found = [
            Incompatibility(each.id, each.line, each.sentence)
            for each in findings_among(catalog, facts, [*sides, *seen_beside(group)])
            if each.id not in overridden
        ]
        news = tuple(
            each
            for each in found
            if each.line in lines
            or (group.lines[each.line].state in FINAL and kept.findings.get(each.id) != each)
        )
        if not lines and not news:
            return Decision()
        told = dict.fromkeys((*lines, *(each.line for each in news)))
        events: list[Event] = [LinesChecked(tuple(told), news)]
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


def look_beside(group: OrderGroup, catalog: Catalog, now: int) -> Decision:
    """Ask the installed products that the order names, where it has lines that must fit something."""
    if not catalog.horizontal:
        return Decision()
    order = group.order
    kept = group.compatibility or Compatibility()
    tenant = tenant_tag_of(order.id)
    wanted = []
    for product in products_beside(order.document):
        origin = origin_of(product)
        if origin is not None and origin[0] != order.id and tenant_tag_of(origin[0]) == tenant:
            wanted.append(product)
    new = tuple(product for product in wanted if product not in kept.looked_for)
    if not new or not any(
        holds_any(catalog, line.specification) for line in facts_of(group, catalog, now).lines
    ):
        return Decision()
    sends = [(product, LookAtProduct(order.id)) for product in new]
    return Decision([ProductsLookedFor(new)], sends=[*sends])


def seen_beside(group: OrderGroup) -> Iterator[Side]:
    """What stands of the installed products that the order names, as it was seen last."""
    kept = group.compatibility
    for seen in kept.seen.values() if kept is not None else ():
        picture = seen.stands
        if picture is not None:
            yield from installed_sides(picture, leaving=seen.state is S.PENDING_TERMINATE)


def _built(group: OrderGroup, catalog: Catalog, facts: LineFacts) -> Iterator[Side]:
    """What a line has built, is at work on, or leaves as it is; what it is yet to come to, as at approval."""
    line, of = group.lines[facts.line], f"line {facts.line}"
    missed = line.state in FINAL and line.state not in STANDS
    claim = group.reservations.claims.get(line.id) if group.reservations is not None else None
    picture = claim.picture if claim is not None else None
    if line.action == "delete":
        going = not missed
        if picture is not None:
            yield from (
                Side(of, node.specification, node.characteristics, facts, going) for node in picture.nodes
            )
        else:
            for side in ordered_sides(catalog, facts):
                yield Side(of, side.specification, side.values, facts, going)
        return
    if line.action == "noChange" or not line.decomposed:
        if not missed:
            yield from ordered_sides(catalog, facts)
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
