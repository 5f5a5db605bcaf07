"""Reading a request's body within bounds."""

from starlette.requests import ClientDisconnect, Request

from gateway.violations import BadRequest

MERGE_PATCH = ("application/json", "application/merge-patch+json")
"""Media types of a merge patch (RFC 7386); in TMF APIs plain JSON is one, too."""


async def read_body(request: Request, bytes_max: int, media_types: tuple[str, ...] = ()) -> bytes:
    """The whole JSON body of a request, of any JSON media type or of one of those given.

    :raises BadRequest: 415 for another media type or a compressed body, 413 above ``bytes_max``, 400 when the client
        left half-way.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    json = media_type == "application/json" or media_type.endswith("+json")
    if media_type not in media_types if media_types else not json:
        wanted = " or ".join(media_types or ("application/json",))
        raise BadRequest("mediaType", f"{media_type[:80]} is not understood: send {wanted}", status=415)
    refuse_encoded(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > bytes_max:
        raise too_large(bytes_max)
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > bytes_max:
                raise too_large(bytes_max)
            chunks.append(chunk)
    except ClientDisconnect:
        raise BadRequest("incompleteBody", "the client left before the body was complete") from None
    return b"".join(chunks)


def refuse_encoded(request: Request) -> None:
    """Refuse a body that is compressed: bounds are on what is sent, and there is no second one on what it becomes.

    :raises BadRequest: 415.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BadRequest(
            "contentEncoding",
            f"a body in {encoding[:80]} is not understood: send it as it is",
            status=415,
            headers={"Accept-Encoding": "identity"},
        )


def too_large(bytes_max: int) -> BadRequest:
    """The refusal of a body or line above ``bytes_max`` bytes."""
    return BadRequest(
        "tooLarge",
        f"more than {bytes_max} bytes: split the order, or send less",
        status=413,
        # The rest of the body is not waited for.
        headers={"Connection": "close"},
    )
