"""What every fact has in common."""

import msgspec


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A committed fact of one group."""
