"""What a computation comes to when some of its operands are unknown or in error."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from catalog.rules.outcome import Error, Undetermined
from catalog.rules.values import shown

Context = Mapping[str, Any]
Variables = dict[str, Any]
Evaluate = Callable[[Context, Variables], Any]
Label = Callable[[Context, Variables], str]


def signal_of(values: tuple[Any, ...]) -> Undetermined | Error | None:
    """What stands against computing with these values: an error of one of them, else what is unknown of all."""
    unknown: list[Undetermined] = []
    for value in values:
        if type(value) is Error:
            return value
        if type(value) is Undetermined:
            unknown.append(value)
    return merged(unknown) if unknown else None


def merged(unknown: list[Undetermined]) -> Undetermined:
    """One outcome with all that several miss."""
    if len(unknown) == 1:
        return unknown[0]
    return Undetermined(tuple(dict.fromkeys(path for each in unknown for path in each.missing)))


def applied(apply: Callable[..., Any], operands: tuple[Any, ...]) -> Any:
    """A function of operands that must all be known; its ValueError with a sentence is an Error."""
    signal = signal_of(operands)
    if signal is not None:
        return signal
    try:
        return apply(*operands)
    except (ValueError, TypeError, OverflowError) as error:
        return Error(str(error))


def absorbed(absorber: bool, sign: str, operands: Iterable[Any]) -> Any:
    """`||` (absorber True) or `&&` (False) of operands, in any order: the absorber, else unknown, else error."""
    unknown: list[Undetermined] = []
    failed: Error | None = None
    for value in operands:
        if value is absorber:
            return absorber
        if type(value) is bool:
            continue
        if type(value) is Undetermined:
            unknown.append(value)
        elif type(value) is Error:
            failed = failed or value
        else:
            failed = failed or Error(f"{sign} wants true or false, not {shown(value)}")
    if unknown:
        return merged(unknown)
    return failed or (not absorber)
