"""What an order makes invalid of what it leaves alone: installed products whose compatibilities held before it.

What did not hold before the order is none of its findings. Of an outcome there are three grades (it holds, it is not
known, it does not); an order is told of what gets a worse one by it, and the finding is its line's that does it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog.model import Catalog
from catalog.policies.facts import OrderFacts
from catalog.policies.fitting import CompatibilityFinding, fits, spoken_of, within
from catalog.policies.sides import Side
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Compatibility

_NO, _UNKNOWN, _YES = range(3)


def invalidated(
    catalog: Catalog,
    order: OrderFacts,
    sides: Iterable[Side],
    after: Mapping[str, Sequence[Side]],
    before: Mapping[str, Sequence[Side]],
) -> Iterator[CompatibilityFinding]:
    """The installed products that become invalid, by the lines that make them so.

    :param sides: all that stands after the order.
    :param after: the same by specification.
    :param before: by specification, what stood of the products that its lines change or end.
    """
    for holder in sides:
        specification = catalog.specifications.get(holder.specification)
        if holder.line is not None or holder.leaving or specification is None:
            continue
        for rule in specification.compatibilities:
            # What an unfinished product requires is asked by its own order, once it is built.
            if within(rule, holder) and not (holder.coming and rule.type == "requires"):
                yield from _by(catalog, order, holder, rule, after, before)


def _by(
    catalog: Catalog,
    order: OrderFacts,
    holder: Side,
    rule: Compatibility,
    after: Mapping[str, Sequence[Side]],
    before: Mapping[str, Sequence[Side]],
) -> Iterator[CompatibilityFinding]:
    requires = rule.type == "requires"
    # What no line of the order changes stood before it as it stands now.
    now = [
        _Graded(catalog, order, holder, rule, each) for each in spoken_of(holder, rule, after) if _left(each)
    ]
    was = [
        *now,
        *(_Graded(catalog, order, holder, rule, each) for each in spoken_of(holder, rule, before)),
    ]
    best_now = max((each.grade for each in now), default=_NO)
    best_was = max((each.grade for each in was), default=_NO)
    if (best_now >= best_was) if requires else (best_was == _YES):
        return  # it can get no worse, whatever thousands of lines bring
    for each in spoken_of(holder, rule, after):
        if _left(each):
            continue
        now.append(_Graded(catalog, order, holder, rule, each))
        best_now = max(best_now, now[-1].grade)
        if requires and best_now >= best_was:
            return
    if requires:
        blamed = [each for each in was if each.grade > best_now]
    else:
        blamed = [each for each in now if each.grade > best_was]
    lines = dict.fromkeys(each.side.line.line for each in blamed if each.side.line is not None)
    for line in lines:
        left = [each for each in now if each.side.line is not None and each.side.line.line == line]
        id_ = f"{line}:{holder.product}:{holder.specification}:{rule.id}"
        yield CompatibilityFinding(id_, line, _sentence(holder, rule, line, left))


def _left(side: Side) -> bool:
    """Whether the order leaves it as it is."""
    return side.line is None or side.line.action == "noChange"


class _Graded:
    """How far something is what a holder's rule speaks of."""

    def __init__(
        self, catalog: Catalog, order: OrderFacts, holder: Side, rule: Compatibility, side: Side
    ) -> None:
        self.side = side
        self.outcome: bool | Undetermined | Error = False
        if not side.leaving and not (side.coming and rule.type == "requires"):
            self.outcome = fits(catalog, order, holder, rule, side)
        self.grade = _UNKNOWN if not isinstance(self.outcome, bool) else _YES if self.outcome else _NO


def _sentence(holder: Side, rule: Compatibility, line: str, left: Sequence[_Graded]) -> str:
    """Why the holder becomes invalid by a line; ``left`` is what the line leaves of what the rule speaks of."""
    me = f"{holder.specification} of {holder.of}"
    unknown = [each.outcome for each in left if each.grade == _UNKNOWN]
    known = rule.type == "excludes" and any(each.grade == _YES for each in left)
    if unknown and not known:
        for outcome in unknown:
            if isinstance(outcome, Error):
                return f"{me}: compatibility {rule.id} with line {line}: {outcome.sentence}"
        missing = dict.fromkeys(
            name for each in unknown if isinstance(each, Undetermined) for name in each.missing
        )
        of_no_line = ""
        if any(name.split(".")[0] == "line" for name in missing):
            of_no_line = " (it is installed, and of no line of this order)"
        return (
            f"{me} {rule.type} {rule.target}: not known whether line {line} leaves it valid: "
            f"{', '.join(missing)}{of_no_line}"
        )
    if rule.type == "requires" and all(each.side.leaving for each in left):
        return f"{me} requires {rule.target}, which line {line} removes: it would become invalid"
    if rule.message:
        return f"{me} would become invalid by line {line}: {rule.message}"
    if rule.type == "requires":
        return f"{me} requires {rule.target}, and what line {line} leaves of it does not fit: it would become invalid"
    return f"{me} cannot stand beside {rule.target} of line {line}: it would become invalid"
