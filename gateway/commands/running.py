"""The system that runs on a data folder, as another command reaches it: over the gateway's own HTTP."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.commands.failing import EXIT_NOT_RUNNING, CommandFailed

if TYPE_CHECKING:
    import httpx

    from gateway.auth import Principal
    from runtime.run_record import RunRecord

DATA_VARIABLE = "ORDERLOOM_DATA"
DATA_DEFAULT = Path("var")
TIMEOUT_S = 30.0
OPERATOR_ROLE = "operator"

DataOption = Annotated[
    Path,
    typer.Option("--data", envvar=DATA_VARIABLE, file_okay=False, help="Data folder of the system."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
LimitOption = Annotated[int, typer.Option(min=0, max=1_000, help="How many at most.")]
OffsetOption = Annotated[int, typer.Option(min=0, help="How many to leave out at the start.")]
OrderArgument = Annotated[str, typer.Argument(metavar="ID", help="The order's id.")]
LIMIT_DEFAULT = 20


def record_of(data: Path) -> "RunRecord":
    """What runs on the folder.

    :raises CommandFailed: nothing does (exit code 3).
    """
    from runtime import run_record

    found = run_record.read(data)
    if found is None:
        raise CommandFailed(
            f"no system runs on {data}; start one with: orderloom up --data {data}", EXIT_NOT_RUNNING
        )
    if not found.up.lives():
        raise CommandFailed(
            f"the system on {data} was killed (it was process {found.up.pid}); "
            f"its orders are in the journal, take it up again with: orderloom up --data {data}",
            EXIT_NOT_RUNNING,
        )
    return found


def token_of(token_file: Path) -> str:
    """An operator's token from the token file (any token, when none is an operator's).

    :raises CommandFailed: there is none that can be read.
    """
    import msgspec

    from gateway.auth import read_tokens

    try:
        principals = read_tokens(token_file)
    except (OSError, msgspec.MsgspecError) as problem:
        raise CommandFailed(f"the token file {token_file} cannot be read: {problem}") from None
    return _chosen(principals, token_file)


def _chosen(principals: "dict[str, Principal]", token_file: Path) -> str:
    if not principals:
        raise CommandFailed(f"the token file {token_file} holds no token")
    operators = [token for token, who in principals.items() if OPERATOR_ROLE in who.roles]
    return (operators or list(principals))[0]


@contextmanager
def gateway(data: Path) -> "Iterator[httpx.Client]":
    """A client of the gateway of the system that runs on the folder.

    :raises CommandFailed: nothing runs, the gateway does not answer, or it refuses the request.
    """
    import httpx

    record = record_of(data)
    if not record.ready:
        raise CommandFailed(f"the system on {data} is starting; look into {data / 'log'}")
    token = os.environ.get("ORDERLOOM_TOKEN") or token_of(Path(record.token_file))
    # A proxy of the environment has no business between two processes of one machine.
    with httpx.Client(
        base_url=record.url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_S,
        trust_env=False,
    ) as client:
        try:
            yield client
        except httpx.TransportError as problem:
            raise CommandFailed(
                f"the gateway at {record.url} does not answer: {type(problem).__name__}: {problem}"
            ) from None


def answer(response: "httpx.Response") -> Any:
    """The JSON of an answer.

    :raises CommandFailed: for an error answer, with its reason and each violation.
    """
    if response.status_code < 400:
        return response.json()
    try:
        body = response.json()
        lines = [str(body["reason"])]
        lines += [f"  {each['pointer']}: {each['message']}" for each in body.get("violations", ())]
    except (ValueError, KeyError, TypeError):
        lines = [f"the gateway answered {response.status_code}: {response.text[:200]}"]
    raise CommandFailed("\n".join(lines))


def print_json(value: Any) -> None:
    """JSON on standard output, indented."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
