"""What becomes of products after they were ordered: they are changed and taken away, and what stands is looked at.

Each drawn order is carried out. What of it waits for values gets them, before or after the rest is built, or is decided
without them and ordered later by a modify. Then its own products are changed, in number and in what they are, and
deleted one after the other.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from catalog.door import check_line
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.refusals import CatalogRefusal
from catalog.trial.answering import ANSWERABLE, Answers, Step
from catalog.trial.choosing import Choices
from catalog.trial.standing import NOTHING, Carried, Standing, carried_out

AT_ONCE, IN_THE_ORDER, LATER = "at once", "in the order", "later"
KNOWN: Final = (AT_ONCE, IN_THE_ORDER, LATER)
"""When what an order leaves open is known: as it comes, while it waits, or when a modify says so."""
ANSWERS_MAX: Final = 64
"""Rounds of answers to what waits in one order: each may let something else appear that waits."""


class Lines(NamedTuple):
    """The lines of a drawn order, with everything stated and with gaps."""

    whole: Sequence[LineRequest]
    gapped: Sequence[LineRequest]


class Seen(NamedTuple):
    """What was found wrong, empty where nothing was, and what had happened to the order by then."""

    sentence: str
    then: tuple[Step, ...] = ()
    gapped: bool = False
    """Whether the order came with gaps."""


def unsteady(catalog: Catalog, lines: Lines, at: int, choices: Choices) -> Seen:
    """Why a modify that changes nothing orders something all the same."""
    life = Life(catalog, at, choices)
    for _ in life.lived(lines):
        for line in life.lines.values():
            again = life.tried(line)
            moved = [node for node in again.nodes if node.action != "noChange"] if again is not None else []
            if moved:
                what = f"a modify to what it is orders {moved[0].action} of {moved[0].path}"
                return life.seen(f"line {line.line}: {what}")
    return Seen("")


def unwanted(catalog: Catalog, lines: Lines, at: int, choices: Choices) -> Seen:
    """What is created while values are missing, and is not wanted any more once they came."""
    life = Life(catalog, at, choices)
    for _ in life.lived(lines):
        if life.withdrawn:
            return life.seen(life.withdrawn)
    return Seen("")


def touched(catalog: Catalog, lines: Lines, at: int, choices: Choices) -> Seen:
    """What another quantity does to those that stay."""
    life = Life(catalog, at, choices)
    for _ in life.lived(lines, changes=0):
        pass
    for line in life.lines.values():
        quantity = choices.among([number for number in (1, 2, 3) if number != line.quantity])
        done = life.tried(msgspec.structs.replace(line, quantity=quantity))
        way = "add" if quantity > line.quantity else "delete"
        for node in done.nodes if done is not None else ():
            if node.action not in (way, "noChange") and not node.shared:
                what = f"quantity {quantity} instead of {line.quantity} orders {node.action} of {node.path}"
                return life.seen(f"line {line.line}: {what}")
    return Seen("")


def left_over(catalog: Catalog, lines: Lines, at: int, choices: Choices) -> Seen:
    """What deletes leave behind, or take away that is still needed."""
    life = Life(catalog, at, choices)
    for _ in life.lived(lines):
        for line in life.lines.values():
            if wrong := _misplaced(life.standing, line):
                return life.seen(f"line {line.line}: {wrong}")
    for line in life.lines.values():
        if wrong := _deleted(life, line):
            return life.seen(f"line {line.line}: {wrong}")
    return Seen("")


def _misplaced(standing: Standing, line: LineRequest) -> str:
    """What of a product stands where it should not, or is counted where it does not stand."""
    picture = standing.products[line.product]
    roots = sum(not node.parent for node in picture.nodes)
    if roots != line.quantity:
        return f"{line.quantity} are ordered, {roots} stand"
    own = {node.id for node in picture.nodes if not node.sharing_key}
    for node in picture.nodes:
        if node.parent and node.parent not in own:
            return f"{node.id} stands below nothing"
    refers = Counter((node.specification, node.sharing_key) for node in picture.nodes if node.sharing_key)
    for each in standing.shared.values():
        counts = sum(name.startswith(f"{line.product}/") for name in each.nodes[0].referrers)
        if counts != (there := refers[each.specification, each.sharing_key]):
            shared = f"shared {each.specification} <{each.sharing_key}>"
            return f"{shared} counts {counts} places that refer to it, and there are {there}"
    return ""


def _deleted(life: "Life", line: LineRequest) -> str:
    picture = life.standing.products[line.product]
    own = {node.id for node in picture.nodes if not node.sharing_key}
    delete = msgspec.structs.replace(line, action="delete", installed=picture)
    done = carried_out(life.catalog, life.standing, life.name(), (delete,), life.at)
    for held in done.held.values():
        return f"a delete waits: {held[0].sentence}"
    going = sorted(node.installed for node in done.nodes if node.action == "delete" and not node.shared)
    roots = {node.id for node in picture.nodes if not node.parent}
    if [each for each in going if each not in roots] != sorted(own - roots):
        return f"a delete takes {going} away, and {sorted(own)} stand"
    life.standing = standing = done.after
    referred = {
        (node.specification, node.sharing_key)
        for product in standing.products.values()
        for node in product.nodes
        if node.sharing_key
    }
    living = {(each.specification, each.sharing_key) for each in standing.shared.values()}
    for specification, key in sorted(living ^ _with_owners(standing, referred)):
        how = "stands, and nobody refers to it" if (specification, key) in living else "is gone, and needed"
        return f"when it is deleted, shared {specification} <{key}> {how}"
    return ""


def _with_owners(standing: Standing, referred: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Shared services that products refer to, and those that such services refer to in turn."""
    found = set(referred)
    while True:
        more = {
            (node.specification, node.sharing_key)
            for each in standing.shared.values()
            if (each.specification, each.sharing_key) in found
            for node in each.nodes[1:]
            if node.sharing_key
        } - found
        if not more:
            return found
        found |= more


class Life:
    """The products of one drawn order: `lines` say what each is by now, `standing` what stands."""

    def __init__(self, catalog: Catalog, at: int, choices: Choices) -> None:
        self.catalog = catalog
        self.at = at
        self.choices = choices
        self.standing = NOTHING
        self.lines: dict[str, LineRequest] = {}
        self.then: list[Step] = []
        self.gapped = False
        self.withdrawn = ""
        """What was created in an order before values came, and was not wanted with them."""
        self._orders = 0

    def lived(self, lines: Lines, changes: int = 1) -> Iterator[None]:
        """Let it happen, with a look at what stands after each order; each product is changed `changes` times."""
        when = self.choices.among(KNOWN)
        self.gapped = when != AT_ONCE
        known = {line.line: line.characteristics for line in lines.whole}
        self._order(lines.gapped if self.gapped else lines.whole, known, give=when != LATER)
        yield
        whole = {line.line: line for line in lines.whole}
        for line in list(self.lines.values()) if when == LATER else ():
            if self._change(line, line.quantity, whole[line.line].characteristics):
                yield
        for line in list(self.lines.values()) * changes:
            assert line.offering is not None
            if self._change(self.lines[line.line], *self.choices.change(line.offering)):
                yield

    def tried(self, line: LineRequest) -> Carried | None:
        """What a modify to this would do, with nothing more being known; None where the catalog does not take it."""
        change = msgspec.structs.replace(
            line, action="modify", installed=self.standing.products[line.product]
        )
        if check_line(self.catalog, change, "product", self.at):
            return None
        return self._carried((change,), Answers(self.catalog, (change,), self.choices, {}, give=False))

    def seen(self, sentence: str) -> Seen:
        """What is wrong, after all that happened."""
        return Seen(sentence, tuple(self.then), self.gapped)

    def name(self) -> str:
        """Of one more order."""
        self._orders += 1
        return str(self._orders)

    def _order(
        self, lines: Sequence[LineRequest], known: Mapping[str, Mapping[str, Any]], *, give: bool
    ) -> None:
        """Those of the lines that can be carried out; those that fail are the business of other invariants."""
        made = [
            msgspec.structs.replace(line, product=f"p.{line.line}") for line in lines if line.action == "add"
        ]
        while made:
            answers = Answers(self.catalog, made, self.choices, known, give=give)
            done = self._carried(made, answers, refused=False)
            if done is not None and not done.held:
                self.lines = {line.line: line for line in made}
                self.standing = done.after
                self.then += answers.steps
                return
            made = [line for line in made if done is not None and line.line not in done.held]

    def _change(self, line: LineRequest, quantity: int, characteristics: Mapping[str, Any]) -> bool:
        """Modify a product; whether the catalog took it."""
        after = msgspec.structs.replace(
            line, quantity=quantity, characteristics={**line.characteristics, **characteristics}
        )
        change = msgspec.structs.replace(
            after,
            action="modify",
            characteristics=dict(characteristics),
            installed=self.standing.products[line.product],
        )
        if check_line(self.catalog, change, "product", self.at):
            return False
        answers = Answers(self.catalog, (change,), self.choices, {}, give=True)
        done = self._carried((change,), answers)
        if done is None:
            return False
        self.lines[line.line] = after
        self.standing = done.after
        self.then += [_step(change), *answers.steps]
        return True

    def _carried(
        self, requests: Sequence[LineRequest], answers: Answers, *, refused: bool = True
    ) -> Carried | None:
        """The order with all that is said of it; None where it cannot be carried out.

        With `refused` not for None: what is held then says which lines are at fault.
        """
        name = self.name()
        before = None
        try:
            for _ in range(ANSWERS_MAX):
                done = carried_out(self.catalog, self.standing, name, requests, self.at, answers.told)
                self.withdrawn = self.withdrawn or _withdrawn(before, done)
                if not done.held:
                    return done
                if any(part.code not in ANSWERABLE for held in done.held.values() for part in held):
                    hopeless = {
                        line: held
                        for line, held in done.held.items()
                        if any(part.code not in ANSWERABLE for part in held)
                    }
                    return None if refused else done._replace(held=hopeless)
                before = done
                answers.answer(done, self.standing)
        except CatalogRefusal:
            if not refused:
                raise
        return None


def _withdrawn(before: Carried | None, after: Carried) -> str:
    wanted = {node.key for node in after.nodes}
    for node in before.nodes if before is not None else ():
        if node.action == "add" and not node.shared and node.key not in wanted:
            return f"line {node.referrers[0]}: {node.path} is created, and not wanted once more is known"
    return ""


def _step(change: LineRequest) -> Step:
    """A modify as an order's item says it, but for its product, which nobody has named yet."""
    item: Step = {"id": change.line, "action": "modify", "quantity": change.quantity}
    if change.characteristics:
        given = [{"name": name, "value": value} for name, value in change.characteristics.items()]
        item["product"] = {"productCharacteristic": given}
    return item
