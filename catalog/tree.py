"""One specification and action, compiled: the branches a line can grow, and the shape for given counts.

A *branch* is a path of relationships from the line's specification; a *shape* is the flat list of domain
orders and tasks once each branch's count is known. Branches depend on the catalog alone. Where no count
depends on a characteristic there is one shape for ever; where one does, the shapes seen are kept, bounded.
"""

from collections import Counter
from copy import deepcopy
from typing import Any, NamedTuple

from msgspec import UNSET

from catalog.commerce.roots import root_specification
from catalog.lines import TaskPlan
from catalog.model import ORDERING_TYPES, Catalog, Relationship, Specification
from catalog.plan import Instance, PlannedTask, planned_tasks
from catalog.refusals import NothingOrdered, QuantityOutOfRange, UnknownOffering, UnknownSpecification

LINE_DOMAIN_ORDERS_MAX = 20_000
KEPT_DOMAIN_ORDERS_MAX = 5_000  # of all shapes kept for one tree together
NAMED_DOMAIN_ORDERS_MAX = 10_000  # whose keys and tasks are kept for one shape

ORDERED = "Ordered"

Values = dict[str, Any]
Named = tuple[tuple[str, ...], tuple[TaskPlan, ...]]
"""Keys of domain orders, and tasks."""


class PlannedOrder(NamedTuple):
    """A domain order as a template; `parent` is an index in the shape, -1 directly under the line."""

    branch: int
    parent: int
    kind: str
    specification: str
    relationship: str
    ordinal: int


class Branch:
    """One path of relationships below a root; `parent` is the index of the branch above it."""

    __slots__ = ("defaults", "flows", "fresh_defaults", "parent", "relationship", "specification")

    def __init__(
        self,
        specification: Specification,
        relationship: Relationship | None,
        parent: int,
        flows: tuple[tuple[str, str], ...],
        add: bool,
    ) -> None:
        self.specification = specification
        self.relationship = relationship
        self.parent = parent
        self.flows = flows
        # A modify states only what changes: defaults would overwrite what is installed.
        self.defaults = default_values(specification) if add else {}
        self.fresh_defaults = any(isinstance(value, dict | list) for value in self.defaults.values())

    def initial(self) -> Values:
        """The defaults, in a dict of their own."""
        return deepcopy(self.defaults) if self.fresh_defaults else self.defaults.copy()


class Shape:
    """Flat templates of one tree: `orders` parents before children, `tasks` needed before needing.

    `repeats` says that some branch has several instances; `tops` counts, by specification, the orders
    directly under the line, so that the next tree of the same line goes on from there.
    """

    __slots__ = ("_named", "_named_size", "orders", "repeats", "tasks", "tops")

    def __init__(self, orders: tuple[PlannedOrder, ...], tasks: tuple[PlannedTask, ...]) -> None:
        self._named: dict[tuple[str, int], Named] = {}
        self._named_size = 0
        self.orders = orders
        self.tasks = tasks
        self.repeats = len({order.branch for order in orders}) < len(orders)
        self.tops = Counter(order.specification for order in orders if order.parent < 0)

    def named(self, line: str, first: int) -> Named:
        """The keys of a tree's domain orders, counted from ``first``, and its tasks with theirs.

        Nothing in them depends on values, and line ids repeat from order to order: they are kept, within bounds.
        """
        made = self._named.get((line, first))
        if made is None:
            keys = tuple([f"{line}.{number}" for number in range(first, first + len(self.orders))])
            made = (keys, self._plans(keys))
            if self._named_size + len(keys) > NAMED_DOMAIN_ORDERS_MAX:
                self._named.clear()
                self._named_size = 0
            self._named[line, first] = made
            self._named_size += len(keys)
        return made

    def _plans(self, keys: tuple[str, ...]) -> tuple[TaskPlan, ...]:
        task_keys = [keys[task.order] + task.suffix for task in self.tasks]
        return tuple(
            TaskPlan(
                key,
                task.name,
                keys[task.order],
                task.target,
                tuple([task_keys[need] for need in task.needs]),
                task.duration_ms,
                task.timeout_ms,
                task.point_of_no_return,
            )
            for key, task in zip(task_keys, self.tasks, strict=True)
        )


class Tree:
    """What lines of one specification and action have in common.

    One that is `ruled` is not compiled: its lines grow by their rules (`catalog.graph`).
    """

    __slots__ = (
        "action",
        "branches",
        "counted",
        "fixed",
        "integers",
        "kept",
        "kept_size",
        "names",
        "root",
        "ruled",
    )

    def __init__(self, catalog: Catalog, root: Specification, action: str) -> None:
        self.root = root
        self.action = action
        self.names = frozenset(each.name for each in root.characteristics)
        self.integers = frozenset(each.name for each in root.characteristics if each.value_type == "integer")
        self.ruled = is_ruled(catalog, root)
        self.branches = _branches(catalog, root, action == "add") if not self.ruled else []
        self.counted = any(
            branch.relationship is not None and branch.relationship.quantity_characteristic is not None
            for branch in self.branches
        )
        self.kept: dict[tuple[int, ...], Shape] = {}
        self.kept_size = 0
        self.fixed: Shape | None = None
        if not self.counted and not self.ruled:
            counts = self._counts([])
            refuse_beyond_maximum(self._size(counts), root.id)
            self.fixed = self._expand(counts)

    def values(self, given: Values) -> list[Values]:
        """The characteristics of each branch, by index: given, mapped, of the same name, or by default."""
        branches = self.branches
        root = branches[0].initial()
        names = self.names
        for name, value in given.items():
            if value is not None and name in names:
                root[name] = int(value) if type(value) is float and name in self.integers else value
        values = [root]
        for branch in branches[1:]:
            above = values[branch.parent]
            own = branch.initial() if branch.defaults else {}
            for target, source in branch.flows:
                if source in above:
                    own[target] = above[source]
            values.append(own)
        return values

    def shape(self, values: list[Values]) -> Shape:
        """The shape for these values; raises QuantityOutOfRange."""
        if self.fixed is not None:
            return self.fixed
        counts = self._counts(values)
        shape = self.kept.get(counts)
        if shape is None:
            size = self._size(counts)
            refuse_beyond_maximum(size, self.root.id)
            shape = self._expand(counts)
            if size <= KEPT_DOMAIN_ORDERS_MAX:
                if self.kept_size + size > KEPT_DOMAIN_ORDERS_MAX:
                    self.kept.clear()
                    self.kept_size = 0
                self.kept[counts] = shape
                self.kept_size += size
        return shape

    def size(self, given: Values) -> int:
        """How many domain orders one tree has, without growing it; raises QuantityOutOfRange.

        Of one with rules only the root is counted: what else there is shows when it grows.
        """
        if self.ruled:
            return int(creates_own_order(self.root))
        if self.fixed is not None:
            return len(self.fixed.orders)
        return self._size(self._counts(self.values(given)))

    def _size(self, counts: tuple[int, ...]) -> int:
        instances = [1]
        for index, branch in enumerate(self.branches[1:], start=1):
            instances.append(instances[branch.parent] * counts[index])
        return sum(instances) - (0 if creates_own_order(self.root) else 1)

    def _counts(self, values: list[Values]) -> tuple[int, ...]:
        counts = [1]
        for branch in self.branches[1:]:
            relationship = branch.relationship
            assert relationship is not None
            source = self.branches[branch.parent].specification
            if counts[branch.parent] == 0:
                counts.append(0)
            elif relationship.quantity_characteristic is None:
                counts.append(relationship.default_quantity)
            else:
                counts.append(counted_quantity(source, relationship, values[branch.parent]))
        return tuple(counts)

    def _expand(self, counts: tuple[int, ...]) -> Shape:
        below: list[list[int]] = [[] for _ in self.branches]
        for index, branch in enumerate(self.branches[1:], start=1):
            below[branch.parent].append(index)
        orders: list[PlannedOrder] = []

        def create(branch: int, parent: int, ordinal: int) -> None:
            own = len(orders)
            specification, relationship = (
                self.branches[branch].specification,
                self.branches[branch].relationship,
            )
            created_by = relationship.type if relationship is not None else ORDERED
            orders.append(
                PlannedOrder(branch, parent, specification.kind, specification.id, created_by, ordinal)
            )
            create_below(branch, own)

        def create_below(branch: int, parent: int) -> None:
            ordinals: Counter[str] = Counter()
            for child in below[branch]:
                target = self.branches[child].specification.id
                for _ in range(counts[child]):
                    ordinals[target] += 1
                    create(child, parent, ordinals[target])

        if creates_own_order(self.root):
            create(0, -1, 1)
        else:
            create_below(0, -1)
        instances = [
            Instance(
                self.branches[order.branch].specification,
                self.branches[order.branch].relationship,
                order.parent,
            )
            for order in orders
        ]
        return Shape(tuple(orders), planned_tasks(instances, self.action))


def tree_of(catalog: Catalog, offering: str | None, specification: str | None, action: str) -> Tree:
    """The compiled tree, made at most once per catalog version, root and action.

    Raises UnknownOffering, UnknownSpecification, NothingOrdered.
    """
    key = (offering, specification, action)
    tree: Tree | None = catalog.compiled.get(key)
    if tree is None:
        root = root_of(catalog, offering, specification)
        # By identity: an offering that narrows its specification starts from a root of its own.
        shared = ("tree", id(root), action)
        tree = catalog.compiled.get(shared)
        if tree is None:
            tree = catalog.compiled[shared] = Tree(catalog, root, action)
        if offering is None or specification is None:
            catalog.compiled[key] = tree
    return tree


def root_of(catalog: Catalog, offering: str | None, specification: str | None) -> Specification:
    """The specification a line starts from: its offering's, or the one it names."""
    if offering is not None:
        found = catalog.offerings.get(offering)
        if found is None:
            raise UnknownOffering(f"catalog {catalog.version} has no product offering {offering!r}")
        return root_specification(catalog, found)
    if specification is None:
        raise NothingOrdered("the line names neither a product offering nor a specification; name one")
    root = catalog.specifications.get(specification)
    if root is None:
        raise UnknownSpecification(f"catalog {catalog.version} has no specification {specification!r}")
    return root


def is_ruled(catalog: Catalog, root: Specification) -> bool:
    """Whether anything that a line of this specification may grow into has rules, so that it must come here."""
    known = catalog.compiled.get(("ruled", root.id))
    if known is None:
        seen: set[str] = {root.id}
        ways = [root]
        known = False
        while ways and not known:
            specification = ways.pop()
            known = specification.ruled
            for relationship in specification.relationships:
                if relationship.type in ORDERING_TYPES and relationship.target not in seen:
                    seen.add(relationship.target)
                    ways.append(catalog.specifications[relationship.target])
        catalog.compiled["ruled", root.id] = known
    return bool(known)


def creates_own_order(root: Specification) -> bool:
    """Whether the line's own specification gets a domain order: all do but products without `orders`."""
    return root.kind != "product" or root.orders


def default_values(specification: Specification) -> Values:
    """The characteristics of a specification that have a default, with it."""
    return {each.name: each.default for each in specification.characteristics if each.default is not UNSET}


def counted_quantity(source: Specification, relationship: Relationship, values: Values) -> int:
    """How many of the target the quantity characteristic asks for; raises QuantityOutOfRange."""
    name = relationship.quantity_characteristic
    assert name is not None
    quantity = values.get(name)
    if quantity is None:
        # Modify and delete come here with a default unapplied; counting still means what was written.
        quantity = default_values(source).get(name, relationship.default_quantity)
    edge = f"{source.id} {relationship.type} {relationship.target}"
    if type(quantity) is float and quantity.is_integer():
        quantity = int(quantity)
    if type(quantity) is not int or quantity < relationship.minimum_quantity or quantity < 0:
        raise QuantityOutOfRange(
            f"{edge}: {name} is {quantity!r}, at least {relationship.minimum_quantity} are needed", name
        )
    if relationship.maximum_quantity is not None and quantity > relationship.maximum_quantity:
        raise QuantityOutOfRange(
            f"{edge}: {name} is {quantity}, at most {relationship.maximum_quantity} are possible", name
        )
    return quantity


def refuse_beyond_maximum(domain_orders: int, root: str) -> None:
    """Raise QuantityOutOfRange when one line would grow past `LINE_DOMAIN_ORDERS_MAX` domain orders."""
    if domain_orders > LINE_DOMAIN_ORDERS_MAX:
        raise QuantityOutOfRange(
            f"one line of {root} would create more than {LINE_DOMAIN_ORDERS_MAX} domain orders; "
            "split it into several lines"
        )


def _branches(catalog: Catalog, root: Specification, add: bool) -> list[Branch]:
    branches = [Branch(root, None, -1, (), add)]

    def grow(parent: int) -> None:
        source = branches[parent].specification
        for relationship in source.relationships:
            if relationship.type not in ORDERING_TYPES:
                continue
            if relationship.quantity_characteristic is None and relationship.default_quantity == 0:
                continue
            target = catalog.specifications[relationship.target]
            branches.append(Branch(target, relationship, parent, flows_of(source, relationship, target), add))
            grow(len(branches) - 1)

    grow(0)
    return branches


def flows_of(
    source: Specification, relationship: Relationship, target: Specification
) -> tuple[tuple[str, str], ...]:
    """The values that flow down a relationship: (target, source) pairs of characteristics."""
    declared = {each.name for each in source.characteristics}
    mapped = {into: out for out, into in relationship.mapping}
    pairs = ((each.name, mapped.get(each.name, each.name)) for each in target.characteristics)
    return tuple((into, out) for into, out in pairs if out in declared)
