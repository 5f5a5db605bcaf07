"""What every fact is: the base of all events, below the rooms that list them."""

import msgspec


class Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A committed fact of one group."""
