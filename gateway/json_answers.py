"""JSON answers, encoded by msgspec: quick for what the TMF APIs return by the thousand."""

from typing import Any

import msgspec
from starlette.responses import Response

encode = msgspec.json.Encoder().encode


class JsonAnswer(Response):
    """A JSON response; its content is anything msgspec can encode, ``msgspec.Raw`` included."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body's bytes."""
        return encode(content)
