"""The plan: sequence within a domain order, between levels and siblings, through orders without tasks."""

from collections.abc import Callable

from catalog.decompose import LineRequest, decompose
from catalog.model import Catalog

TREE = """
offerings: {o: {productSpecification: p}}
productSpecifications:
  p: {relationships: [{type: Realized as, target: cfs}]}
serviceSpecifications:
  cfs:
    relationships:
      - {type: Realized as, target: middle, order: 2, after: [early]}
      - {type: Requires, target: early, order: 1}
    plans: &plans
      add: [{name: start, target: t}, {name: end, target: t, pointOfNoReturn: true}]
      delete: [{name: start, target: t}, {name: end, target: t}]
  middle:
    relationships: [{type: Requires, target: late}]
resourceSpecifications:
  early: {plans: *plans}
  late: {plans: *plans}
"""


def wiring(catalog: Catalog, action: str) -> dict[str, tuple[str, ...]]:
    decomposed = decompose(catalog, LineRequest("1", action, "o"))
    specifications = {order.key: order.specification for order in decomposed.domain_orders}
    names = {task.key: f"{specifications[task.domain_order]}.{task.name}" for task in decomposed.tasks}
    return {names[task.key]: tuple(names[need] for need in task.needs) for task in decomposed.tasks}


def test_add_goes_bottom_up_and_keeps_the_siblings_sequence(load_text: Callable[[str], Catalog]) -> None:
    assert wiring(load_text(TREE), "add") == {
        "early.start": (),
        "early.end": ("early.start",),
        "late.start": ("early.end",),
        "late.end": ("late.start",),
        "cfs.start": ("late.end",),
        "cfs.end": ("cfs.start",),
    }


def test_delete_goes_top_down_and_reverses_the_siblings(load_text: Callable[[str], Catalog]) -> None:
    assert wiring(load_text(TREE), "delete") == {
        "cfs.start": (),
        "cfs.end": ("cfs.start",),
        "late.start": ("cfs.end",),
        "late.end": ("late.start",),
        "early.start": ("late.end",),
        "early.end": ("early.start",),
    }


def test_an_action_without_a_plan_has_no_tasks(load_text: Callable[[str], Catalog]) -> None:
    assert wiring(load_text(TREE), "modify") == {}


def test_siblings_without_a_sequence_run_side_by_side(load_text: Callable[[str], Catalog]) -> None:
    wired = wiring(load_text(TREE.replace(", after: [early]", "")), "add")
    assert wired["late.start"] == wired["early.start"] == ()
    assert set(wired["cfs.start"]) == {"early.end", "late.end"}


def test_a_plan_is_sequential_unless_it_says_parallel(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        resourceSpecifications:
          r:
            plans:
              add:
                sequence: parallel
                tasks:
                  - {name: a, target: t, duration: PT2S}
                  - {name: b, target: t, duration: PT4S, timeout: PT5S}
                  - {name: c, target: t, after: [a, b]}
              delete:
                - {name: a, target: t}
                - {name: b, target: t, after: []}
        """
    )
    plans = catalog.specifications["r"].plans
    assert [task.after for task in plans["add"]] == [(), (), ("a", "b")]
    assert [task.after for task in plans["delete"]] == [(), ()]
    assert [(task.duration_ms, task.timeout_ms) for task in plans["add"]] == [
        (2_000, 30_000),
        (4_000, 5_000),
        (0, 30_000),
    ]


def test_points_of_no_return_and_times_reach_the_tasks(sample: Catalog) -> None:
    tasks = decompose(sample, LineRequest("1", "add", "cloud-connect")).tasks
    port = next(task for task in tasks if task.name == "order-cloud-port")
    routes = next(task for task in tasks if task.name == "exchange-routes")
    assert (port.duration_ms, port.timeout_ms, port.point_of_no_return) == (100, 300_000, False)
    assert routes.point_of_no_return and port.key in routes.needs
