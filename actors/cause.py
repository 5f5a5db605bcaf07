"""What made a version of something installed: of a product, or of a service that several share."""

from typing import Final

import msgspec

CAUSES_MAX: Final = 20
"""Causes that are kept in the state; the journal has them all."""


class Cause(msgspec.Struct, array_like=True, frozen=True):
    """Which line made a version of the picture, and when (ms since 1970 UTC)."""

    version: int
    order: str
    line: str
    action: str
    at: int
