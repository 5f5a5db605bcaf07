"""What is in a picture of the catalog: boxes and arrows, in a stable order."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from catalog.model import Catalog, Specification, TaskTemplate

BoxKind = Literal["offering", "product", "service", "resource"]


class Box(NamedTuple):
    """An offering or specification; `lines` stand below its name: the tasks of its plan."""

    id: str
    kind: BoxKind
    name: str
    lines: tuple[str, ...] = ()


class Arrow(NamedTuple):
    """From one box to another, by their ids; `creates` when it makes a domain order (or an order line)."""

    source: str
    target: str
    label: str
    creates: bool = True


class Picture(NamedTuple):
    """Boxes, each before what it leads to, and arrows between them."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def picture_of(catalog: Catalog, names: Sequence[str] = (), action: str | None = None) -> Picture:
    """The whole catalog, or what these offerings and specifications lead to; with the plan for an action.

    :raises KeyError: with the name that neither an offering nor a specification has.
    """
    return _Drawing(catalog, action).picture(names)


class _Drawing:
    def __init__(self, catalog: Catalog, action: str | None) -> None:
        self.catalog = catalog
        self.action = action
        self.boxes: dict[str, Box] = {}
        self.arrows: list[Arrow] = []

    def picture(self, names: Sequence[str]) -> Picture:
        for name in names or (*self.catalog.offerings, *self.catalog.specifications):
            if name in self.catalog.offerings:
                self._offering(name)
            elif name in self.catalog.specifications:
                self._specification(self.catalog.specifications[name])
            else:
                raise KeyError(name)
        return Picture(tuple(self.boxes.values()), tuple(self.arrows))

    def _offering(self, name: str) -> str:
        offering = self.catalog.offerings[name]
        id_ = f"offering:{name}"
        if id_ in self.boxes:
            return id_
        self.boxes[id_] = Box(id_, "offering", offering.name)
        for child in offering.bundled:
            target = self._offering(child.offering)
            bounds = _bounds(child.minimum_quantity, child.default_quantity, child.maximum_quantity)
            self.arrows.append(Arrow(id_, target, f"bundles{bounds}"))
        if offering.product_specification:
            specification = self.catalog.specifications[offering.product_specification]
            self.arrows.append(Arrow(id_, self._specification(specification), "of"))
        return id_

    def _specification(self, specification: Specification) -> str:
        id_ = f"specification:{specification.id}"
        if id_ in self.boxes:
            return id_
        plan = specification.plans.get(self.action, ()) if self.action is not None else ()
        self.boxes[id_] = Box(id_, specification.kind, specification.name, tuple(plan_lines(plan)))
        for each in specification.relationships:
            target = self._specification(self.catalog.specifications[each.target])
            label: str = each.type
            if each.quantity_characteristic is not None:
                label += f" × {each.quantity_characteristic}"
            elif each.default_quantity != 1:
                label += f" × {each.default_quantity}"
            if each.rules:
                label += " if"
            self.arrows.append(Arrow(id_, target, label, each.type != "Composed of"))
        return id_


def plan_lines(plan: Iterable[TaskTemplate]) -> Iterable[str]:
    """Each task with what it waits for, where that is not simply the one before."""
    before: str | None = None
    for number, task in enumerate(plan, 1):
        usual = (before,) if before is not None else ()
        waits = ""
        if task.after != usual:
            waits = f" after {', '.join(task.after)}" if task.after else " at once"
        mark = " ■" if task.point_of_no_return else ""
        yield f"{number} {task.name} @ {task.target}{waits}{mark}"
        before = task.name


def _bounds(minimum: int, default: int, maximum: int | None) -> str:
    """How many, where it is not simply one."""
    if (minimum, default, maximum) in ((1, 1, 1), (1, 1, None)):
        return ""
    return f" {minimum}..{'*' if maximum is None else maximum}"
