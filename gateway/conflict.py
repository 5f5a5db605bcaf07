"""What a key is told that comes again with another body: the order it met, and every place that differs.

Another body may still be the same order: one that spells out what the door writes into orders itself, as a bundle's
defaults and the offering of an installed product. Then nothing differs from what the order was made from.

Places only, no values: externalIds are known per party, so the order that is met may be another client's.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from actors.events import DraftSaved, OrderSubmitted
from actors.lifting import decode_events
from actors.messages import Accepted
from actors.order import Order
from gateway.identity import canonical
from gateway.tmf.errors import Error, error
from gateway.tmf.parts import TEXT_ID_LENGTH_MAX
from gateway.violations import Violation, pointer_of
from runtime.errors import InvariantBroken
from runtime.history import history
from runtime.journal.faults import BeforeHorizon
from runtime.port import Runtime

DIFFERENCES_MAX: Final = 100
"""How many differing places one answer lists."""
_ABSENT: Final = object()
_SAID: Final = {
    "differs": "differs from the order as it was made",
    "added": "is not in the order as it was made",
    "left-out": "is in the order as it was made, and missing here",
}
_FORGOTTEN: Final = Violation(
    "",
    "differs",
    "is not the body that the order was made from; where they differ cannot be told any more: "
    "what it was made from lies before the retention horizon",
)

_decode = msgspec.json.decode


async def met_again(
    runtime: Runtime, order: str, document: bytes, href: str = "", *, draft: bool = False
) -> Accepted | Error:
    """What ``document`` comes to, whose key has made ``order`` from a body with another digest.

    ``document`` is canonical JSON of what the door made of the body, ``href`` where the order is found. The order as it
    is when it was made from just that document; else the 409, which names at least one place. ``draft`` says that the
    key names a draft.

    :raises Unavailable: nobody can tell at the moment what the order was made from.
    """
    (group,) = await runtime.read([order])
    if group is None:
        raise InvariantBroken(f"there is an order {order}: its key has just met it")
    try:
        found = tuple(differences(_decode(await _made_from(runtime, group.order, draft)), _decode(document)))
    except BeforeHorizon:
        found = (_FORGOTTEN,)
    if not found:
        return Accepted(order, group.order.state, group.order.order_date, duplicate=True)
    return error(
        409,
        "keyConflict",
        f"the same key has made order {order} from another body",
        "to order something else, use another key; to ask again, repeat the body as it was",
        found,
        order=order,
        href=href,
    )


async def _made_from(runtime: Runtime, order: Order, draft: bool) -> bytes:
    """The first document of an order, whatever it is now (:raises BeforeHorizon: :raises JournalAway:)."""
    if order.version == 1 and not draft:  # a draft's may have become another one when it was submitted
        return order.document
    for event in decode_events((await history(runtime.journal, order.id))[0].events):
        if isinstance(event, OrderSubmitted | DraftSaved):
            return event.document
    raise InvariantBroken(f"the history of order {order.id} begins without its document")


def differences(stands: Any, sent: Any) -> Iterator[Violation]:
    """The places where two decoded documents differ, at most :data:`DIFFERENCES_MAX`, from the first on."""
    return islice(_differences(stands, sent), DIFFERENCES_MAX)


def _differences(stands: Any, sent: Any) -> Iterator[Violation]:
    pairs: list[tuple[str, Any, Any]] = [("", stands, sent)]
    while pairs:
        pointer, before, after = pairs.pop()
        inner: list[tuple[str, Any, Any]] = []
        if before is _ABSENT or after is _ABSENT:
            code = "added" if before is _ABSENT else "left-out"
            yield Violation(pointer, code, _SAID[code])
        elif type(before) is dict and type(after) is dict:
            for name in sorted(before.keys() | after.keys()):
                if len(name) <= TEXT_ID_LENGTH_MAX:
                    place = pointer + pointer_of(name)
                    inner.append((place, before.get(name, _ABSENT), after.get(name, _ABSENT)))
                elif not _same(before.get(name, _ABSENT), after.get(name, _ABSENT)):
                    # A pointer does not repeat an over-long name: it ends at the object around it.
                    yield Violation(pointer, "differs", _SAID["differs"])
        elif type(before) is list and type(after) is list:
            for index in range(max(len(before), len(after))):
                one = before[index] if index < len(before) else _ABSENT
                other = after[index] if index < len(after) else _ABSENT
                inner.append((f"{pointer}/{index}", one, other))
        elif not _same(before, after):
            yield Violation(pointer, "differs", _SAID["differs"])
        pairs.extend(reversed(inner))


def _same(before: Any, after: Any) -> bool:
    """As digests see it, to which 1, 1.0 and true are three values, and 0.0 and -0.0 two."""
    return _ABSENT not in (before, after) and canonical(before) == canonical(after)
