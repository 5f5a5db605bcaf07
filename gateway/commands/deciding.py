"""A decision on its way to the gateway: under a key of its own, so that it may be said again when no answer comes."""

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from gateway.commands.running import answer

if TYPE_CHECKING:
    import httpx

PAUSES_S = (0.2, 1.0)
"""How long to wait before saying it once more, each time."""
AGAIN = (429, 503)
"""Answers that ask for that."""


def decided(
    client: "httpx.Client", path: str, body: dict[str, Any] | None, headers: dict[str, str] | None = None
) -> Any:
    """The JSON of the answer to a decision, which is carried out once however often it has to be said.

    :raises CommandFailed: it is refused.
    :raises httpx.TransportError: no answer has come.
    """
    import httpx

    named = {**(headers or {}), "Idempotency-Key": str(uuid4())}
    for pause in PAUSES_S:
        try:
            response = client.post(path, json=body, headers=named)
        except httpx.TransportError:
            time.sleep(pause)
            continue
        if response.status_code not in AGAIN:
            return answer(response)
        time.sleep(pause)
    return answer(client.post(path, json=body, headers=named))
