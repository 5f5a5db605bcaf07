"""From order lines to the graph of their domain orders with actions, plan, and what is held back.

Pure, and whole: the same order gives the same graph, so whoever asks again when more is known compares what comes out
with what there is.
"""

from collections.abc import Iterable, Mapping

import msgspec

from catalog.graph.changing import Changes, Step, deleted, grown, merged, released
from catalog.graph.combining import combined
from catalog.graph.frames import frame_of
from catalog.graph.nodes import SHARED, Node, Part, shared_key, shared_path
from catalog.graph.picture import Picture
from catalog.graph.referring import owners_first, parents_of
from catalog.graph.results import PLAN_CYCLE, Drift, GrownNode, OrderGraph, Unchanged
from catalog.graph.settled import Settled
from catalog.graph.settling import Order, Settling
from catalog.graph.wiring import PlanCycle, Work, planned, steps_of
from catalog.installed import InstalledNode, InstalledShared
from catalog.lines import HeldBack, LineRequest, TaskPlan
from catalog.model import Catalog, Relationship
from catalog.tree import ORDERED, creates_own_order


def grow(order: Order, lines: Iterable[str]) -> OrderGraph:
    """What these lines of an order come to, together with every shared node that they refer to."""
    return put_together(Settled(order, tuple(lines)))


def put_together(settled: Settled) -> OrderGraph:
    """The graph of lines that have settled."""
    return _Assembly(settled).graph()


class _Assembly:
    """One graph while it is put together. A plan that waits for itself is held back in the lines then."""

    def __init__(self, settled: Settled) -> None:
        self.settled = settled
        self.order = settled.order
        self.wish = settled.wish
        self.catalog: Catalog = settled.order.catalog
        self.nodes: dict[str, GrownNode] = {}
        self.works: dict[str, Work] = {}
        self.drift: list[Drift] = []
        self.unchanged: list[Unchanged] = []

    def graph(self) -> OrderGraph:
        """All of it."""
        wish, deleting = self.wish, self.settled.deleting
        changing = [line for line in wish.lines if self.order.lines[line].installed is not None]
        base = self._base(changing)
        for line in wish.lines:
            self._line(line, wish.parts[line], base.get(line))
        for line in deleting:
            picture = Picture(_nodes(self.order.lines[line]))
            self._emit(line, deleted(picture), picture, line)
        for key in owners_first(wish.asked):
            self._shared(key, wish, self.settled.referrers[key])
        self._release(wish, changing + deleting)
        self._lift(wish.lines)
        return OrderGraph(
            self.nodes,
            self._tasks(),
            self.settled.held_back,
            wish.asked,
            tuple(self.drift),
            tuple(self.unchanged),
            self.settled.shared,
        )

    def _lift(self, lines: Iterable[str]) -> None:
        """Domain orders above that got none, because nothing changes there, are passed over."""
        ours = {*lines, SHARED}
        for key, node in self.nodes.items():
            left = tuple(
                each for each in node.parents if each in self.nodes or each.rpartition(".")[0] not in ours
            )
            if left != node.parents:
                self.nodes[key] = msgspec.structs.replace(node, parents=left)

    def _base(self, lines: list[str]) -> dict[str, Part]:
        """What today's catalog makes of the installed products as they are."""
        if not lines:
            return {}
        among = set(lines)
        unchanged = {
            line: _unchanged(self.order.lines[line]) if line in among else request
            for line, request in self.order.lines.items()
        }
        order = Order(self.catalog, unchanged, {}, {}, self.order.shared, self.order.about, self.order.at_ms)
        return Settling(order, lines).settle().parts

    # -- parts to nodes -------------------------------------------------------------------------------------------

    def _line(self, line: str, wish: Part, base: Part | None) -> None:
        request = self.order.lines[line]
        if request.installed is None or base is None:
            self._emit(line, grown(wish, request.action), None, line)
            return
        picture = Picture(request.installed.nodes)
        self._emit(line, merged(line, wish, base, picture, migrate=request.migrate), picture, line)

    def _shared(self, key: str, wish: Settling, referrers: tuple[str, ...]) -> None:
        part = wish.parts[key]
        installed = wish.picture(wish.referrals[key])
        above = parents_of(wish.asked[key])
        if installed is None:
            self._emit(key, grown(part, "add"), None, SHARED, referrers, above)
            return
        picture = Picture(installed.nodes)
        before = wish.shared_part(key, installed.nodes[0].referrers)
        changes = merged(",".join(referrers), part, before, picture, migrate=False)
        self._emit(key, changes, picture, SHARED, referrers, above)

    def _release(self, wish: Settling, lines: list[str]) -> None:
        """Shared nodes that lines no longer refer to: without a referrer they go, else they serve who is left."""
        leaving: dict[str, tuple[InstalledShared, dict[str, None]]] = {}
        for line in lines:
            for node in _nodes(self.order.lines[line]):
                if not node.sharing_key:
                    continue
                for shared in self.order.shared:
                    if (shared.specification, shared.sharing_key) == (node.specification, node.sharing_key):
                        key = shared_key(shared.specification, shared.sharing_key)
                        if key not in wish.parts:
                            leaving.setdefault(key, (shared, {}))[1][line] = None
        for key, (shared, referrers) in leaving.items():
            products = {self.order.lines[line].product for line in referrers}
            root = shared.nodes[0]
            left = {name: v for name, v in root.referrers.items() if name.partition("/")[0] not in products}
            picture = Picture(shared.nodes)
            if not left:
                self._emit(key, released(picture), picture, SHARED, tuple(referrers))
                continue
            frame = frame_of(self.catalog, shared.specification, "modify", None)
            values = {**root.characteristics, **combined(frame.combinations, left)[0]}
            path = shared_path(shared.specification, shared.sharing_key)
            kept = Node(key, path, frame, SHARED, values, sharing_key=shared.sharing_key, installed=root)
            action = "noChange" if values == root.characteristics else "modify"
            changes = Changes([Step(action, kept, root, values)], [])
            self._emit(key, changes, picture, SHARED, tuple(referrers))

    def _emit(
        self,
        name: str,
        changes: Changes,
        picture: Picture | None,
        line: str,
        referrers: tuple[str, ...] = (),
        above: tuple[str, ...] = (),
    ) -> None:
        """The nodes of one part. What does not change gets a domain order only where something below it does."""
        self.drift += changes.drift
        keys = self._keys(name, changes, picture)
        places = {
            step.installed.id: key
            for step, key in zip(changes.steps, keys, strict=True)
            if step.installed is not None
        }
        standing = {
            step.installed.id: step.node.domain_order() if step.node is not None else key
            for step, key in zip(changes.steps, keys, strict=True)
            if step.installed is not None and self._orders(step)
        }
        parents = {
            key: self._above(step, standing, above) for step, key in zip(changes.steps, keys, strict=True)
        }
        busy: set[str] = set()
        for step, key in zip(reversed(changes.steps), reversed(keys), strict=True):
            if step.action != "noChange":
                busy.add(key)
            if key in busy:
                busy.update(parents[key])
        for step, key in zip(changes.steps, keys, strict=True):
            if not self._orders(step):
                continue
            if key not in busy:
                node = step.node
                path = node.path if node is not None else key
                installed = step.installed.id if step.installed is not None else ""
                self.unchanged.append(
                    Unchanged(line or ",".join(referrers), path, _specification(step), installed)
                )
                continue
            self._take(key, step, parents[key], referrers or (line,), shared=line == SHARED)
            self._work(key, step, places, picture)

    def _orders(self, step: Step) -> bool:
        """Whether the node gets a domain order of its own: a product that is only sold does not."""
        if step.node is not None:
            return step.node.orders
        assert step.installed is not None
        specification = self.catalog.specifications.get(step.installed.specification)
        return bool(step.installed.parent) or specification is None or creates_own_order(specification)

    @staticmethod
    def _keys(name: str, changes: Changes, picture: Picture | None) -> list[str]:
        """What still grows keeps the key of its place; what only stands gets its number in the picture."""
        numbers = (
            {node.id: number for number, node in enumerate(picture.nodes, 1)} if picture is not None else {}
        )
        between = "-" if name.startswith(".") else "."
        return [
            step.node.key
            if step.node is not None
            else f"{name}{between}i{numbers[step.installed.id] if step.installed is not None else 0}"
            for step in changes.steps
        ]

    @staticmethod
    def _above(step: Step, standing: Mapping[str, str], above: tuple[str, ...]) -> tuple[str, ...]:
        """The domain orders above: of what grows by where it grew, of what only stands by where it stands."""
        if step.node is not None and step.node.parent is not None:
            key = step.node.parent.domain_order()
        elif step.node is None and step.installed is not None and step.installed.parent:
            key = standing.get(step.installed.parent, "")
        else:
            return above
        return (key,) if key else ()

    def _take(
        self, key: str, step: Step, parents: tuple[str, ...], referrers: tuple[str, ...], *, shared: bool
    ) -> None:
        node, installed = step.node, step.installed
        if node is not None:
            relationship, path, rule = node.relationship, node.path, node.rule
            edge = node.edge.id if node.edge is not None else ""
            ordinal, sharing = node.ordinal, node.sharing_key
        else:
            assert installed is not None
            relationship = installed.edge.partition(f" {installed.specification}")[0] or ORDERED
            edge, ordinal, rule, sharing = (
                installed.edge,
                installed.ordinal,
                installed.rule,
                installed.sharing_key,
            )
            path = f"{installed.specification} {installed.id}"
        specification = self.catalog.specifications.get(_specification(step))
        self.nodes[key] = GrownNode(
            key,
            specification.kind if specification is not None else installed.kind if installed else "product",
            _specification(step),
            parents,
            relationship,
            ordinal,
            step.action,
            step.values,
            path,
            edge,
            referrers,
            rule,
            sharing,
            installed.id if installed is not None else "",
            shared,
        )

    def _work(self, key: str, step: Step, places: Mapping[str, str], picture: Picture | None) -> None:
        """What there is to do for a domain order, and beside what: siblings wait for each other by `after`."""
        node, installed = step.node, step.installed
        plan = steps_of(self.catalog, _specification(step), step.action)
        beside: str = ""
        after: tuple[str, ...] = ()
        if node is not None:
            if node.parent is not None and node.edge is not None:
                beside, after = node.parent.key, node.edge.relationship.after
        elif installed is not None and installed.parent and picture is not None:
            beside = places.get(installed.parent, "")
            relationship = _edge_of(self.catalog, picture.specification(installed.parent), installed.edge)
            after = relationship.after if relationship is not None else ()
        made = self.nodes[key]
        self.works[key] = Work(
            key, made.parents, step.action, plan, made.specification, beside, after, made.shared
        )

    # -- plan and waiting -----------------------------------------------------------------------------------------

    def _besides(self) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
        """For each shared node the places at which it stands, and what it waits for there."""
        found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        for part in self.wish.parts.values():
            for referral in part.referrals:
                edge = referral.child.edge
                if referral.parent is not None and edge is not None:
                    found.setdefault(referral.shared, []).append(
                        (referral.parent.key, edge.relationship.after)
                    )
        return found

    def _tasks(self) -> tuple[TaskPlan, ...]:
        for key, besides in self._besides().items():
            if key in self.works:
                self.works[key] = self.works[key]._replace(besides=tuple(besides))
        try:
            return planned(self.works.values())
        except PlanCycle as cycle:
            for line, held in self.settled.held.items():
                key = f"{line}|plan"
                held[key] = HeldBack(
                    key, line, "", "", "", "plan", "", (), PLAN_CYCLE, str(cycle), "operator"
                )
            return ()


def _nodes(request: LineRequest) -> tuple[InstalledNode, ...]:
    return request.installed.nodes if request.installed is not None else ()


def _unchanged(request: LineRequest) -> LineRequest:
    """The same line with nothing to change: as often as it is installed."""
    quantity = sum(not node.parent for node in _nodes(request)) or request.quantity
    return msgspec.structs.replace(request, characteristics={}, quantity=quantity, removed=(), migrate=False)


def _specification(step: Step) -> str:
    if step.node is not None:
        return step.node.specification
    return step.installed.specification if step.installed is not None else ""


def _edge_of(catalog: Catalog, source: str, edge: str) -> Relationship | None:
    """The relationship of a specification that an installed node was made by, if it has it still."""
    if source not in catalog.specifications:
        return None
    edges = frame_of(catalog, source, "delete", None).edges
    return next((each.relationship for each in edges if each.id == edge), None)
