"""Orders drawn from a catalog's own characteristics, as Hypothesis strategies: they describe, Hypothesis draws.

Each drawing is an order in which every characteristic is stated, and one in which some are left out that have no
default and need not be there. Where values are free, those that the catalog's own rules compare with come up often.
"""

import re
import string
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import UNSET

from catalog.characteristics import accepts
from catalog.commerce.model import ProductOffering
from catalog.commerce.roots import root_specification
from catalog.graph.asking import reachable
from catalog.model import ORDERABLE_STATUSES, Catalog, CharacteristicSpecification
from catalog.trial.rule_texts import rule_texts

Item = dict[str, Any]

LINES_MAX = 4
QUANTITY_MAX = 3
ELEMENTS_MAX = 3
COUNT_MAX = 9
"""Above its lower bound: the greatest count that is drawn."""
_TEXT = st.text(string.ascii_letters + string.digits + " -", min_size=1, max_size=8)
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_NUMBER = re.compile(r"(?<![\w.'\"])\d+(?:\.\d+)?")
_PLACE = re.compile(r"\bline\.place\.(\w+)")
_FIRST_DAY = date(2000, 1, 1)


class Drawn(NamedTuple):
    """An order as TMF622 JSON with everything stated, and the same with gaps."""

    whole: dict[str, Any]
    gapped: dict[str, Any]


def orders(catalog: Catalog, at: int, names: Iterable[str] = ()) -> SearchStrategy[Drawn]:
    """Orders of what can be ordered at this instant (ms since 1970 UTC), of these offerings only if any are named.

    :raises ValueError: nothing can be ordered.
    """
    wanted = set(names)
    offerings = [
        each
        for each in catalog.offerings.values()
        if each.lifecycle_status in ORDERABLE_STATUSES
        and each.is_sellable
        and (each.valid_for is None or each.valid_for.covers(at))
        and (not wanted or each.id in wanted)
    ]
    if not offerings:
        raise ValueError("nothing in this catalog can be ordered at that instant")
    drawing = Drawing(catalog)
    # Made once: a strategy that is made anew at each drawing is slow, and its caches make it no longer repeatable.
    item = st.one_of([drawing.item(offering) for offering in offerings])
    return st.lists(item, min_size=1, max_size=LINES_MAX).map(_order)


def _order(items: list[tuple[Item, Item]]) -> Drawn:
    return Drawn(_numbered(whole for whole, _ in items), _numbered(gapped for _, gapped in items))


def _numbered(items: Iterable[Item]) -> dict[str, Any]:
    return {"productOrderItem": [{"id": str(number), **item} for number, item in enumerate(items, 1)]}


class Drawing:
    """The strategies of one catalog, each made once."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        texts = list(rule_texts(catalog))
        words = (one or other for text in texts for one, other in _QUOTED.findall(text))
        self.words = sorted({word for word in words if word})
        self.roles = sorted({role for text in texts for role in _PLACE.findall(text)})
        self._made: dict[Hashable, SearchStrategy[Any]] = {}
        self.numbers = sorted({int(float(found)) for text in texts for found in _NUMBER.findall(text)})

    def made(self, key: Hashable, make: Callable[[], SearchStrategy[Any]]) -> SearchStrategy[Any]:
        """The strategy of this key: made anew at each drawing it would be slow, and not repeatable."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def item(self, offering: ProductOffering) -> SearchStrategy[tuple[Item, Item]]:
        """An item of this offering, whole and with gaps."""
        root = root_specification(self.catalog, offering)
        counted = {each.quantity_characteristic for each in root.relationships}
        below = [
            self.catalog.specifications[target]
            for each in root.relationships
            for target in reachable(self.catalog, each.target)
        ]
        # What flows down under the name of a count counts there.
        passed_on = {each.quantity_characteristic for one in below for each in one.relationships}
        values = {
            each.name: self._count(each) if each.name in counted | passed_on else self.value(each)
            for each in root.characteristics
        }
        optional = [
            each.name
            for each in root.characteristics
            if not each.mandatory and each.default is UNSET and each.name not in counted
        ]
        gaps = st.lists(st.sampled_from(optional), unique=True) if optional else st.just([])

        # Places that rules read are stated, too: few different ones, so that lines meet at one.
        places = st.fixed_dictionaries({role: st.sampled_from(("A", "B")) for role in self.roles})

        def made(
            drawn: tuple[int, dict[str, Any], list[str], dict[str, str]],
        ) -> tuple[Item, Item]:
            quantity, given, left_out, at = drawn
            known = {name: value for name, value in given.items() if value is not UNSET}
            gapped = {name: value for name, value in known.items() if name not in left_out}
            return _item(offering, quantity, known, at), _item(offering, quantity, gapped, at)

        return st.tuples(st.integers(1, QUANTITY_MAX), st.fixed_dictionaries(values), gaps, places).map(made)

    def _count(self, each: CharacteristicSpecification) -> SearchStrategy[Any]:
        """How many of something: few, because a thousand sites show nothing that a dozen do not."""
        if each.allowed_values or each.ranges or not each.configurable or each.value_type != "integer":
            return self.value(each)
        low = int(each.value_from or 0)
        high = low + COUNT_MAX if each.value_to is None else min(int(each.value_to), low + COUNT_MAX)
        return st.integers(low, high)

    def value(self, characteristic: CharacteristicSpecification) -> SearchStrategy[Any]:
        """A value that an order may state; UNSET where it can state none."""
        if not characteristic.configurable:
            default = characteristic.default
            return st.just(UNSET) if default is UNSET else st.just(default)
        strategy = self._elements(characteristic)
        if characteristic.max_cardinality != 1 and characteristic.value_type != "array":
            low = characteristic.min_cardinality
            strategy = st.lists(strategy, min_size=low, max_size=_most(low, characteristic.max_cardinality))
        return strategy.filter(accepts(characteristic))

    def _elements(self, each: CharacteristicSpecification) -> SearchStrategy[Any]:
        if each.allowed_values and not each.ranges:
            return st.sampled_from(each.allowed_values)
        if each.ranges:
            ranged = [self._free(each, one.value_from, one.value_to) for one in each.ranges]
            return st.one_of(*ranged, *(st.just(value) for value in each.allowed_values))
        return self._free(each, each.value_from, each.value_to)

    def _free(self, each: CharacteristicSpecification, low: Any, high: Any) -> SearchStrategy[Any]:
        match each.value_type:
            case "string":
                return self._text(each.regex)
            case "boolean":
                return st.booleans()
            case "integer":
                return self._integers(low, high)
            case "number":
                return self._integers(low, high) | st.floats(
                    low if low is not None else -1000, high if high is not None else _above(low), width=64
                ).map(lambda number: round(number, 3))
            case "date":
                start, end = (date.fromisoformat(bound) if bound else None for bound in (low, high))
                start = start or (end or _FIRST_DAY) - timedelta(days=3650)
                return st.dates(start, end or start + timedelta(days=7300)).map(date.isoformat)
            case "dateTime":
                begin, finish = (datetime.fromisoformat(bound) if bound else None for bound in (low, high))
                begin = begin or (finish or datetime(2020, 1, 1, tzinfo=UTC)) - timedelta(days=3650)
                span = (finish or begin + timedelta(days=7300)) - begin
                return st.integers(0, int(span.total_seconds())).map(
                    lambda seconds: (begin + timedelta(seconds=seconds)).isoformat()
                )
            case "object":
                members = {member.name: self.value(member) for member in each.members}
                return st.fixed_dictionaries(members).map(_known)
            case _:
                element = self.value(each.element) if each.element is not None else _TEXT
                most = _most(each.min_cardinality, each.max_cardinality)
                return st.lists(element, min_size=each.min_cardinality, max_size=most)

    def _text(self, regex: str | None) -> SearchStrategy[str]:
        if regex is not None:
            return st.from_regex(regex, fullmatch=True, alphabet=st.characters(codec="ascii"))
        return st.sampled_from(self.words) | _TEXT if self.words else _TEXT

    def _integers(self, low: int | None, high: int | None) -> SearchStrategy[int]:
        start = -1000 if low is None and high is None else low if low is not None else int(high or 0) - 1000
        start = int(-(-start // 1))
        end = int(high // 1) if high is not None else _above(start)
        near = [
            number + step
            for number in self.numbers
            for step in (-1, 0, 1)
            if (low is None or low <= number + step) and (high is None or number + step <= high)
        ]
        drawn = st.integers(start, max(start, end))
        return st.sampled_from(near) | drawn if near else drawn


def _most(low: int, high: int | None) -> int:
    return max(low, min(ELEMENTS_MAX, high) if high is not None else ELEMENTS_MAX)


def _above(low: float | None) -> int:
    return int(max(0, low or 0)) + 1000


def _known(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not UNSET}


def _item(offering: ProductOffering, quantity: int, values: dict[str, Any], places: dict[str, str]) -> Item:
    item: Item = {"action": "add", "quantity": quantity, "productOffering": {"id": offering.id}}
    if values:
        given = [{"name": name, "value": value} for name, value in values.items()]
        item["product"] = {"productCharacteristic": given}
    if places:
        stated = [{"role": role, "id": id_} for role, id_ in places.items()]
        item.setdefault("product", {})["place"] = stated
    return item


class DrawnChoices:
    """Chooses as Hypothesis draws, so that what happens after an order came shrinks with it."""

    def __init__(self, drawing: Drawing, draw: Callable[[SearchStrategy[Any]], Any]) -> None:
        self._drawing = drawing
        self._draw = draw

    def among(self, options: Sequence[Any]) -> Any:
        """One of several; it shrinks to the first."""
        return options[self._draw(self._drawing.made(len(options), lambda: st.integers(0, len(options) - 1)))]

    def value(self, characteristic: CharacteristicSpecification) -> Any:
        """A value that fits the characteristic; UNSET: it can be given none."""
        key = "value", id(characteristic)
        return self._draw(self._drawing.made(key, lambda: self._drawing.value(characteristic)))

    def change(self, offering: str) -> tuple[int, dict[str, Any]]:
        """What an item of this offering may state."""
        key = "item", offering
        sold = self._drawing.catalog.offerings[offering]
        _, item = self._draw(self._drawing.made(key, lambda: self._drawing.item(sold)))
        given = item.get("product", {}).get("productCharacteristic", ())
        return item["quantity"], {each["name"]: each["value"] for each in given}
