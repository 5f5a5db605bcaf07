"""Decomposition: keys, parents, quantities, values, reasons; first by example, then over drawn catalogs."""

from collections.abc import Callable
from graphlib import TopologicalSorter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.decompose import LineDecomposition, LineRequest, decompose, explain
from catalog.model import (
    Catalog,
    CharacteristicSpecification,
    Kind,
    ProductOffering,
    Relationship,
    Specification,
    TaskTemplate,
    catalog_of,
)
from catalog.refusals import (
    NothingOrdered,
    QuantityOutOfRange,
    UnknownAction,
    UnknownOffering,
    UnknownSpecification,
)
from catalog.tree import KEPT_DOMAIN_ORDERS_MAX, LINE_DOMAIN_ORDERS_MAX, tree_of


def test_keys_go_on_from_the_first_ordinal(sample: Catalog) -> None:
    request = LineRequest("7", "add", "broadband-basic", None, 2, {"speed": 50}, first_ordinal=5)
    decomposed = decompose(sample, request)
    assert [order.key for order in decomposed.domain_orders] == ["7.5", "7.6", "7.7", "7.8"]
    assert [order.parent for order in decomposed.domain_orders] == [None, "7.5", None, "7.7"]
    assert [order.ordinal for order in decomposed.domain_orders] == [1, 1, 2, 1]


def test_no_change_creates_nothing_but_must_exist(sample: Catalog) -> None:
    assert decompose(sample, LineRequest("1", "noChange", "tv-premium")) == LineDecomposition("1", (), ())
    with pytest.raises(UnknownOffering):
        decompose(sample, LineRequest("1", "noChange", "nothing"))


@pytest.mark.parametrize(
    "request_, refusal",
    [
        (LineRequest("1", "add", "nothing"), UnknownOffering),
        (LineRequest("1", "add", None, "nothing"), UnknownSpecification),
        (LineRequest("1", "add"), NothingOrdered),
        (LineRequest("1", "move", "tv-premium"), UnknownAction),
        (LineRequest("1", "add", "tv-premium", quantity=0), QuantityOutOfRange),
        (LineRequest("1", "add", "tv-premium", quantity=LINE_DOMAIN_ORDERS_MAX), QuantityOutOfRange),
        (LineRequest("1", "add", "iot-fleet", characteristics={"devices": 5001}), QuantityOutOfRange),
        (LineRequest("1", "add", "iot-fleet", characteristics={"devices": 0}), QuantityOutOfRange),
        (LineRequest("1", "add", "iot-fleet", characteristics={"devices": "3"}), QuantityOutOfRange),
    ],
)
def test_what_cannot_be_decomposed_is_refused(
    request_: LineRequest, refusal: type[Exception], sample: Catalog
) -> None:
    with pytest.raises(refusal):
        decompose(sample, request_)


def test_a_line_may_not_grow_without_bound(sample: Catalog) -> None:
    request = LineRequest("1", "add", "sdwan-network", None, 20, {"siteCount": 1000})
    with pytest.raises(QuantityOutOfRange, match="split it into several lines"):
        decompose(sample, request)


def test_a_captured_service_order_starts_with_its_own_order(sample: Catalog) -> None:
    request = LineRequest("1", "add", None, "internet-access-service", 1, {"downstreamSpeed": 250.0})
    service, resource = decompose(sample, request).domain_orders
    assert (service.relationship, service.kind, service.parent) == ("Ordered", "service", None)
    assert service.characteristics == {"downstreamSpeed": 250, "contention": "standard"}
    assert type(service.characteristics["downstreamSpeed"]) is int
    assert (resource.parent, resource.relationship) == ("1.1", "Requires")


def test_a_product_orders_for_itself_only_when_it_says_so(sample: Catalog) -> None:
    request = LineRequest("1", "add", "voice-business", None, 1, {"channels": 4, "numbers": 3})
    orders = decompose(sample, request).domain_orders
    assert [order.kind for order in orders] == ["product", "service", *["resource"] * 4]
    bundled = decompose(
        sample, LineRequest("1", "add", "sdwan-network", None, 1, {"siteCount": 2})
    ).domain_orders
    sites = [order for order in bundled if order.specification == "sdwan-site"]
    assert [(site.kind, site.relationship, site.ordinal) for site in sites] == [
        ("product", "Bundles", 1),
        ("product", "Bundles", 2),
    ]


def test_values_flow_by_mapping_by_name_and_by_default(sample: Catalog) -> None:
    given_values = {"siteCount": 1, "hubBandwidth": 2000, "bandwidth": 500}
    orders = decompose(sample, LineRequest("1", "add", "sdwan-network", None, 1, given_values)).domain_orders
    hub = next(order for order in orders if order.specification == "sdwan-hub")
    site = next(order for order in orders if order.specification == "sdwan-site")
    assert hub.characteristics == {"bandwidth": 2000, "deviceModel": "edge-2000"}
    assert site.characteristics == {"bandwidth": 500, "deviceModel": "edge-100", "segments": ["office"]}


def test_null_is_not_known_yet_and_a_default_takes_its_place(sample: Catalog) -> None:
    request = LineRequest("1", "add", "tv-premium", None, 1, {"package": None, "resolution": "HD"})
    service = decompose(sample, request).domain_orders[0]
    assert service.characteristics == {"package": "all", "resolution": "HD"}


def test_a_modify_carries_what_changes_and_no_defaults(sample: Catalog) -> None:
    request = LineRequest("1", "modify", "tv-premium", None, 1, {"package": "sport"})
    service, *_ = decompose(sample, request).domain_orders
    assert (service.action, service.characteristics) == ("modify", {"package": "sport"})


def test_counting_uses_defaults_for_every_action(sample: Catalog) -> None:
    request = LineRequest("1", "delete", "mpls-vpn-site", None, 1, {"accessCircuits": 2})
    assert (
        sum(each.specification == "leased-circuit" for each in decompose(sample, request).domain_orders) == 2
    )
    unstated = decompose(sample, LineRequest("1", "delete", "mpls-vpn-site"))
    assert sum(each.specification == "leased-circuit" for each in unstated.domain_orders) == 1


def test_instances_do_not_share_their_values(sample: Catalog) -> None:
    for offering, quantity, values in (
        ("cloud-connect", 2, {"provider": "open-cloud", "region": "eu-north-1", "bandwidth": 50}),
        ("sdwan-network", 1, {"siteCount": 3}),
    ):
        request = LineRequest("1", "add", offering, None, quantity, values)
        orders = [*decompose(sample, request).domain_orders, *decompose(sample, request).domain_orders]
        assert len({id(order.characteristics) for order in orders}) == len(orders)


def test_shapes_that_are_kept_are_bounded(sample: Catalog) -> None:
    for count in (*range(1, 30), 900, 600, 29):
        decompose(sample, LineRequest("1", "add", "sdwan-network", None, 1, {"siteCount": count}))
    tree = tree_of(sample, "sdwan-network", None, "add")
    assert tree.kept_size == sum(len(shape.orders) for shape in tree.kept.values()) <= KEPT_DOMAIN_ORDERS_MAX


def test_explain_says_what_was_created_and_what_was_not(sample: Catalog) -> None:
    values = {"bandwidth": 100, "site": "Gent", "accessCircuits": 2}
    request = LineRequest("1", "add", "mpls-vpn-site", None, 1, values)
    reasons = {(reason.source, reason.target): reason for reason in explain(sample, request)}
    composed = reasons["mpls-vpn-site", "service-level-agreement"]
    assert (composed.created, composed.rule, composed.domain_orders) == (False, "composed-of", ())
    counted = reasons["mpls-vpn-service", "leased-circuit"]
    assert (counted.rule, counted.inputs) == ("quantity-characteristic", {"accessCircuits": 2})
    assert len(counted.domain_orders) == 2 and "accessCircuits is 2" in counted.sentence
    created = [key for reason in explain(sample, request) for key in reason.domain_orders]
    assert sorted(created) == sorted(order.key for order in decompose(sample, request).domain_orders)


def test_explain_speaks_of_quantity_zero_defaults_and_no_change(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        offerings: {o: {productSpecification: p}}
        productSpecifications:
          p:
            characteristics: {boxes: {valueType: integer}}
            relationships:
              - {type: Requires, target: extra, defaultQuantity: 0}
              - {type: Requires, target: box, quantityCharacteristic: boxes, defaultQuantity: 2}
        resourceSpecifications: {extra: {}, box: {}}
        """
    )
    request = LineRequest("1", "add", "o", quantity=2)
    assert [reason.rule for reason in explain(catalog, request)] == [
        "product-without-order",
        "default-quantity",
        "quantity-default",
    ]
    boxes = explain(catalog, request)[-1]
    assert boxes.inputs == {"quantity": 2, "boxes": 2} and len(boxes.domain_orders) == 4
    none = explain(catalog, LineRequest("1", "add", "o", characteristics={"boxes": 0}))[-1]
    assert (none.created, none.inputs) == (False, {"boxes": 0})
    (unchanged,) = explain(catalog, LineRequest("1", "noChange", "o"))
    assert (unchanged.rule, unchanged.created) == ("no-change", False)


COUNT = CharacteristicSpecification("count", "integer", default=2)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Drawn catalogs: a product over layers of services and resources, each related to later ones only."""
    kinds: list[Kind] = [
        "product",
        *draw(st.lists(st.sampled_from(["service", "resource"]), min_size=1, max_size=6)),
    ]
    kinds.sort(key=("product", "service", "resource").index)
    types = {
        ("product", "service"): "Realized as",
        ("service", "service"): "Bundles",
        ("resource", "resource"): "Bundles",
    }
    specifications = []
    for number, kind in enumerate(kinds):
        later = range(number + 1, len(kinds))
        targets = sorted(draw(st.sets(st.sampled_from(later), max_size=3))) if later else []
        relationships = []
        for place, target in enumerate(targets):
            siblings = [f"s{each}" for each in targets[:place]]
            relationships.append(
                Relationship(
                    type=types.get((kind, kinds[target]), "Requires"),  # type: ignore[arg-type]
                    target=f"s{target}",
                    default_quantity=draw(st.integers(0, 2)),
                    quantity_characteristic=draw(st.sampled_from([None, None, "count"])),
                    after=tuple(draw(st.sets(st.sampled_from(siblings)))) if siblings else (),
                )
            )
        plans = {action: draw(plan()) for action in ("add", "modify", "delete") if draw(st.booleans())}
        specifications.append(
            Specification(
                id=f"s{number}",
                kind=kind,
                name=f"S{number}",
                orders=draw(st.booleans()),
                characteristics=(COUNT,),
                relationships=tuple(relationships),
                plans=plans,
            )
        )
    return catalog_of("drawn", "1", (ProductOffering("o", "O", "s0"),), tuple(specifications))


@st.composite
def plan(draw: st.DrawFn) -> tuple[TaskTemplate, ...]:
    size = draw(st.integers(1, 3))
    return tuple(
        TaskTemplate(
            f"t{number}",
            "system",
            10,
            100,
            after=tuple(f"t{each}" for each in range(number) if draw(st.booleans())),
        )
        for number in range(size)
    )


@st.composite
def requests(draw: st.DrawFn) -> LineRequest:
    values = {"count": draw(st.integers(0, 2))} if draw(st.booleans()) else {}
    action = draw(st.sampled_from(["add", "modify", "delete"]))
    return LineRequest("9", action, "o", None, draw(st.integers(1, 3)), values, draw(st.integers(1, 4)))


@given(catalogs(), requests())
def test_every_decomposition_is_sound(catalog: Catalog, request: LineRequest) -> None:
    decomposed = decompose(catalog, request)
    orders, tasks = decomposed.domain_orders, decomposed.tasks
    keys = [order.key for order in orders]
    assert keys == [f"9.{request.first_ordinal + number}" for number in range(len(orders))]
    for place, order in enumerate(orders):
        assert order.parent is None or order.parent in keys[:place], "parents come first"
        assert order.action == request.action
    siblings = [(order.parent, order.specification, order.ordinal) for order in orders]
    assert len(set(siblings)) == len(siblings)
    assert all(
        ordinal == 1 or (parent, specification, ordinal - 1) in siblings
        for parent, specification, ordinal in siblings
    )
    seen: set[str] = set()
    for task in tasks:
        assert task.domain_order in keys and task.key.startswith(f"{task.domain_order}.")
        assert set(task.needs) <= seen, "needed before needing, within the line"
        assert len(set(task.needs)) == len(task.needs)
        seen.add(task.key)
    assert len(seen) == len(tasks)
    TopologicalSorter({task.key: task.needs for task in tasks}).prepare()


@given(catalogs(), requests())
def test_every_decomposition_is_repeated_and_explained(catalog: Catalog, request: LineRequest) -> None:
    fresh = catalog_of(
        catalog.name,
        catalog.version,
        tuple(catalog.offerings.values()),
        tuple(catalog.specifications.values()),
    )
    decomposed = decompose(catalog, request)
    assert decompose(catalog, request) == decomposed == decompose(fresh, request)
    explained = [key for reason in explain(catalog, request) for key in reason.domain_orders]
    assert sorted(explained) == sorted(order.key for order in decomposed.domain_orders)


@given(catalogs(), requests())
def test_a_quantity_gives_as_many_trees(catalog: Catalog, request: LineRequest) -> None:
    single = decompose(catalog, LineRequest("9", request.action, "o", None, 1, request.characteristics))
    several = decompose(catalog, request)
    assert len(several.domain_orders) == request.quantity * len(single.domain_orders)
    assert len(several.tasks) == request.quantity * len(single.tasks)
    tree_by_key = {
        order.key: number // max(1, len(single.domain_orders))
        for number, order in enumerate(several.domain_orders)
    }
    for task in several.tasks:
        assert {tree_by_key[need.rsplit(".", 1)[0]] for need in task.needs} <= {
            tree_by_key[task.domain_order]
        }


@given(catalogs(), requests())
def test_parents_wait_for_children_and_on_delete_children_for_parents(
    catalog: Catalog, request: LineRequest
) -> None:
    decomposed = decompose(catalog, request)
    needs = {task.key: set(task.needs) for task in decomposed.tasks}
    for task in decomposed.tasks:  # needed before needing, so one pass closes the relation
        needs[task.key] |= {far for near in task.needs for far in needs[near]}
    owned: dict[str, set[str]] = {}
    for task in decomposed.tasks:
        owned.setdefault(task.domain_order, set()).add(task.key)
    for order in decomposed.domain_orders:
        upper, lower = owned.get(order.parent or "", set()), owned.get(order.key, set())
        waiting, awaited = (lower, upper) if request.action == "delete" else (upper, lower)
        assert all(awaited <= needs[task] for task in waiting)
