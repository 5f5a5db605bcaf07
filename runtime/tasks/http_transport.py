"""The way to a target over HTTP."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from runtime.tasks.handlers import Answer
from runtime.tasks.transport import NoAnswer, Request

ANSWER_BYTES_MAX = 256 * 1024
"""A task's output stands in the journal for good; an answer longer than this is taken for a mistake."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class HttpTransport:
    """Calls one base URL. Connections are kept; how many there are is the gate's business."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.base = parts.path.rstrip("/")
        self.headers = dict(headers or {})
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: Request) -> Answer:
        """:raises NoAnswer: when nothing usable came back."""
        path = request.path
        if "://" in path or path.startswith("//"):
            if not path.startswith(self.origin + "/"):
                # A Location elsewhere would carry our credentials to a stranger.
                return Answer(421, {"code": "foreignLocation", "message": f"{path} is not at {self.origin}"})
            url = path
        elif path.startswith(self.base + "/"):
            url = self.origin + path
        else:
            url = f"{self.origin}{self.base}{path if path.startswith('/') else '/' + path}"
        headers = {**self.headers, "X-Shard-Epoch": str(request.epoch), "X-Attempt": str(request.attempt)}
        if request.key:
            headers["Idempotency-Key"] = request.key
        data = None
        if request.body is not None:
            data = _encode(request.body)
            headers["Content-Type"] = "application/json"
        try:
            async with self._opened().request(
                request.method, url, data=data, headers=headers, allow_redirects=False
            ) as response:
                body = await _read(response)
                return Answer(
                    response.status, body, {name.lower(): value for name, value in response.headers.items()}
                )
        except (aiohttp.ClientError, OSError, asyncio.IncompleteReadError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        # Made on first use: settings are read where there is no event loop yet.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _read(response: aiohttp.ClientResponse) -> Any:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > ANSWER_BYTES_MAX:
            raise NoAnswer(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    if not content:
        return None
    if "json" in response.headers.get("Content-Type", ""):
        try:
            return _decode(content)
        except msgspec.DecodeError as error:
            raise NoAnswer(f"the answer says it is JSON and is not: {error}") from error
    return content.decode(errors="replace")
