"""What commands read of a JSON document, and how they name the version that they change."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.failing import EXIT_USAGE, CommandFailed

if TYPE_CHECKING:
    import httpx

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", allow_dash=True, help="A JSON file; `-` reads standard input.")
]
BaseOption = Annotated[
    int | None,
    typer.Option(
        "--base", min=1, help="The version it was made from; unless said, the one that stands at this moment."
    ),
]


def read_document(file: Path) -> dict[str, Any]:
    """The JSON object in a file (:raises CommandFailed: there is none)."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as problem:
        raise CommandFailed(f"{file} cannot be read as JSON: {problem}", EXIT_USAGE) from None
    if not isinstance(document, dict):
        raise CommandFailed(f"{file} holds no JSON object", EXIT_USAGE)
    return document


def if_match(client: "httpx.Client", path: str, base: int | None) -> dict[str, str]:
    """The header that names the version a change is made from."""
    if base is not None:
        return {"If-Match": f'"{base}"'}
    from gateway.commands.running import answer

    response = client.get(path)
    answer(response)
    return {"If-Match": response.headers["ETag"]}
