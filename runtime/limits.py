"""Every bound of the runtime, in one room, with the proof of how they fit together.

Units stand in the names (``_MS``, ``_BYTES``); a maximum says so last. Nothing grows without a bound: beyond one of
these a caller is slowed or told ``429``, never dropped.
"""

from runtime.errors import invariant

SHARDS_DEFAULT = 64
"""How many shards a data directory is made with; fixed for its life (see ``docs/decisions``)."""

LEASE_MS = 4_000
LEASE_RENEWAL_INTERVAL_MS = 1_000

MAILBOX_MESSAGES_MAX = 8_192
"""Messages that wait in one shard's mailbox before the host answers ``Busy``."""
TURN_MESSAGES_MAX = 512
"""Messages one shard handles in one turn, so that a commit stays small enough to be answered quickly."""
STEP_MS = 750
"""After so long a host takes no further message in a step: one that decided on many large orders at once for seconds
would not renew its lease meanwhile. One message more, of an order as large as may be, has room in a lease as well."""
WAKES_PER_STEP_MAX = 64
"""Groups that a host wakes in one step, all its shards together: nobody's message waits behind more of them."""
GROUPS_IN_MEMORY_MAX = 20_000
"""Live groups a host keeps in memory before it passivates those idle longest."""
PASSIVATE_IDLE_MS = 60_000
SNAPSHOT_RECORD_BYTES_MIN = 64 * 1024
"""A group is snapshotted once the records since its last snapshot outweigh that snapshot, and this."""
RECOVERY_FRAMES_MAX = 20_000
"""Frames of one shard a recovery may have to read; older live groups are snapshotted to keep to it."""
TRIM_FRAMES_MIN = 4_096
"""Frames of one shard that gather before they are moved from the stream to the archive, unless their bytes do first."""
TRIM_BYTES_MIN = 2 * 1024 * 1024

STREAM_UNANSWERED_LINES_MAX = 1_024
BODY_BYTES_MAX = 32 * 1024 * 1024
LINE_BYTES_MAX = 16 * 1024 * 1024
JSON_DEPTH_MAX = 64
ORDER_LINES_MAX = 10_000
LIST_LIMIT_DEFAULT = 20
LIST_LIMIT_MAX = 1_000
LIST_ORDERS_READ_MAX = 2_000
"""Orders that one request for a list of service orders reads: what was made of them has no index to be counted by."""

RETRY_AFTER_S = 1
"""What a 429 or 503 asks the client to wait at least."""
DEDICATED_LINE_ACTORS_MAX = 64

DISK_FREE_BYTES_MIN = 256 * 1024 * 1024
DISK_FREE_SHARE_MIN = 0.02

invariant(3 * LEASE_RENEWAL_INTERVAL_MS < LEASE_MS, "a shard survives two lost renewals")
invariant(4 * STEP_MS < LEASE_MS, "a host comes to renew its lease between two steps")
invariant(STREAM_UNANSWERED_LINES_MAX <= MAILBOX_MESSAGES_MAX, "one stream alone cannot overflow a mailbox")
invariant(LIST_LIMIT_MAX < LIST_ORDERS_READ_MAX, "a full page of orders that come to one each is one request")
invariant(LINE_BYTES_MAX <= BODY_BYTES_MAX, "an order that fits a stream line fits a single POST")
