"""`all`, `exists`, `exists_one`, `map` and `filter`: an expression for each element of a list, or each key of a map."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from catalog.rules.logic import Context, Evaluate, Label, Variables, absorbed, signal_of
from catalog.rules.outcome import Error, Undetermined, is_not_applicable
from catalog.rules.values import shown

PLACE = "#"
"""Before a variable's name, among the variables: what its element is called. No name of CEL begins with it."""

STEPS_MAX = 100_000
"""Elements that one evaluation may go over: lists come with orders, and lists within lists multiply."""
_STEPS = "##"


def over(
    macro: str,
    operand: Evaluate,
    variable: str,
    body: Evaluate,
    kept: Evaluate | None,
    label: Label,
) -> Evaluate:
    """The function that goes over `operand` with `variable`; `kept` is the condition of a three-part `map`."""
    finish = _MACROS[macro]

    def iterate(context: Context, values: Variables) -> Any:
        container = operand(context, values)
        if type(container) in (Undetermined, Error):
            return container
        if is_not_applicable(container) or not isinstance(container, list | Mapping):
            return Error(f"{macro} wants a list or a map, not {shown(container)}")

        above = label(context, values)
        steps = values.get(_STEPS) or [0]

        def each() -> Iterable[tuple[Any, Any]]:
            for index, element in enumerate(container):
                steps[0] += 1
                if steps[0] > STEPS_MAX:
                    yield element, Error(f"it goes over more than {STEPS_MAX} elements")
                    return
                place = f"{above}[{index}]"
                known = element if element is not None else Undetermined((place,))
                within = {**values, variable: known, PLACE + variable: place, _STEPS: steps}
                chosen = kept(context, within) if kept is not None else True
                if chosen is not False:
                    outcome = body(context, within) if chosen is True else _condition(chosen, macro)
                    yield element, outcome

        return finish(each())

    return iterate


def _condition(value: Any, macro: str) -> Any:
    if type(value) in (bool, Undetermined, Error):
        return value
    return Error(f"{macro} wants true or false of each element, not {shown(value)}")


def _mapped(pairs: Any) -> Any:
    outcomes = [outcome for _, outcome in pairs]
    signal = signal_of(tuple(outcomes))
    return outcomes if signal is None else signal


def _filtered(pairs: Any) -> Any:
    found = [(element, _condition(outcome, "filter")) for element, outcome in pairs]
    signal = signal_of(tuple(outcome for _, outcome in found))
    return [element for element, outcome in found if outcome] if signal is None else signal


def _exactly_one(pairs: Any) -> Any:
    found = _filtered(pairs)
    return len(found) == 1 if isinstance(found, list) else found


_MACROS: dict[str, Callable[[Any], Any]] = {
    "all": lambda pairs: absorbed(False, "all", (outcome for _, outcome in pairs)),
    "exists": lambda pairs: absorbed(True, "exists", (outcome for _, outcome in pairs)),
    "exists_one": _exactly_one,
    "map": _mapped,
    "filter": _filtered,
}
