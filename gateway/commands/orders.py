"""`orderloom order`: single orders, what they wait for, their facts, and decisions on what is held."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs, quote, urlsplit

import typer

from gateway.commands.deciding import decided
from gateway.commands.documents import BaseOption, FileArgument, if_match, read_document
from gateway.commands.explaining import print_explanation
from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import (
    DATA_DEFAULT,
    LIMIT_DEFAULT,
    DataOption,
    JsonOption,
    LimitOption,
    OffsetOption,
    OrderArgument,
    answer,
    gateway,
    print_json,
)

if TYPE_CHECKING:
    import httpx
    from rich.console import Console

app = typer.Typer(
    no_args_is_help=True, help="Single orders: show, list, facts, changes, decisions on what is held."
)

ORDERS = "/tmf-api/productOrderingManagement/v4/productOrder"
SERVICE_ORDERS = "/tmf-api/serviceOrdering/v4/serviceOrder"
OWN = "/api/v1/order"
TargetArgument = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="A task key or a line id, as `order show` lists them; `order` or its ID for the order itself.",
    ),
]
OF_THE_ORDER = "order"


@app.command("show")
def show_order(order: OrderArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show one order as it durably is: its lines, what it waits for, its tasks. `--json`: the TMF622 order."""
    with gateway(data) as client:
        shown = answer(client.get(_tmf_path(order)))
        if as_json:
            print_json(shown)
            return
        graph = answer(client.get(f"{OWN}/{quote(order, safe='')}/graph"))
    _print_order(shown, graph)


@app.command("explain")
def explain_order(order: OrderArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Explain why an order has the domain orders it has and no others: rules, inputs, outcomes, what is missing."""
    with gateway(data) as client:
        found = answer(client.get(f"{OWN}/{quote(order, safe='')}/explanation"))
    if as_json:
        print_json(found)
    else:
        print_explanation(found)


@app.command("give")
def give_values(
    order: OrderArgument,
    line: Annotated[str, typer.Argument(help="The line that waits for values, as `order show` lists it.")],
    values: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH=VALUE",
            help="The path that `order show` says it waits for, and its value: JSON, or else text.",
        ),
    ],
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give a line values that its rules wait for: what waited is created and joins the running plan."""
    _decide(data, order, line, "values", {"values": dict(_change(each) for each in values)}, as_json)


@app.command("journal")
def show_journal(order: OrderArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show every committed fact of an order, from its first to its last, archived ones included."""
    with gateway(data) as client:
        records = answer(client.get(f"{OWN}/{quote(order, safe='')}/journal"))
    if as_json:
        print_json(records)
        return
    for record in records:
        by = f"  by {record['by']}" if record.get("by") else ""
        typer.echo(f"#{record['sequence']}  {record['at']}{by}")
        for event in record["events"]:
            rest = {
                name: value for name, value in event.items() if name != "event" and value not in (None, "")
            }
            typer.echo(f"    {event['event']}  {_short(rest)}")


@app.command("list")
def list_orders(
    state: Annotated[str | None, typer.Option(help="Only orders in this state, such as `held`.")] = None,
    external_id: Annotated[str | None, typer.Option(help="Only orders with this externalId.")] = None,
    party: Annotated[str | None, typer.Option(help="Only orders of this party's id.")] = None,
    category: Annotated[str | None, typer.Option(help="Only orders of this category.")] = None,
    service: Annotated[
        bool,
        typer.Option("--service", help="Service orders: captured ones and those that decomposition made."),
    ] = False,
    made_of: Annotated[
        str | None, typer.Option("--of", help="Service orders that decomposition made of this order.")
    ] = None,
    limit: LimitOption = LIMIT_DEFAULT,
    offset: OffsetOption = 0,
    after: Annotated[
        str | None, typer.Option(help="With --service: go on where a page ended, as it said at its end.")
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List orders by order date. `--json`: the TMF622 orders."""
    filters = {"state": state, "externalId": external_id, "relatedParty.id": party, "category": category}
    filters |= {"orderRelationship.id": made_of, "after": after}
    asked = {name: value for name, value in filters.items() if value is not None}
    with gateway(data) as client:
        path = SERVICE_ORDERS if service or made_of is not None else ORDERS
        response = client.get(path, params={**asked, "limit": str(limit), "offset": str(offset)})
        found = answer(response)
    if as_json:
        print_json(found)
    else:
        _print_list(found, response.headers.get("X-Total-Count", ""))
    if (cursor := _next_cursor(response)) is not None:
        typer.echo(f"there are more: --after {cursor}", err=as_json)


@app.command("patch")
def patch_order(
    order: OrderArgument,
    file: FileArgument,
    base: BaseOption = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Change an order by a merge patch; items are merged by their id. `--json`: the TMF622 order."""
    patch = read_document(file)
    path = _tmf_path(order)
    with gateway(data) as client:
        response = client.patch(path, json=patch, headers=if_match(client, path, base))
        shown = answer(response)
    if as_json:
        print_json(shown)
    else:
        typer.echo(
            f"order {shown['id']} is {shown['state']}, version {response.headers['ETag'].strip(chr(34))}"
        )


@app.command("retry")
def retry(
    order: OrderArgument,
    target: TargetArgument,
    change: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Replace or add a characteristic of the task's request; JSON, or else text.",
        ),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Dispatch a held task again, with the same or changed data, or free a held line or order."""
    body = {"changes": dict(_change(each) for each in change)} if change else {}
    _decide(data, order, target, "retry", body, as_json)


@app.command("give-up")
def give_up(
    order: OrderArgument,
    target: TargetArgument,
    reason: Annotated[str, typer.Option(help="Why it will not be done; it stands in the journal.")],
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Decide that a held task, line or order will not be done. There is no way back."""
    _decide(data, order, target, "giveUp", {"reason": reason}, as_json)


def _tmf_path(order: str) -> str:
    """Where an order is found: its id tells whether it was captured as a service order."""
    from actors.order_id import captured_as

    base = SERVICE_ORDERS if captured_as(order) == "service" else ORDERS
    return f"{base}/{quote(order, safe='')}"


def _decide(data: Path, order: str, target: str, verb: str, body: dict[str, Any], as_json: bool) -> None:
    with gateway(data) as client:
        path = _path_of(client, order, target)
        if "/task/" not in path and "changes" in body:
            raise CommandFailed("only a task's request can be changed: leave --change out", EXIT_USAGE)
        # An absent body and an empty one differ: without changes there is nothing to send.
        done = decided(client, f"{path}/{verb}", body or None)
    if as_json:
        print_json(done)
    else:
        typer.echo(f"order {done['id']} is {done['state']}")


def _path_of(client: "httpx.Client", order: str, target: str) -> str:
    base = f"{OWN}/{quote(order, safe='')}"
    if target in (OF_THE_ORDER, order):
        return base
    graph = answer(client.get(f"{base}/graph"))
    tasks = {str(task["key"]) for task in graph["tasks"]}
    lines = {str(line["id"]) for line in graph["lines"]}
    if target in tasks:
        return f"{base}/task/{quote(target, safe='/')}"
    if target in lines:
        return f"{base}/line/{quote(target, safe='/')}"
    known = ", ".join([*sorted(lines), *sorted(tasks)][:12])
    raise CommandFailed(f"order {order} has no line or task {target!r}; it has {known} …")


def _change(given: str) -> tuple[str, Any]:
    name, sign, value = given.partition("=")
    if not sign or not name:
        raise CommandFailed(f"a value is given as NAME=VALUE, not {given!r}", EXIT_USAGE)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _print_order(shown: dict[str, Any], graph: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"order {shown['id']}  {shown['state']}", style="bold", markup=False)
    for name in ("externalId", "category", "description", "orderDate", "completionDate"):
        if name in shown:
            console.print(f"{name:15} {shown[name]}", markup=False)
    console.print(f"{'catalog':15} {graph['catalog']}", markup=False)
    for reason in shown.get("waitsFor", ()):
        _print_beside(console, "waits for", _sentence(reason), style="yellow")
    for note in shown.get("note", ()):
        _print_beside(console, "note", str(note.get("text", "")))
    lines = Table("line", "action", "orders", "state")
    for item in _items(shown):
        ordered = item.get("productOffering") or item.get("service", {}).get("serviceSpecification") or {}
        lines.add_row(str(item["id"]), item.get("action", ""), ordered.get("id", ""), item.get("state", ""))
    console.print(lines)
    tasks = Table("task", "state")
    for task in graph["tasks"]:
        tasks.add_row(str(task["key"]), str(task.get("state", "")))
    if tasks.row_count:
        console.print(tasks)


def _print_beside(console: "Console", name: str, sentence: str, style: str = "") -> None:
    """A sentence beside its name, whose later lines stand below its first."""
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 1))
    row.add_column(width=15)
    row.add_row(name, Text(sentence), style=style)
    console.print(row)


def _items(parent: dict[str, Any]) -> list[dict[str, Any]]:
    own = parent.get("productOrderItem") or parent.get("serviceOrderItem", [])
    return [found for item in own for found in (item, *_items(item))]


def _next_cursor(response: "httpx.Response") -> str | None:
    """Where the next page begins, for lists whose pages begin at a cursor."""
    following = parse_qs(urlsplit(response.links.get("next", {}).get("url", "")).query)
    return following.get("after", [None])[0]


def _print_list(found: list[dict[str, Any]], total: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "state", "order date", "externalId", "lines", box=None)
    for column in table.columns[:3]:
        column.no_wrap = True
    for order in found:
        table.add_row(
            order["id"],
            order["state"],
            order["orderDate"].partition(".")[0] + "Z",
            order.get("externalId", ""),
            str(len(order.get("productOrderItem") or order.get("serviceOrderItem", ()))),
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{len(found)} of {total}" if total else f"{len(found)} shown")


def _sentence(reason: Any) -> str:
    if isinstance(reason, dict):
        return str(reason.get("sentence") or reason.get("reason") or reason.get("text") or _short(reason))
    return str(reason)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return text if len(text) <= 240 else text[:239] + "…"
