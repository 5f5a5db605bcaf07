"""Lanes in the listing index: by which an order's client is found to have filled one."""

from typing import Final

LANE: Final = "lane"
"""The attribute under which lists find the orders of a client on a lane that is not the default one."""


def lane_value(lane: str, client: str) -> str:
    """The value of :data:`LANE` for orders of a client on a lane."""
    return f"{lane}\x1f{client}"
