"""Parts of the runtime's own state as JSON shows them under ``/api/v1``."""

from typing import Any

import msgspec

from gateway.tmf.product_order import instant_text


def named(part: Any) -> dict[str, Any]:
    """A struct with its attributes named as JSON names them here: in camel case."""
    return {_camel(name): value for name, value in msgspec.structs.asdict(part).items()}


def shown_part(part: Any) -> dict[str, Any]:
    """A part with its instants as RFC 3339 text; what is not set is left out."""
    shown = named(part)
    for name in ("since", "until", "at"):
        at = shown.get(name)
        if isinstance(at, int):
            del shown[name]
            if at:
                shown[name] = instant_text(at)
    return shown


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(each.title() for each in tail)
