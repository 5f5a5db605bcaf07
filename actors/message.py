"""What every message is that may reach a group; the messages stand in ``messages.py`` and the rooms it names."""

import msgspec


class Message(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Whatever may be delivered to a group. ``by`` names who asks, where a person or a system with a name does."""
