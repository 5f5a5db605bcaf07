"""What lines of an order settle to: which of them grow, what they refer to, what is held back and who brings it."""

from functools import cached_property

import msgspec

from catalog.graph.bringing import bringers
from catalog.graph.growing import root_frame
from catalog.graph.nodes import Part, shared_text
from catalog.graph.referring import referrers_of
from catalog.graph.results import INSTALLED_UNKNOWN, NOT_POSSIBLE, UNKNOWN_VALUE
from catalog.graph.settling import Order, Settling
from catalog.lines import HeldBack, LineRequest
from catalog.model import Catalog
from catalog.tree import ORDERED

ENDED = frozenset({"terminated", "aborted", "cancelled"})
"""Statuses of an installed product that nothing can be done to any more."""


class Settled:
    """Some lines of an order as they settled: `wish` are their parts, `deleting` those that follow what is installed.

    Whoever only wants to know what they wait for and what they refer to need not have the graph put together.
    """

    def __init__(self, order: Order, lines: tuple[str, ...]) -> None:
        self.order = order
        self.catalog: Catalog = order.catalog
        self.lines = lines
        self.held: dict[str, dict[str, HeldBack]] = {line: {} for line in lines}
        """What is held back in each line, by key. A plan that waits for itself shows once the graph is put together."""
        growing, self.deleting = self._sorted()
        self.wish = Settling(order, growing).settle()
        unmet = {line: part.unmet for line, part in self.wish.parts.items() if part.unmet}
        if unmet:
            for line, sentence in unmet.items():
                self._refuse(line, order.lines[line], NOT_POSSIBLE, sentence)
            self.wish = Settling(order, [line for line in growing if line not in unmet]).settle()
        self.contributions = self.wish.asked
        """What is asked of each shared node, by referrer."""
        self.referrers = referrers_of(self.wish.asked)
        self._hold()

    @property
    def held_back(self) -> dict[str, tuple[HeldBack, ...]]:
        """What is held back in each line."""
        return {line: tuple(held[key] for key in sorted(held)) for line, held in self.held.items()}

    @cached_property
    def shared(self) -> dict[str, tuple[str, str]]:
        """(specification, sharing key as text) of each shared node that the lines refer to, by its key."""
        return {
            key: (each.child.specification, shared_text(each.sharing_key))
            for key, each in self.wish.referrals.items()
            if key in self.wish.asked
        }

    def _hold(self) -> None:
        for line in self.wish.lines:
            self.held.setdefault(line, {})
        for name, part in self.wish.parts.items():
            if not part.held and not part.unmapped:
                continue
            for line in (name,) if part.line else self.referrers.get(name, ()):
                if line in self.held:
                    for held in (*part.held.values(), *part.unmapped.values()):
                        self.held[line][held.key] = self._awaited(held, part)

    # -- which lines grow -----------------------------------------------------------------------------------------

    def _sorted(self) -> tuple[list[str], list[str]]:
        """Lines that grow, and lines that delete what is installed; what can be neither is held back."""
        growing, deleting = [], []
        for line in self.lines:
            request = self.order.lines[line]
            root = request.installed.nodes[0] if request.installed is not None else None
            if root is not None and root.status in ENDED:
                sentence = f"product {root.id} is {root.status}: {request.action} is not possible"
                self._refuse(line, request, NOT_POSSIBLE, sentence)
            elif request.action != "delete":
                growing.append(line)
            elif root is not None:
                deleting.append(line)
            else:
                sentence = (
                    "what is installed is not known, and a delete follows it, never the rules: "
                    "name the installed product in the line"
                )
                self._refuse(line, request, INSTALLED_UNKNOWN, sentence)
        return growing, deleting

    def _refuse(self, line: str, request: LineRequest, code: str, sentence: str) -> None:
        root = root_frame(self.catalog, request).specification.id
        held = HeldBack(f"{line}|{code}", line, root, ORDERED, root, "", "", (), code, sentence, "operator")
        self.held[line][held.key] = held

    def _awaited(self, held: HeldBack, part: Part) -> HeldBack:
        """Who brings what is missing: the requester, unless tasks of ours do."""
        if held.code != UNKNOWN_VALUE or not held.missing:
            return held
        places = {node.path: node for node in part.nodes}
        found: dict[str, None] = {}
        for path in held.missing:
            place, _, name = path.rpartition(".")
            node = places.get(place)
            bringer = bringers(part.roots[0].frame).get((node.specification, name)) if node else None
            if bringer is None:
                return held
            found[bringer] = None
        return msgspec.structs.replace(held, awaits="runtime", by=", ".join(sorted(found)))
