"""What a key that comes again with another body is told: the order it met, and every place that differs.

Places only, no values: externalIds are known per party, so the order that is met may be another client's.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from gateway.tmf.errors import Error, error
from gateway.tmf.parts import TEXT_ID_LENGTH_MAX
from gateway.violations import Violation, pointer_of
from runtime.port import Runtime

DIFFERENCES_MAX: Final = 100
"""How many differing places one answer lists."""
_ABSENT: Final = object()
_SAID: Final = {
    "differs": "differs from the order as it was made",
    "added": "is not in the order as it was made",
    "left-out": "is in the order as it was made, and missing here",
}

_decode = msgspec.json.decode


async def conflict(runtime: Runtime, order: str, document: bytes, href: str = "") -> Error:
    """The 409 of ``document`` (canonical JSON), whose key has made ``order``, found at ``href``, from another one.

    :raises Unavailable: nobody can tell at the moment what the order was made from.
    """
    (group,) = await runtime.read([order])
    found = tuple(differences(_decode(group.order.document), _decode(document))) if group else ()
    return error(
        409,
        "keyConflict",
        f"the same key has made order {order} from another body",
        "to order something else, use another key; to ask again, repeat the body as it was",
        found,
        order=order,
        href=href,
    )


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
                elif before.get(name, _ABSENT) != after.get(name, _ABSENT):
                    # A pointer does not repeat an over-long name: it ends at the object around it.
                    yield Violation(pointer, "differs", _SAID["differs"])
        elif type(before) is list and type(after) is list:
            for index in range(max(len(before), len(after))):
                one = before[index] if index < len(before) else _ABSENT
                other = after[index] if index < len(after) else _ABSENT
                inner.append((f"{pointer}/{index}", one, other))
        elif type(before) is not type(after) or before != after:
            yield Violation(pointer, "differs", _SAID["differs"])
        pairs.extend(reversed(inner))
