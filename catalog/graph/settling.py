"""Growing all parts of an order's graph until nothing moves any more.

Values flow down while a part grows; mappings and rules that read elsewhere go round until two rounds come to the
same. What a round is does not depend on the order of the lines, so neither does what they settle to.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from catalog.graph.asking import Surroundings, part_name, reachable
from catalog.graph.combining import combined
from catalog.graph.frames import Values, frame_of
from catalog.graph.growing import NOTHING_WRITTEN, Pass, Told, Written
from catalog.graph.nodes import SHARED, Part, Referral, shared_path, shared_text
from catalog.graph.picture import NOTHING_INSTALLED, Picture
from catalog.graph.results import RULES_DO_NOT_SETTLE, SHARED_VALUES_DIFFER, Contribution
from catalog.graph.spreading import spread
from catalog.installed import InstalledShared
from catalog.lines import HeldBack, LineRequest
from catalog.model import Catalog
from catalog.rules.outcome import NOT_APPLICABLE

ROUNDS_MAX: Final = 24
"""A value that goes on from part to part needs a round for each step; rules that need more do not settle."""


class Order(msgspec.Struct, frozen=True):
    """What the lines of one order are grown from. The same order gives the same graph.

    `lines` are all of its lines that have rules, `told` what was said since, by line ("" for shared nodes),
    `known` what referrers that are not grown anew asked of shared nodes, `shared` the installed shared nodes that may
    be meant, `about` what rules read under `order`. `at_ms` is the order's date, by which validity is judged.
    """

    catalog: Catalog
    lines: Mapping[str, LineRequest]
    told: Mapping[str, Told] = {}
    known: Mapping[str, Mapping[str, Contribution]] = {}
    shared: tuple[InstalledShared, ...] = ()
    about: Mapping[str, Any] = {}
    at_ms: int = 0


class Settling:
    """The rounds of one growth."""

    def __init__(self, order: Order, lines: Iterable[str]) -> None:
        self.order = order
        self.lines = dict.fromkeys(lines)
        self.parts: dict[str, Part] = {}
        self.written: dict[str, Written] = {}
        self.surroundings = Surroundings(order.catalog, partial(_scopes, order))
        self.asked: dict[str, dict[str, Contribution]] = {}
        self.referrals: dict[str, Referral] = {}
        """One of those that lead to each shared node: they all say the same of it."""
        self.mapped: set[str] = set()
        """Parts that were ever written into: they are grown again with what is written now."""
        # Only who refers to something installed can be one of ours.
        self.products = frozenset(
            request.product for request in order.lines.values() if order.shared and request.product
        )
        self.pictures = {(each.specification, each.sharing_key): each for each in order.shared}

    def settle(self) -> "Settling":
        """Grow until two rounds come to the same: then `parts` are the answer, and `asked` what is asked of whom."""
        for _ in range(ROUNDS_MAX):
            if not self._round():
                return self
        self._give_up()
        return self

    def _round(self) -> bool:
        """One round over all that may not have settled; whether anything moved."""
        before = self.parts
        grown = {
            line: self._line(line)
            for line in self.lines
            if line not in before or before[line].reads or line in self.mapped
        }
        parts = {**{name: part for name, part in before.items() if part.line}, **grown}
        self._share(parts, before)
        self.parts = self.surroundings.before = parts
        written = self.written
        if any(node.frame.mappings for part in parts.values() for node in part.nodes):
            self.written = spread(self.surroundings, parts, self.order.told)
            self.mapped.update(self.written)
        if written != self.written:
            return True
        if not any(part.reads for part in parts.values()):
            return False
        return parts.keys() != before.keys() or any(
            not part.same(before.get(name)) for name, part in parts.items()
        )

    def _line(self, line: str) -> Part:
        request = self.order.lines[line]
        picture = Picture(request.installed.nodes) if request.installed is not None else NOTHING_INSTALLED
        return self._pass(request, line, picture).line()

    def _pass(self, request: LineRequest, name: str, picture: Picture) -> Pass:
        return Pass(
            self.order.catalog,
            request,
            self.surroundings,
            self.order.told.get(request.line, _NOTHING_TOLD),
            self.written.get(name, NOTHING_WRITTEN),
            picture,
            self.order.at_ms,
            self.order.known,
        )

    # -- what is shared -------------------------------------------------------------------------------------------

    def _share(self, parts: dict[str, Part], before: Mapping[str, Part]) -> None:
        """Grow every shared node that the parts refer to, and those that these refer to in turn."""
        self.asked = {}
        ways = list(parts.values())
        touched: dict[str, None] = {}
        while ways or touched:
            for part in ways:
                for referral in part.referrals:
                    self._refer(part, referral)
                    touched[referral.shared] = None
            ways, regrown, touched = [], sorted(touched), {}
            for key in regrown:
                if not self.asked[key]:
                    parts.pop(key, None)
                    continue
                part = self.shared_part(key, {name: each.values for name, each in self.asked[key].items()})
                known = parts.get(key)
                # Met again below itself, it is grown again with what is asked of it now, until nothing new comes.
                if known is None or not part.same(known):
                    if known is not None:
                        touched.update(self._forget(known))
                    parts[key] = part
                    ways.append(part)

    def _forget(self, part: Part) -> dict[str, None]:
        """Take back what a part asked before it was grown again; gives the shared nodes that it asked."""
        for referral in part.referrals:
            for name, each in list(self.asked[referral.shared].items()):
                if each.owner == part_name(part):
                    del self.asked[referral.shared][name]
        return dict.fromkeys(referral.shared for referral in part.referrals)

    def _refer(self, part: Part, referral: Referral) -> None:
        self.referrals[referral.shared] = referral
        asked = self.asked.get(referral.shared)
        if asked is None:
            asked = self.asked[referral.shared] = self._others(referral)
        above = referral.parent.domain_order() if referral.parent is not None else ""
        owner = part_name(part)
        request = self.order.lines.get(part.line)
        name = f"{(request.product if request is not None else '') or owner}/{referral.place}"
        asked[name] = Contribution(owner, above, referral.values)

    def _others(self, referral: Referral) -> dict[str, Contribution]:
        """What those ask who are not grown here: installed products, and lines that were grown before."""
        asked: dict[str, Contribution] = {}
        installed = self.picture(referral)
        if installed is not None:
            for referrer, values in installed.nodes[0].referrers.items():
                if referrer.partition("/")[0] not in self.products:
                    asked[referrer] = Contribution("", "", values)
        for referrer, contribution in self.order.known.get(referral.shared, {}).items():
            if contribution.owner in self.order.lines and contribution.owner not in self.lines:
                asked[referrer] = contribution
                if self._maps_outward(referral.child.specification):
                    self.lines[contribution.owner] = None
        return asked

    def picture(self, referral: Referral) -> InstalledShared | None:
        """The installed node of this sharing key."""
        return self.pictures.get((referral.child.specification, shared_text(referral.sharing_key)))

    def _maps_outward(self, specification: str) -> bool:
        """Whether mappings below a shared node write outside of it, so that its other referrers must be looked at."""
        catalog = self.order.catalog
        inside = reachable(catalog, specification)
        return any(
            mapping.target not in inside
            for each in inside
            for mapping in catalog.specifications[each].mappings
        )

    def shared_part(self, key: str, asked: Mapping[str, Values]) -> Part:
        """A shared node and all below it, for what its referrers ask."""
        referral = self.referrals[key]
        child = referral.child
        values, differences = combined(child.frame.combinations, asked)
        installed = self.picture(referral)
        picture = Picture(installed.nodes) if installed is not None else NOTHING_INSTALLED
        request = LineRequest(SHARED, child.frame.action)
        frame = frame_of(
            self.order.catalog, child.specification, "modify" if installed else "add", child.frame.intent
        )
        path = shared_path(child.specification, referral.sharing_key)
        base = dict(installed.nodes[0].characteristics) if installed is not None else frame.initial()
        text = shared_text(referral.sharing_key)
        part = self._pass(request, key, picture).shared(key, path, frame, {**base, **values}, text)
        for difference in differences:
            held = f"{key}|{difference.characteristic}|sharing"
            if self.order.told.get(SHARED, _NOTHING_TOLD).decided.get(held) is False:
                continue
            part.held[held] = HeldBack(
                held,
                key,
                path,
                child.relationship,
                child.specification,
                "sharing key",
                child.frame.sharing.text if child.frame.sharing is not None else "",
                (),
                SHARED_VALUES_DIFFER,
                f"{path}: {difference}",
                "operator",
            )
        return part

    # -- what does not settle -------------------------------------------------------------------------------------

    def _give_up(self) -> None:
        restless = sorted(
            f"{path}.{name}"
            for written in self.written.values()
            for path, values in written.values.items()
            for name in values
        )
        for name, part in self.parts.items():
            if name not in self.written and not part.reads:
                continue
            root = part.roots[0] if part.roots else None
            key = f"{name}|settling"
            sentence = f"rules do not settle after {ROUNDS_MAX} rounds; still writing: {', '.join(restless)}"
            part.held[key] = HeldBack(
                key, root.domain_order() if root is not None else part.line or name,
                root.path if root is not None else "", "", "", "", "", (), RULES_DO_NOT_SETTLE, sentence, "operator",
            )  # fmt: skip


def _scopes(order: Order, line: str) -> Mapping[str, Any]:
    """What rules read of the order and of a line of it."""
    request = order.lines.get(line)
    # What is shared belongs to no line: nothing is to be read of one there, now or later.
    about: dict[str, Any] = {"order": order.about, "line": NOT_APPLICABLE}
    if request is not None:
        about["line"] = {
            "id": request.line,
            "action": request.action,
            "intent": request.intent,
            "quantity": request.quantity,
            "offering": request.offering,
            "specification": request.specification,
            "product": request.product or None,
            "place": request.place,
        }
    return about


_NOTHING_TOLD: Final = Told()
