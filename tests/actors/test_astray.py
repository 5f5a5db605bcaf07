"""Service orders astray are told to lists exactly while they are: whatever moves and whatever is dropped."""

from hypothesis import given
from hypothesis import strategies as st

from actors import astray
from actors.events import AnyEvent, DomainOrdersMoved, OrderSubmitted
from actors.events_of_graph import NodesDropped, NodesGrown
from actors.group import OrderGroup, OrderGroupKind
from actors.order_id import SERVICE_MARK
from actors.states import SERVICE_ORDER, State
from catalog.graph.results import GrownNode
from tests.actors.drawn import NOW, SAMPLE
from tests.actors.judging import tally

KIND = OrderGroupKind(SAMPLE)
KEYS = tuple(f"1.1-{number}" for number in range(6))
KINDS = ("service", "service", "product", "service", "resource", "service")
DOCUMENT = b'{"productOrderItem": [{"id": "1", "action": "add"}]}'

moves = st.tuples(st.sampled_from(SERVICE_ORDER.states), st.sets(st.sampled_from(KEYS), min_size=1))
drops = st.tuples(st.none(), st.sets(st.sampled_from(KEYS), max_size=2))


def grown(order: str = "o1") -> OrderGroup:
    """An order with a domain order of each key."""
    submitted = OrderSubmitted(order, DOCUMENT, b"", "1", "", "", "", "", 0, (), State.ACKNOWLEDGED)
    nodes = [
        GrownNode(key, kind, "x", (), "requires", 1, "add", {}, key, "", ("1",))
        for key, kind in zip(KEYS, KINDS, strict=True)
    ]
    return folded(KIND.evolve(None, submitted, NOW), NodesGrown(tuple(nodes)))


def folded(group: OrderGroup, *events: AnyEvent) -> OrderGroup:
    for event in events:
        group = KIND.evolve(group, event, NOW)
    return group


def found_by(group: OrderGroup) -> list[tuple[str, str]]:
    return [pair for pair in KIND.index(group)[1] if pair[0].endswith(astray.ATTRIBUTE)]


@given(st.lists(moves | drops, max_size=12))
def test_the_tally_is_what_a_recount_gives(steps: list[tuple[State | None, set[str]]]) -> None:
    group = grown()
    for state, keys in steps:
        orders = group.decomposition.domain_orders
        there = tuple(sorted(keys & orders.keys()))
        folded(group, NodesDropped(there) if state is None else DomainOrdersMoved(state, there))
        states = [each.state for each in orders.values() if each.kind == "service"]
        assert group.decomposition.astray == tally(each for each in states if each not in astray.STRAIGHT)
        assert {value for _, value in found_by(group)} == set(states) - astray.STRAIGHT


def test_a_straight_way_leaves_no_trace() -> None:
    group = grown()
    before = KIND.index(group)
    for state in (State.IN_PROGRESS, State.COMPLETED):
        folded(group, DomainOrdersMoved(state, KEYS))
        assert KIND.index(group) == before and not group.decomposition.astray


def test_the_attribute_tells_the_tenant_and_no_kind() -> None:
    for order, name in (
        ("o" + 24 * "1", astray.ATTRIBUTE),
        ("o" + SERVICE_MARK + 24 * "1", astray.ATTRIBUTE),
        ("o" + 24 * "1" + "northern", f"northern.{astray.ATTRIBUTE}"),
        ("o" + SERVICE_MARK + 24 * "1" + "northern", f"northern.{astray.ATTRIBUTE}"),
    ):
        group = folded(grown(order), DomainOrdersMoved(State.HELD, KEYS[:2]))
        assert found_by(group) == [(name, "held")]
