"""What can go wrong with the journal beyond :class:`runtime.errors.JournalAway`, by whose fault it is.

::

    OrderloomError
    └── JournalFault            an operator must look; repeating does not help
        ├── JournalDamaged      stored bytes are missing or do not match their checksum
        ├── BeforeHorizon       the question reaches back behind what retention has kept
        ├── UnsupportedFormat   the bytes were written by a newer Orderloom
        ├── ShardsDiffer        the data was made with another number of shards
        ├── DataInUse           another process holds the data directory
        └── ServerFailed        the embedded server does not start
"""

from runtime.errors import OrderloomError


class JournalFault(OrderloomError):
    """Something about the stored data that no repetition changes; the text says what and where."""

    code = "journalFault"


class JournalDamaged(JournalFault):
    """Stored bytes are missing, torn or do not match their checksum; the text names file and offset, or the key."""

    code = "journalDamaged"


class BeforeHorizon(JournalFault):
    """The frame asked for was there once and has gone with an old archive segment."""

    code = "beforeHorizon"


class UnsupportedFormat(JournalFault):
    """The bytes carry a format version that this Orderloom does not know."""

    code = "unsupportedFormat"


class ShardsDiffer(JournalFault):
    """The number of shards is fixed when the data is made; a start with another number is refused."""

    code = "shardsDiffer"


class DataInUse(JournalFault):
    """Another process holds the data directory; the text names its pid."""

    code = "dataInUse"


class ServerFailed(JournalFault):
    """The embedded server ended while it started; the text carries its last words."""

    code = "serverFailed"
