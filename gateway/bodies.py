"""Reading a request's body within bounds."""

from starlette.requests import ClientDisconnect, Request

from gateway.violations import BadRequest


async def read_body(request: Request, bytes_max: int) -> bytes:
    """The whole JSON body of a request.

    :raises BadRequest: 415 for another media type or a compressed body, 413 above ``bytes_max``, 400 when the client
        left half-way.
    """
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise BadRequest(
            "mediaType", f"{media_type[:80]} is not understood: send application/json", status=415
        )
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
