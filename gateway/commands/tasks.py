"""`orderloom task`: the tasks that people are given, over all orders."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.deciding import decided
from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import DATA_DEFAULT, DataOption, JsonOption, answer, gateway, print_json

app = typer.Typer(no_args_is_help=True, help="Tasks for people: list, claim, complete, give back.")
TASKS = "/api/v1/tasks"
OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id.")]
KeyArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task's key, as `task list` shows it.")]
ValueOption = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        metavar="LINE:FIELD=VALUE",
        help="What is filled in: a characteristic, `place.ROLE`, `contact.ROLE`, `appointment`, `billingAccount` or "
        "`price`; JSON, or else text.",
    ),
]
NoteOption = Annotated[str, typer.Option(help="A remark; it stands in the journal.")]
ReasonOption = Annotated[str, typer.Option(help="Why; it stands in the journal.")]
RequesterOption = Annotated[bool, typer.Option("--requester", help="Only the requester can answer: ask him.")]


@app.command("list")
def list_tasks(
    group: Annotated[str, typer.Option(help="Only tasks of this group.")] = "",
    state: Annotated[str, typer.Option(help="Only `open`, `claimed` or `returned` ones.")] = "",
    assignee: Annotated[str, typer.Option(help="Only what this person claims.")] = "",
    order: Annotated[str, typer.Option(help="Only tasks of this order, ended ones among them.")] = "",
    limit: Annotated[int, typer.Option(min=0, max=1_000, help="Of how many orders at most.")] = 20,
    offset: Annotated[int, typer.Option(min=0, help="How many orders to leave out at the start.")] = 0,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List tasks for people by the date of their order. `--json`: all that is known of each."""
    filters = {"group": group, "state": state, "assignee": assignee, "order": order}
    asked = {name: value for name, value in filters.items() if value}
    with gateway(data) as client:
        response = client.get(TASKS, params={**asked, "limit": str(limit), "offset": str(offset)})
        found = answer(response)
    if as_json:
        print_json(found)
        return
    for task in found:
        by = f" by {task['claimedBy']}" if task.get("claimedBy") else ""
        due = f"  due {task['due'].partition('.')[0]}Z" if task.get("due") else ""
        typer.echo(
            f"{task['order']}  {task['key']}  {task['state']}{by}  {task['group']}{due}  {_what(task)}"
        )
    typer.echo(f"of {response.headers.get('X-Total-Count', '?')} orders")


@app.command("claim")
def claim(
    order: OrderArgument, key: KeyArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Take a task on."""
    _say(order, key, "claim", None, data, as_json)


@app.command("complete")
def complete(
    order: OrderArgument,
    key: KeyArgument,
    value: ValueOption = None,
    note: NoteOption = "",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say that a task is done, with what it asks for."""
    _say(order, key, "complete", {"values": values_of(value), "note": note}, data, as_json)


@app.command("return")
def give_back(
    order: OrderArgument,
    key: KeyArgument,
    reason: ReasonOption,
    requester: RequesterOption = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give a task back to its group, or hand its question on to the requester of the order."""
    _say(order, key, "return", {"reason": reason, "requester": requester}, data, as_json)


def values_of(given: list[str] | None) -> dict[str, dict[str, Any]]:
    """Line -> field -> value, of `LINE:FIELD=VALUE` (:raises CommandFailed: one is written otherwise)."""
    values: dict[str, dict[str, Any]] = {}
    for each in given or ():
        name, sign, text = each.partition("=")
        line, colon, field = name.partition(":")
        if not (sign and colon and line and field):
            raise CommandFailed(f"--value takes LINE:FIELD=VALUE, not {each!r}", EXIT_USAGE)
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        values.setdefault(line, {})[field] = value
    return values


def _what(task: dict[str, Any]) -> str:
    return f"{task['name']} ({task['reason']})" if task.get("reason") else str(task["name"])


def _say(order: str, key: str, verb: str, body: dict[str, Any] | None, data: Any, as_json: bool) -> None:
    with gateway(data) as client:
        path = f"{TASKS}/{quote(order, safe='')}/{quote(key, safe='')}/{verb}"
        task = decided(client, path, body)
    if as_json:
        print_json(task)
        return
    by = task.get("claimedBy") or task.get("completedBy")
    typer.echo(
        f"task {task['key']} of order {task['order']} is {task['state']}" + (f" by {by}" if by else "")
    )
