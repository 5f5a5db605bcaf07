"""The bounds of a shard's kernel as values, so that the simulator can draw its own."""

import msgspec

from runtime import limits


class Bounds(msgspec.Struct, frozen=True):
    """Defaults are those of ``runtime/limits.py``; times in milliseconds."""

    mailbox: int = limits.MAILBOX_MESSAGES_MAX
    turn_messages: int = limits.TURN_MESSAGES_MAX
    wakes: int = limits.WAKES_PER_STEP_MAX
    groups: int = limits.GROUPS_IN_MEMORY_MAX
    """Live groups of one shard in memory."""
    idle_ms: int = limits.PASSIVATE_IDLE_MS
    snapshot_bytes: int = limits.SNAPSHOT_RECORD_BYTES_MIN
    recovery_frames: int = limits.RECOVERY_FRAMES_MAX
    passivate_per_turn: int = 128
