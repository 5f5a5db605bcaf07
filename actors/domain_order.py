"""A domain order: what the decomposition actor knows of one product, service or resource order below a line."""

from typing import Any

import msgspec

from actors.states import State


class DomainOrder(msgspec.Struct):
    """A product, service or resource order below a line. One domain order may serve several lines: its referrers."""

    key: str
    kind: str
    specification: str
    parent: str
    relationship: str
    ordinal: int
    action: str
    characteristics: dict[str, Any]
    referrers: tuple[str, ...]
    state: State
    since: int
    works: bool = False
    """Whether it has tasks of its own; one without stands where its child domain orders leave it."""
    busy: bool = False
    """Whether it or one below it has tasks; where nothing is to be done it counts nowhere."""
    children: tuple[str, ...] = ()
