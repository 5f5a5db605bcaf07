"""Ids of installed products: made from the order and the line that bring a product into being.

``p`` + the order's id without its first letter + ``.`` + the line's id. So the id is known the moment an order is
accepted, says where the product comes from, and costs nobody a message.
"""

import re
from typing import Final

PREFIX: Final = "p"
_SPECIAL: Final = re.compile(r"[^A-Za-z0-9_-]")
_ESCAPED: Final = re.compile(r"~([0-9a-f]+)~")
_PRODUCT: Final = re.compile(r"p([^.]+)\.((?:[A-Za-z0-9_-]|~[0-9a-f]{1,6}~)+)")


def product_id(order: str, line: str) -> str:
    """The id of the product that an add line of an order brings into being."""
    plain = line if line.isalnum() and line.isascii() else _SPECIAL.sub(_escape, line)
    return f"{PREFIX}{order[1:]}.{plain}"


def origin_of(product: str) -> tuple[str, str] | None:
    """(order, line) that a product comes from; None for what can be no product of this installed base."""
    found = _PRODUCT.fullmatch(product)
    if found is None:
        return None
    order, line = found.groups()
    try:
        plain = _ESCAPED.sub(lambda code: chr(int(code[1], 16)), line)
    except (ValueError, OverflowError):
        return None
    return "o" + order, plain


def _escape(found: re.Match[str]) -> str:
    """A character that could stand wrong in a path or an index: its number between tildes."""
    return f"~{ord(found[0]):x}~"
