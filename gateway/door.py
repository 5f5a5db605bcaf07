"""The door: bytes come in, and either a checked message for the order's group leaves, or every reason why not.

The fast way (typed conversion, rules, catalog) costs tens of microseconds and only answers yes or no; after a no the
thorough way reads the same decoded order again and collects all violations.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

import msgspec
from msgspec import UNSET

from actors.document_lines import CHANGING
from actors.messages import Heading, SubmitOrder
from actors.order_id import ORDER_ID_LENGTH, tenant_tag_of
from actors.product_id import origin_of
from catalog.commerce.bundles import completed, needs_care
from catalog.door import sells_by_date
from catalog.model import Catalog
from catalog.store import Catalogs
from gateway.auth import Principal
from gateway.identity import (
    IDEMPOTENCY_KEY_LENGTH_MAX,
    canonical,
    digest_of,
    id_from_external_id,
    id_from_idempotency_key,
    random_id,
    service_id,
    tag_of,
)
from gateway.repeated_names import may_repeat, repeated_names
from gateway.tmf.order_faults import THOROUGH_OBJECTS_MAX, faults_of, first_fault_of, rule_faults_of
from gateway.tmf.order_rules import keeps_rules, names_any
from gateway.tmf.parts import TEXT_ID_LENGTH_MAX
from gateway.tmf.product_order_form import ProductOrderCreate
from gateway.tmf.shapes import PRODUCT, Form, Shape
from gateway.unnamed_lines import InstalledUnread, named, products_to_read
from gateway.violations import VIOLATIONS_MAX, BadRequest, Violation, pointer_of
from gateway.wall_clock import now_ms
from runtime.errors import invariant
from runtime.limits import JSON_DEPTH_MAX

_ANY_DIGIT: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * 19
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**64 - 1
_PARTY_ROLES: Final = ("owner", "orderingparty", "customer")

_decode = msgspec.json.Decoder().decode


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """An order that may go in: the id it has or will have, and the message that creates it."""

    order: str
    message: SubmitOrder


class Checked(msgspec.Struct, frozen=True, gc=False):
    """An order that passed every check, with what its bundles take by default."""

    form: Form
    document: bytes
    digest: bytes
    """Of the order as it was sent: what the door writes into it may differ when it is sent again."""
    catalog: str
    """The version it was checked against."""


class HasCatalogs(Protocol):
    """Whoever knows the published catalogs: the runtime."""

    catalogs: Catalogs


class Door:
    """Checks orders of one shape against their form and the catalog that is current at that moment."""

    def __init__(
        self, runtime: HasCatalogs, clock: Callable[[], int] = now_ms, shape: Shape = PRODUCT
    ) -> None:
        # Asked at each order: publishing a catalog replaces the runtime's set.
        self._runtime = runtime
        self._clock = clock
        self._shape = shape
        self._form: type[Any] = shape.form
        self.kind = shape.kind
        self._sells = shape is PRODUCT

    def read(self, raw: bytes) -> dict[str, Any]:
        """Decode one JSON object.

        :raises BadRequest: it is no JSON, no object, nested too deeply, or holds a number no system can keep.
        """
        try:
            value = _decode(raw)
        except RecursionError:
            raise _too_deep() from None
        except (msgspec.DecodeError, ValueError) as error:
            sentence = f"this is no JSON: {error}"
            raise BadRequest("malformedJson", sentence, [Violation("", "malformed-json", sentence)]) from None
        if not isinstance(value, dict):
            sentence = "the body must be one JSON object"
            raise BadRequest("malformedOrder", sentence, [Violation("", "wrong-type", sentence)])
        # As many brackets as levels are needed at least, so that most orders are settled by counting.
        if raw.count(b"{") + raw.count(b"[") > JSON_DEPTH_MAX and _deeper_than(value, JSON_DEPTH_MAX):
            raise _too_deep()
        return value

    def admit(
        self,
        order: dict[str, Any],
        principal: Principal,
        key: str | None = None,
        *,
        raw: bytes = b"",
        installed: Mapping[str, str] | None = None,
    ) -> Admitted:
        """Check a decoded order and make its message.

        :raises BadRequest: with every violation.
        :raises InstalledUnread: as :meth:`check`.
        """
        admitted = _admitted(self.check(order, principal, key, raw=raw, installed=installed), principal, key)
        return admitted if self._sells else Admitted(service_id(admitted.order), admitted.message)

    def check(
        self,
        order: dict[str, Any],
        principal: Principal,
        key: str | None = None,
        *,
        raw: bytes = b"",
        catalog: Catalog | None = None,
        installed: Mapping[str, str] | None = None,
    ) -> Checked:
        """Check a decoded order against the current catalog, or the one given.

        ``key`` is the client's idempotency key, if it gave one; ``raw`` the body or line that
        :meth:`read` read; without it names that stand twice in an object are not found. ``installed`` says of what
        offering or specification installed products are; None: nobody has looked.

        :raises BadRequest: with every violation.
        :raises InstalledUnread: somebody has to look first.
        """
        sent = document = canonical(order)
        catalog = catalog or self._runtime.catalogs.current
        at = self._clock() if sells_by_date(catalog) else None
        faults = []
        if key is not None and not 0 < len(key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
            message = f"an idempotency key has 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters"
            faults.append(Violation("/idempotencyKey", "bad-idempotency-key", message))
        if may_repeat(raw, sent):
            faults.extend(repeated_names(raw))
        unknown: dict[str, Violation] = {}
        if installed is not None:
            order, unknown = named(order, self._shape, installed)
            document = canonical(order)
            faults.extend(unknown.values())
        if _LONG_NUMBER in document.translate(_ANY_DIGIT):
            faults.extend(_numbers_out_of_range(order))
        try:
            form = msgspec.convert(order, self._form)
        except msgspec.ValidationError as error:
            self._demand_read(order, installed)
            if document.count(b"{") > THOROUGH_OBJECTS_MAX:
                faults.extend(first_fault_of(error))
            else:
                faults.extend(faults_of(order, document, catalog, at, self._shape))
            invariant(bool(faults), f"what one reader refuses the other refuses: {error}")
            raise _refused(_without(faults, unknown), self._shape) from None
        if not keeps_rules(form, catalog, at, self.kind):
            self._demand_read(order, installed)
            broken = rule_faults_of(order, catalog, at, self._shape)
            invariant(bool(broken), "the rules say in words what they say in a yes or no")
            faults.extend(broken)
        if form.order_relationship:
            faults.extend(_of_other_tenants(form, principal))
        if b'"modify"' in document or b'"delete"' in document:
            faults.extend(_installed_elsewhere(order, "", self._shape, tag_of(principal.tenant)))
        if faults:
            raise _refused(_without(faults, unknown), self._shape)
        digest = digest_of(sent)
        if self._sells and names_any(form.items, needs_care(catalog)):
            form, document = _completed(order, catalog, at)
        return Checked(form, document, digest, catalog.version)

    def findings(
        self,
        order: dict[str, Any],
        principal: Principal,
        *,
        raw: bytes = b"",
        installed: Mapping[str, str] | None = None,
    ) -> tuple[Violation, ...]:
        """Everything that :meth:`check` would refuse; empty when it is in order (:raises InstalledUnread:)."""
        try:
            self.check(order, principal, raw=raw, installed=installed)
        except BadRequest as problem:
            return problem.violations[:VIOLATIONS_MAX]
        return ()

    def named(self, order: dict[str, Any], installed: Mapping[str, str] | None) -> dict[str, Any]:
        """The order, however wrong, with what is known of the installed products it names by their ids alone.

        :raises InstalledUnread: somebody has to look first.
        """
        self._demand_read(order, installed)
        return named(order, self._shape, installed)[0] if installed is not None else order

    def _demand_read(self, order: dict[str, Any], installed: Mapping[str, str] | None) -> None:
        """Asked only of orders that would be refused, so that none else pays for it (:raises InstalledUnread:)."""
        if installed is None and (products := products_to_read(order, self._shape)):
            raise InstalledUnread(products)


def _completed(order: dict[str, Any], catalog: Catalog, at: int | None) -> tuple[ProductOrderCreate, bytes]:
    """The order with what its bundles take by default.

    :raises BadRequest: what it states does not fit its bundles, or what they take cannot be ordered as it stands.
    """
    whole, unfit = completed(catalog, order)
    faults = [Violation(each.pointer, each.code, each.message) for each in unfit]
    if faults:
        raise _refused(faults)
    try:
        form = msgspec.convert(whole, ProductOrderCreate)
    except msgspec.ValidationError as error:
        raise _refused(first_fault_of(error)) from None
    if not keeps_rules(form, catalog, at):
        raise _refused(rule_faults_of(whole, catalog, at))
    return form, canonical(whole)


def _admitted(checked: Checked, principal: Principal, key: str | None) -> Admitted:
    form, document = checked.form, checked.document
    party = party_of(form.related_party)
    keyed = True
    if key is not None:
        order = id_from_idempotency_key(principal.tenant, principal.client, key)
    elif form.external_id and principal.external_ids_unique:
        # Without a party the client stands for it, so that two clients never meet on an externalId.
        scope = f"party:{party}" if party else f"client:{principal.client}"
        order = id_from_external_id(principal.tenant, scope, form.external_id)
    else:
        order, keyed = random_id(principal.tenant), False
    message = SubmitOrder(
        document=document,
        digest=checked.digest,
        catalog=checked.catalog,
        client=principal.client,
        external_id=form.external_id,
        category=form.category,
        party=party,
        requested_start=0 if form.requested_start_date is UNSET else _start_of(form),
        depends_on=_needed_by(form) if form.order_relationship else (),
        keyed=keyed,
        by=principal.name,
    )
    return Admitted(order, message)


def heading_of(form: Form) -> Heading:
    """What lists, dates and other orders need to know of an order."""
    return Heading(
        form.external_id, form.category, party_of(form.related_party), _start_of(form), _needed_by(form)
    )


def party_of_document(order: dict[str, Any]) -> str:
    """The party that a decoded order of right form belongs to."""
    return party_of(msgspec.convert(order.get("relatedParty", ()), tuple[_Party, ...]))


class _Party(msgspec.Struct):
    id: str
    role: str = ""


def heading_of_draft(order: dict[str, Any]) -> Heading:
    """The heading of what may be wrong in any way: empty as long as its form is."""
    try:
        return heading_of(msgspec.convert(order, ProductOrderCreate))
    except msgspec.ValidationError:
        return Heading()


def _start_of(form: Form) -> int:
    start = form.requested_start_date
    return 0 if isinstance(start, msgspec.UnsetType) else max(0, int(start.timestamp() * 1000))


def _needed_by(form: Form) -> tuple[str, ...]:
    related = form.order_relationship
    return tuple(
        dict.fromkeys(each.id for each in related if each.relationship_type in form.order_dependencies)
    )


def _of_other_tenants(form: Form, principal: Principal) -> Iterator[Violation]:
    """Orders to wait for that the principal may not even know of: to it there is no such order."""
    own = tag_of(principal.tenant)
    for index, each in enumerate(form.order_relationship):
        if (
            each.relationship_type in form.order_dependencies
            and len(each.id) >= ORDER_ID_LENGTH
            and tenant_tag_of(each.id) != own
        ):
            message = f"there is no order {each.id[:64]!r}"
            yield Violation(f"/orderRelationship/{index}/id", "unknown-order", message)


def _installed_elsewhere(parent: dict[str, Any], pointer: str, shape: Shape, own: str) -> Iterator[Violation]:
    """Installed products of other tenants that lines of a well-formed order would change."""
    for index, item in enumerate(parent.get(shape.items, ())):
        place = f"{pointer}/{shape.items}/{index}"
        for where, product in _named(item.get(shape.subject, {}), f"{place}/{shape.subject}"):
            origin = origin_of(product)
            if origin is not None and item["action"] in CHANGING and tenant_tag_of(origin[0]) != own:
                message = f"there is no installed {shape.subject} {product[:64]!r}"
                yield Violation(f"{where}/id", f"unknown-{shape.subject}", message)
        yield from _installed_elsewhere(item, place, shape, own)


def _named(subject: dict[str, Any], pointer: str) -> Iterator[tuple[str, str]]:
    if subject.get("id"):
        yield pointer, subject["id"]
    for index, part in enumerate(subject.get("product", ())):
        yield from _named(part, f"{pointer}/product/{index}")


def party_of(parties: tuple[Any, ...]) -> str:
    """The party an order belongs to: its owner, else the ordering party, else the customer, else the first named."""
    if len(parties) < 2:
        return parties[0].id if parties else ""
    roles: dict[str, str] = {}
    for party in parties:
        roles.setdefault(party.role.casefold().replace(" ", ""), party.id)
    return next((roles[role] for role in _PARTY_ROLES if role in roles), parties[0].id)


def _refused(faults: list[Violation], shape: Shape = PRODUCT) -> BadRequest:
    places = "1 violation" if len(faults) == 1 else f"{len(faults)} violations"
    if len(faults) > VIOLATIONS_MAX:
        places = f"more than {VIOLATIONS_MAX} violations"
    return BadRequest("invalidOrder", f"the {shape.name} cannot be accepted: {places}", faults)


def _without(faults: list[Violation], unknown: Mapping[str, Violation]) -> list[Violation]:
    """Each fault once, and none that only says what a line lacks because what it names is unknown."""
    if not unknown:
        return faults
    return list(dict.fromkeys(fault for fault in faults if fault.pointer not in unknown))


def _too_deep() -> BadRequest:
    sentence = f"JSON is nested more than {JSON_DEPTH_MAX} levels deep"
    return BadRequest("tooDeep", sentence, [Violation("", "too-deep", sentence)])


def _deeper_than(value: Any, levels: int) -> bool:
    containers = [value]
    for _ in range(levels):
        containers = [
            inner
            for outer in containers
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
        if not containers:
            return False
    return True


def _numbers_out_of_range(order: dict[str, Any]) -> list[Violation]:
    """Integers that do not fit 64 bits: they would be lost in the journal's format and in most systems behind us."""
    found = []
    ways: list[tuple[str, Any]] = [("", order)]
    while ways:
        pointer, value = ways.pop()
        if type(value) is dict:
            # A pointer does not repeat an over-long name a thousand times: it then ends at the object around it.
            ways.extend(
                (pointer + (pointer_of(name) if len(name) <= TEXT_ID_LENGTH_MAX else ""), inner)
                for name, inner in value.items()
            )
        elif type(value) is list:
            ways.extend((f"{pointer}/{index}", inner) for index, inner in enumerate(value))
        elif type(value) is int and not _INTEGER_MIN <= value <= _INTEGER_MAX:
            found.append(Violation(pointer, "number-out-of-range", "an integer must fit 64 bits"))
    return found
