"""The one seam to the world: a function from a request to its answer, at once or awaited.

A network element in a test is ``def olt(request: Request) -> Answer``; a real one stands behind
:class:`runtime.tasks.http_transport.HttpTransport`.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from runtime.tasks.handlers import Answer


class Request(msgspec.Struct, frozen=True, gc=False):
    """A call as it leaves: what the handler asked for and under which dispatch."""

    method: str
    path: str
    body: Any
    key: str
    attempt: int
    epoch: int


class NoAnswer(Exception):
    """Nothing came back: refused, broken or timed out. The effect may have happened; the key makes repeating safe."""


Transport = Callable[[Request], Answer | Awaitable[Answer]]
"""Raises, or its awaitable raises, :class:`NoAnswer`."""
