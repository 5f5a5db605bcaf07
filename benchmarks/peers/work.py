"""The work that every peer does for a `b6` order, in its own idiom.

An order has three lines; each line is a resource task and then, resting on it, a service task; the order is completed
when its lines are. A task asks a simulated element that answers at once, as in Orderloom's own runs. What a peer keeps
durable of it is the peer's own.
"""

import zlib
from typing import Any

import msgspec

from benchmarks.shapes import Order

KINDS = ("resource", "service")

_decode = msgspec.json.Decoder(Order).decode


def order_of(line: bytes) -> Order:
    """An order as its NDJSON line says."""
    return _decode(line)


def lines_of(order: Order) -> list[dict[str, Any]]:
    """The lines: id, offering and characteristics of each.

    :raises KeyError: the order has no such attribute.
    """
    return [
        {
            "id": item["id"],
            "offering": item["productOffering"]["id"],
            "characteristics": {
                each["name"]: each["value"] for each in item["product"]["productCharacteristic"]
            },
        }
        for item in order["productOrderItem"]
    ]


def element(kind: str, order: str, line: dict[str, Any]) -> dict[str, str]:
    """The simulated element: does at once what was asked."""
    if kind not in KINDS or not line["characteristics"]:
        raise ValueError(f"no element does {kind!r} for line {line['id']} of {order}")
    number = zlib.crc32(f"{order}/{line['id']}/{kind}".encode())
    return {"id": f"{kind}-{number:08x}"}


def completed(order: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The order's end, from the ends of its lines."""
    if not all(set(line["done"]) == set(KINDS) for line in lines):
        raise ValueError(f"a line of {order} is not done")
    return {"id": order, "state": "completed", "lines": [line["id"] for line in lines]}
