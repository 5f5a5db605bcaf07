"""Keys of decisions about orders: a request that is repeated because its answer was lost is carried out once.

Every decision gets one, as the runtime itself may deliver it twice. An order remembers the keys of its last decisions
(``actors/order.py``): of the principal and the ``Idempotency-Key``, and of what was decided.
"""

from typing import Annotated, Final, TypeVar
from uuid import uuid4

import msgspec
from fastapi import Header

from actors.command_keys import SEPARATOR
from actors.messages import (
    AcknowledgeAlerts,
    AddDetails,
    ApproveOrder,
    ClaimWork,
    CompleteWork,
    GiveUp,
    GiveValues,
    RejectOrder,
    Retry,
    ReturnOrder,
    ReturnWork,
)
from gateway.auth import Principal
from gateway.identity import IDEMPOTENCY_KEY_LENGTH_MAX, canonical, digest_of

_DIGITS: Final = 16
"""Hexadecimal digits that are kept of a digest: it meets only the few others of one order."""

DecisionKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=IDEMPOTENCY_KEY_LENGTH_MAX,
        description="Names this decision of yours on the order: repeated with the same body it is answered and not "
        "carried out again, with another one it is refused (409). An order knows its last 16 decisions.",
    ),
]
Decision = TypeVar(
    "Decision",
    Retry,
    GiveUp,
    GiveValues,
    AcknowledgeAlerts,
    ClaimWork,
    CompleteWork,
    ReturnWork,
    AddDetails,
    ApproveOrder,
    RejectOrder,
    ReturnOrder,
)


def keyed(decision: Decision, principal: Principal, given: str | None) -> Decision:
    """The decision with its key; one of its own where the principal has given none.

    :raises UnicodeEncodeError: something in it cannot be written down.
    """
    # The groups are those of the principal at the time, and not what was said.
    said = msgspec.structs.replace(decision, groups=()) if hasattr(decision, "groups") else decision
    digest = _digest(canonical(said))
    if given is None:
        return msgspec.structs.replace(decision, key=uuid4().hex)
    name = _digest(canonical([principal.tenant, principal.name, given]))
    return msgspec.structs.replace(decision, key=f"{name}{SEPARATOR}{digest}")


def _digest(text: bytes) -> str:
    return digest_of(text).hex()[:_DIGITS]
