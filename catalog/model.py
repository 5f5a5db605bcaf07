"""The catalog as values: offerings, specifications, characteristics, relationships, plans.

Names follow TM Forum (TMF620 product, TMF633 service, TMF634 resource catalog); in Python they are written in
snake case, in the canonical content in TM Forum's camel case. Everything here is immutable: a catalog version
never changes after it was loaded, so an order can be pinned to it.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Literal

import msgspec

from catalog.commerce.model import NO_COMMERCE, Commerce, ProductOffering
from catalog.policies.model import Policies
from catalog.rules.rule import AttributeMapping, Combination, Compatibility, Rule, Shrinking, Wait
from catalog.validity import TimePeriod

Kind = Literal["product", "service", "resource"]
RelationshipType = Literal["Bundles", "Realized as", "Requires", "Composed of"]
ValueType = Literal["string", "integer", "number", "boolean", "date", "dateTime", "object", "array"]
RangeInterval = Literal["closed", "open", "closedBottom", "closedTop"]

KINDS: tuple[Kind, ...] = ("product", "service", "resource")
VALUE_TYPES: tuple[ValueType, ...] = (
    "string",
    "integer",
    "number",
    "boolean",
    "date",
    "dateTime",
    "object",
    "array",
)
ACTIONS = ("add", "modify", "delete")
LINE_ACTIONS = (*ACTIONS, "noChange")
LIFECYCLE_STATUSES = (
    "In study",
    "In design",
    "In test",
    "Active",
    "Launched",
    "Retired",
    "Obsolete",
    "Rejected",
)
ORDERABLE_STATUSES = frozenset({"Active", "Launched"})
CHANGEABLE_STATUSES = ORDERABLE_STATUSES | {"Retired", "Obsolete"}

ALLOWED_PAIRS: Mapping[RelationshipType, frozenset[tuple[Kind, Kind]]] = {
    "Bundles": frozenset({("product", "product"), ("service", "service"), ("resource", "resource")}),
    "Realized as": frozenset({("product", "service"), ("service", "service")}),
    "Requires": frozenset({("product", "resource"), ("service", "resource")}),
    "Composed of": frozenset({("product", "product"), ("service", "service"), ("resource", "resource")}),
}
ORDERING_TYPES: frozenset[RelationshipType] = frozenset({"Bundles", "Realized as", "Requires"})


class ValueRange(msgspec.Struct, frozen=True, rename="camel"):
    """A range a value may lie in (TMF `valueFrom`, `valueTo`, `rangeInterval`); a bound of None is open-ended.

    `closed` has both bounds in it, `open` none, `closedBottom` only the lower, `closedTop` only the upper.
    """

    value_from: Any = None
    value_to: Any = None
    interval: RangeInterval = "closed"


class CharacteristicSpecification(msgspec.Struct, frozen=True, rename="camel"):
    """One attribute a specification declares (TMF620 `ProductSpecificationCharacteristic` and its siblings).

    `default` is `msgspec.UNSET` when there is none. `value_from` and `value_to` bound integer, number, date and
    dateTime values, both inclusive; with `ranges` a value must lie in one of them (or be one of `allowed_values`).
    `regex` must match a whole string value.

    A value has between `min_cardinality` and `max_cardinality` (None: any number) elements: unless the latter is 1 the
    value is a list of values of the type, and so is an `array`, whose elements are as `element` says. `members` are
    the fields of an `object`; without any, whatever is in it is accepted. An order may not state a value of a
    characteristic that is not `configurable` other than its default. `combine` says what a shared domain order gets
    when its referrers' values differ: nothing (`equal`: the order is refused), the greatest, the sum, or all.
    """

    name: str
    value_type: ValueType
    mandatory: bool = False
    default: Any = msgspec.UNSET
    allowed_values: tuple[Any, ...] = ()
    value_from: Any = None
    value_to: Any = None
    regex: str | None = None
    unit_of_measure: str | None = None
    description: str = ""
    ranges: tuple[ValueRange, ...] = ()
    min_cardinality: int = 0
    max_cardinality: int | None = 1
    configurable: bool = True
    members: "tuple[CharacteristicSpecification, ...]" = ()
    element: "CharacteristicSpecification | None" = None
    combine: Combination = "equal"


class Relationship(msgspec.Struct, frozen=True, rename="camel"):
    """A typed edge from the specification that holds it to `target`.

    `Bundles`, `Realized as` and `Requires` create a domain order for the target, `Composed of` does not.
    Siblings are created in ascending `order`. The count comes from `quantity_characteristic` (a
    characteristic of the source), or else is `default_quantity`; `when_shrinking` says which instances go when it
    gets smaller and the line does not name them: the newest, idle ones first, or those a person chooses. `mapping`
    holds (source, target) pairs of characteristic names. `after` names sibling targets whose work must end first (on
    delete: which must wait). With `rules` the target is created only as they say. Outside `valid_for` the
    relationship is as if it were not there.
    """

    type: RelationshipType
    target: str
    order: int = 0
    mandatory: bool = False
    minimum_quantity: int = 0
    default_quantity: int = 1
    maximum_quantity: int | None = None
    quantity_characteristic: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()
    description: str = ""
    rules: tuple[Rule, ...] = ()
    when_shrinking: Shrinking = "ask"
    valid_for: TimePeriod | None = None


class TaskTemplate(msgspec.Struct, frozen=True, rename="camel"):
    """One step of a plan, carried out on `target`, a network element or system; times are milliseconds.

    `after` names the tasks of the same plan that must be completed first, already resolved: a sequential
    plan's silent "after the one before" is written out by the loader. `undoes` names the tasks of the add plan
    that a task of the delete plan reverses, by default those on the same target; a task that `leaves_nothing` (a
    test, a message to somebody) needs no reversal. `gives` holds (output, characteristic) pairs: what the task's
    result brings for its own specification.
    """

    name: str
    target: str
    duration_ms: int
    timeout_ms: int
    after: tuple[str, ...] = ()
    point_of_no_return: bool = False
    description: str = ""
    undoes: tuple[str, ...] = ()
    leaves_nothing: bool = False
    gives: tuple[tuple[str, str], ...] = ()


class Specification(msgspec.Struct, frozen=True, rename="camel"):
    """A product, service or resource specification (TMF620, TMF633, TMF634).

    `service_type` is `CFS` (customer-facing) or `RFS` (resource-facing) for services. `orders` says whether a
    product specification at the root of a line gets a product order of its own. `plans` maps an action (add,
    modify, delete) to its tasks. `mappings` are the attribute mappings it holds, from and to any specification of a
    line's hierarchy. Lines whose `sharing_key` (CEL) has the same value share one domain order, and one installed
    instance, of this specification. It can be ordered within `valid_for` only. `wait` is for its sharing key, and
    for those of its rules that say nothing of their own.
    """

    id: str
    kind: Kind
    name: str
    version: str = "1.0"
    lifecycle_status: str = "Active"
    service_type: Literal["CFS", "RFS"] | None = None
    description: str = ""
    orders: bool = False
    characteristics: tuple[CharacteristicSpecification, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    plans: dict[str, tuple[TaskTemplate, ...]] = {}
    mappings: tuple[AttributeMapping, ...] = ()
    sharing_key: str | None = None
    compatibilities: tuple[Compatibility, ...] = ()
    valid_for: TimePeriod | None = None
    wait: Wait | None = None

    @property
    def ruled(self) -> bool:
        """Whether decomposition has more to do here than to follow relationships and pairs of names."""
        return (
            bool(self.mappings)
            or self.sharing_key is not None
            or any(each.rules or each.valid_for is not None for each in self.relationships)
            or any(task.gives for plan in self.plans.values() for task in plan)
        )


class Catalog(msgspec.Struct, frozen=True, eq=False, weakref=True):
    """One immutable catalog version; two catalogs are equal when version and content digest are.

    Make one with `catalog_of` or `catalog.loader.load`. `compiled` is a cache of what the other rooms derive
    from this version (trees, door checks); it never changes an answer and does not travel when the catalog is
    pickled.
    """

    name: str
    version: str
    digest: str
    offerings: Mapping[str, ProductOffering]
    specifications: Mapping[str, Specification]
    commerce: Commerce = NO_COMMERCE
    policies: Policies | None = None
    compiled: dict[Any, Any] = msgspec.field(default_factory=dict)
    horizontal: bool = False
    """Whether any specification states a compatibility; found out here, as `reviewed` is."""
    customer_wide: bool = False
    """Whether any of these compatibilities looks among all that an order's customer has."""
    reviewed: bool = False
    """Whether there is anything that people may have to look at before an order is fulfilled."""

    def __post_init__(self) -> None:
        horizontal = any(each.compatibilities for each in self.specifications.values())
        msgspec.structs.force_setattr(self, "horizontal", horizontal)
        if horizontal:
            stated = (rule for each in self.specifications.values() for rule in each.compatibilities)
            wide = any(rule.beside == "customer" for rule in stated)
            msgspec.structs.force_setattr(self, "customer_wide", wide)
        msgspec.structs.force_setattr(self, "reviewed", horizontal or self.policies is not None)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalog) and (self.version, self.digest) == (other.version, other.digest)

    def __ne__(self, other: object) -> bool:
        # A struct has one of its own, which tells objects apart.
        return not self == other

    def __hash__(self) -> int:
        return hash((self.version, self.digest))

    def __repr__(self) -> str:
        return (
            f"Catalog({self.name!r} {self.version}, {len(self.offerings)} offerings, "
            f"{len(self.specifications)} specifications, digest {self.digest[:12]})"
        )

    def __reduce__(self) -> Any:
        return catalog_of, (
            self.name,
            self.version,
            tuple(self.offerings.values()),
            tuple(self.specifications.values()),
            self.commerce,
            self.policies,
        )


def catalog_of(
    name: str,
    version: str,
    offerings: tuple[ProductOffering, ...],
    specifications: tuple[Specification, ...],
    commerce: Commerce = NO_COMMERCE,
    policies: Policies | None = None,
) -> Catalog:
    """A catalog of these parts, with the digest (blake2b, 32 hex digits) of its canonical content.

    The parts are taken as sound: whoever reads them from outside checks them (`catalog.loader`).
    """
    sorted_offerings = sorted(offerings, key=lambda offering: offering.id)
    sorted_specifications = sorted(specifications, key=lambda specification: specification.id)
    content = content_bytes(name, version, sorted_offerings, sorted_specifications, commerce, policies)
    return Catalog(
        name=name,
        version=version,
        digest=digest_of(content),
        offerings={offering.id: offering for offering in sorted_offerings},
        specifications={specification.id: specification for specification in sorted_specifications},
        commerce=commerce,
        policies=policies,
    )


def digest_of(content: bytes) -> str:
    """The digest of canonical content, 32 hex digits."""
    return blake2b(content, digest_size=16).hexdigest()


def content_bytes(
    name: str,
    version: str,
    offerings: Sequence[ProductOffering],
    specifications: Sequence[Specification],
    commerce: Commerce,
    policies: Policies | None,
) -> bytes:
    """The canonical content of a catalog; offerings and specifications come sorted by id."""
    return msgspec.json.encode(
        [name, version, offerings, specifications, commerce, policies], order="deterministic"
    )
