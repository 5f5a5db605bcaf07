"""What can go wrong in the runtime, drawn by whose fault it is.

::

    OrderloomError
    ├── Unavailable          ours, for now: the caller may repeat with the same key (HTTP 503, Retry-After)
    │   ├── NoOwner          a shard has no live owner at the moment
    │   ├── JournalAway      the journal does not answer
    │   ├── JournalBehind    the journal has lost what it had acknowledged: a person decides
    │   ├── NoCatalog        no catalog version has been published yet
    │   ├── Superseded       a newer Coordinator has taken over: ask that one
    │   └── DiskFull         the journal's disk has no room
    ├── Busy                 the caller is faster than we are: repeat later (HTTP 429, Retry-After)
    ├── Refused              the caller asked for something the order's state forbids (HTTP 409)
    └── NotFound             there is no such order (HTTP 404)

``InvariantBroken`` stands outside: it is a bug, stops the shard it was met in and is never answered as anything else.
"""


class OrderloomError(Exception):
    """Root of all errors that a caller may meet. ``code`` is stable; the text is for people."""

    code = "error"
    status = 500
    retry = False


class Unavailable(OrderloomError):
    """The runtime cannot answer now; nothing is promised, the same request may be repeated with the same key."""

    code = "unavailable"
    status = 503
    retry = True


class NoOwner(Unavailable):
    """The shard of the order has no live owner at this moment."""

    code = "noOwner"


class JournalAway(Unavailable):
    """The journal (Redis) does not answer."""

    code = "journalAway"


class JournalBehind(Unavailable):
    """A shard's journal stands before what it had acknowledged; nothing of the shard is read or written."""

    code = "journalBehind"


class Superseded(Unavailable):
    """A newer Coordinator has taken over; this one decides nothing any more."""

    code = "superseded"


class NoCatalog(Unavailable):
    """No catalog version has been published yet: the system is starting."""

    code = "noCatalog"


class DiskFull(Unavailable):
    """The journal's disk has no room; new orders are refused until it has."""

    code = "diskFull"

    def __init__(self, folder: str) -> None:
        super().__init__(f"disk full: {folder}; no new orders until there is room")


class Busy(OrderloomError):
    """A bounded mailbox is full; nothing was taken."""

    code = "busy"
    status = 429
    retry = True


class Refused(OrderloomError):
    """The state of the order forbids what was asked. ``code`` names the broken rule."""

    status = 409

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotFound(OrderloomError):
    """There is no such order, and its shard's owner said so."""

    code = "notFound"
    status = 404


class InvariantBroken(Exception):
    """A condition that the code relies on does not hold: a bug, never a caller's mistake."""


def invariant(condition: bool, sentence: str) -> None:
    """Stop when ``condition`` does not hold; unlike ``assert`` it stays under ``python -O``.

    :raises InvariantBroken: with ``sentence``, which says what should have been true.
    """
    if not condition:
        raise InvariantBroken(sentence)
