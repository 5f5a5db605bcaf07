"""Whatever order with rules: the promises hold after every message, it ends, and its graph is that of its values."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.group import OrderGroupKind
from actors.messages import AcknowledgeAlerts, GiveUp, GiveValues, Retry, TaskResult, TaskResults, TimerFired
from actors.states import FINAL, State
from actors.structure import OrderGroup
from actors.waiting import OPERATOR, REQUESTER, RUNTIME, TARGET, waits_for
from catalog.lines import LineRequest
from catalog.store import Catalogs
from tests.actors.drawn import NOW, item, submission
from tests.actors.judging import Watched, encode
from tests.actors.ruled import SHARED, SITES
from tests.catalog.graph.building import grown, told

TURNS_MAX = 400
COLOURS = ("red", "blue", None)
MODELS = ("x", "y")
PLACES = ("H4", "H5", None)


@st.composite
def orders(draw: st.DrawFn) -> tuple[Catalogs, list[dict[str, Any]]]:
    catalogs = draw(st.sampled_from([SITES, SHARED]))
    lines = []
    for number in range(draw(st.integers(1, 3))):
        id_ = str(number + 1)
        needs = [str(draw(st.integers(1, number)))] if number and draw(st.booleans()) else []
        if catalogs is SITES:
            values = {"sites": draw(st.integers(0, 2)), "colour": draw(st.sampled_from(COLOURS))}
            lines.append(item(id_, "pnet", characteristics=values, needs=needs))
        else:
            offering = draw(st.sampled_from(["ptv", "pnet"]))
            values = {"place": draw(st.sampled_from(PLACES)), "speed": draw(st.sampled_from([50, 100, None]))}
            if offering == "pnet":
                values["secure"] = draw(st.sampled_from([True, False, None]))
            quantity = draw(st.sampled_from([1, 1, 2]))
            lines.append(item(id_, offering, characteristics=values, needs=needs, quantity=quantity))
    return catalogs, lines


def paths(group: OrderGroup) -> list[str]:
    """All that may be said of an order."""
    graph = group.decomposition.graph
    found = {path for held in (graph.held.values() if graph else ()) for x in held for path in x.part.missing}
    found |= {"pnet.colour", "pnet.sites", "place", "speed", "secure"}
    for grown_ in graph.grown.values() if graph is not None else ():
        found |= {f"{grown_.path}.{name}" for name in ("model", "line", "speed")}
    return sorted(found)


def value_for(draw: st.DrawFn, path: str) -> Any:
    name = path.rpartition(".")[2]
    choices: dict[str, list[Any]] = {
        "colour": ["red", "blue"],
        "sites": [0, 1, 2, 3],
        "model": list(MODELS),
        "line": ["copper", "fibre"],
        "place": ["H4", "H5"],
        "speed": [50, 100, 500],
        "secure": [True, False],
        "remove": [[1], [2]],
    }
    return draw(st.sampled_from([*choices.get(name, ["x"]), None]))


@st.composite
def messages(draw: st.DrawFn, group: OrderGroup) -> Any:
    tasks = group.orchestration.tasks
    out = [key for key, task in tasks.items() if task.state is State.IN_PROGRESS]
    troubled = [key for key, task in tasks.items() if task.state in (State.HELD, State.PENDING)]
    troubled += [line.id for line in group.lines.values() if line.points is not None]
    kind = draw(st.integers(0, 10))
    if kind == 10:
        line = draw(st.sampled_from(list(group.lines)))
        return AcknowledgeAlerts(line, draw(st.sampled_from(["ann", "bob"])), groups=("*",))
    if kind < 4:
        line = draw(st.sampled_from(list(group.lines)))
        named = draw(st.lists(st.sampled_from(paths(group)), min_size=1, max_size=2, unique=True))
        return GiveValues(line, {path: value_for(draw, path) for path in named})
    if kind < 7 and out:
        keys = draw(st.lists(st.sampled_from(out), min_size=1, max_size=3, unique=True))
        results = tuple(
            TaskResult(
                key,
                tasks[key].generation,
                draw(st.sampled_from(["completed", "completed", "completed", "failed", "pending"])),
                draw(st.sampled_from([{}, {"line": "copper"}, {"line": "fibre"}])),
            )
            for key in keys
        )
        return TaskResults(results)
    if kind < 9 and troubled:
        target = draw(st.sampled_from(troubled))
        return draw(st.sampled_from([Retry(target), Retry(target, {"port": 1}), GiveUp(target)]))
    return TimerFired(draw(st.sampled_from(["deadline", "heldBack", "decompose"])))


@given(orders(), st.data())
def test_any_order_with_rules_keeps_its_promises_and_ends(
    drawn: tuple[Catalogs, list[dict[str, Any]]], data: st.DataObject
) -> None:
    catalogs, items = drawn
    watched = Watched(OrderGroupKind(catalogs), NOW)
    watched.tell(submission(items, catalogs))
    for _ in range(data.draw(st.integers(0, 15), label="messages")):
        assert watched.state is not None
        watched.now += data.draw(st.sampled_from([0, 1, 60_000, 86_400_000]), label="time passes")
        watched.tell(data.draw(messages(watched.state)))
        judge_sharing(watched.state)
    give_up = data.draw(st.booleans(), label="values are not given")
    turns = 0
    while watched.state is not None and watched.state.order.state not in FINAL:
        take_the_next_step(watched, give_up)
        judge_sharing(watched.state)
        turns += 1
        assert turns < TURNS_MAX, waits_for(watched.state, watched.now).stated
    assert encode(watched.replayed()) == encode(watched.state)
    snapshot = msgspec.msgpack.decode(encode(watched.state), type=OrderGroup)
    assert encode(snapshot) == encode(watched.state), "a snapshot is the state"


def judge_sharing(group: OrderGroup | None) -> None:
    """What is shared is there if and only if a line refers to it, and each of them asks for it."""
    graph = group.decomposition.graph if group is not None else None
    if group is None or graph is None:
        return
    for key in graph.lines.get("", {}):
        order = group.decomposition.domain_orders[key]
        assert order.referrers, key
        assert set(order.referrers) <= group.lines.keys()
    roots = {key for key in graph.lines.get("", {}) if graph.grown[key].sharing_key}
    for key, asked in graph.asked.items():
        assert asked and key in roots


def take_the_next_step(watched: Watched, give_up: bool) -> None:
    group = watched.state
    assert group is not None
    stated = waits_for(group, watched.now).stated
    assert stated is not None
    if stated.kind == TARGET:
        generation = group.orchestration.tasks[stated.at].generation
        watched.tell(TaskResult(stated.at, generation, "completed", {"line": "fibre"}))
    elif stated.kind == REQUESTER and stated.at in group.lines and not give_up:
        graph = group.decomposition.graph
        assert graph is not None
        missing = [path for held in graph.held[stated.at] for path in held.part.missing]
        watched.tell(GiveValues(stated.at, {path: _plausible(path) for path in missing}))
    elif stated.kind in (REQUESTER, OPERATOR):
        watched.tell(GiveUp(stated.at) if stated.at in group.lines or give_up else Retry(stated.at))
    else:
        assert stated.kind == RUNTIME
        key = "decompose" if "decompose" in watched.timers else "heldBack"
        watched.now = max(watched.now, watched.timers[key])
        watched.tell(TimerFired(key))


def _plausible(path: str) -> Any:
    name = path.rpartition(".")[2]
    return {"speed": 100, "secure": True, "place": "H4", "remove": [1], "sites": 1}.get(name, "x")


@given(
    sites=st.integers(0, 2),
    colour=st.sampled_from(["red", "blue"]),
    model=st.lists(st.sampled_from(MODELS), min_size=2, max_size=2),
    order=st.permutations(["pnet.colour", "pnet.ssite[1].model", "pnet.ssite[2].model"]),
    tasks_first=st.booleans(),
)
def test_values_in_any_order_end_in_the_graph_of_all_at_once(
    sites: int, colour: str, model: list[str], order: list[str], tasks_first: bool
) -> None:
    values = {"pnet.colour": colour}
    values |= {f"pnet.ssite[{number}].model": model[number - 1] for number in range(1, sites + 1)}
    watched = Watched(OrderGroupKind(SITES), NOW)
    watched.tell(submission([item("1", "pnet", characteristics={"sites": sites})], SITES))

    def answer() -> None:
        while watched.state is not None:
            out = [k for k, t in watched.state.orchestration.tasks.items() if t.state is State.IN_PROGRESS]
            if not out:
                return
            watched.tell(TaskResult(out[0], 1, "completed", {"line": "fibre"}))

    for path in [each for each in order if each in values]:
        if tasks_first:
            answer()
        watched.tell(GiveValues("1", {path: values[path]}))
    answer()
    assert watched.state is not None and watched.state.order.state is State.COMPLETED
    known = values | {f"pnet.ssite[{number}].rsurvey.line": "fibre" for number in range(1, sites + 1)}
    request = LineRequest("1", "add", "pnet", characteristics={"sites": sites})
    whole = grown(SITES.current, request, told=told("1", known))
    orders_ = watched.state.decomposition.domain_orders
    assert {key: order.characteristics for key, order in orders_.items()} == {
        key: node.characteristics for key, node in whole.nodes.items()
    }
    assert watched.state.orchestration.tasks.keys() == {task.key for task in whole.tasks}
