"""`orderloom draft`: orders that are still being written."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.documents import BaseOption, FileArgument, if_match, read_document
from gateway.commands.running import (
    DATA_DEFAULT,
    LIMIT_DEFAULT,
    DataOption,
    JsonOption,
    LimitOption,
    OffsetOption,
    answer,
    gateway,
    print_json,
)

app = typer.Typer(no_args_is_help=True, help="Drafts: orders that are still being written.")
DRAFTS = "/api/v1/drafts"
DraftArgument = Annotated[str, typer.Argument(metavar="ID", help="The draft's id.")]


@app.command("save")
def save_draft(
    file: FileArgument,
    draft: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The draft to replace; without it a new one.")
    ] = None,
    base: BaseOption = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Save a product order as a draft, whatever is wrong with it; prints what is."""
    document = read_document(file)
    with gateway(data) as client:
        if draft is None:
            saved = answer(client.post(DRAFTS, json=document))
        else:
            path = _path(draft)
            saved = answer(client.put(path, json=document, headers=if_match(client, path, base)))
    _show(saved, as_json)


@app.command("patch")
def patch_draft(
    draft: DraftArgument,
    file: FileArgument,
    base: BaseOption = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Change a draft by a merge patch; items are merged by their id."""
    patch = read_document(file)
    with gateway(data) as client:
        path = _path(draft)
        saved = answer(client.patch(path, json=patch, headers=if_match(client, path, base)))
    _show(saved, as_json)


@app.command("show")
def show_draft(draft: DraftArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show a draft and everything that is wrong with it."""
    with gateway(data) as client:
        _show(answer(client.get(_path(draft))), as_json)


@app.command("list")
def list_drafts(
    limit: LimitOption = LIMIT_DEFAULT,
    offset: OffsetOption = 0,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List drafts by the time they were begun."""
    with gateway(data) as client:
        response = client.get(DRAFTS, params={"limit": str(limit), "offset": str(offset)})
        found = answer(response)
    if as_json:
        print_json(found)
        return
    for each in found:
        typer.echo(f"{each['id']}  version {each['version']}  {each['savedAt']}  {_told(each['findings'])}")
    typer.echo(f"{len(found)} of {response.headers.get('X-Total-Count', '?')}")


@app.command("dry-run")
def run_draft_dry(draft: DraftArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show the domain orders and tasks that the draft would become, without touching anything."""
    with gateway(data) as client:
        run = answer(client.post(f"{_path(draft)}/dryRun"))
    if as_json:
        print_json(run)
        return
    for line in run["lines"]:
        typer.echo(f"line {line['id']}  {line['action']}  {line.get('productOffering') or ''}".rstrip())
        for order in line["domainOrders"]:
            typer.echo(f"    {order['key']}  {order['kind']} {order['specification']}  {order['action']}")
        for task in line["tasks"]:
            needs = f"  after {', '.join(task['needs'])}" if task["needs"] else ""
            typer.echo(f"    {task['key']}  {task['name']} at {task['target']}{needs}")
    for found in run.get("compatibility", ()):
        typer.echo(f"compatible? {found['id']}: {found['sentence']}")
    _print_findings(run["findings"])


@app.command("price")
def price_draft(draft: DraftArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show what the draft would cost if it were ordered now. `--json`: the TMF622 order with its prices."""
    with gateway(data) as client:
        priced = answer(client.post(f"{_path(draft)}/price"))
    if as_json:
        print_json(priced)
        return
    for total in priced["productOrder"].get("orderTotalPrice", ()):
        amount = total["price"].get("taxIncludedAmount") or total["price"].get("dutyFreeAmount", {})
        period = f" {total['recurringChargePeriod']}" if "recurringChargePeriod" in total else ""
        typer.echo(f"{total['priceType']}{period}  {amount.get('value')} {amount.get('unit')}")
    _print_findings(priced["findings"])


@app.command("submit")
def submit_draft(
    draft: DraftArgument,
    base: BaseOption = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Make a draft an order. Exit code 1, with every reason, when something is wrong with it."""
    headers = {} if base is None else {"If-Match": f'"{base}"'}
    with gateway(data) as client:
        order = answer(client.post(f"{_path(draft)}/submit", headers=headers))
    if as_json:
        print_json(order)
    else:
        typer.echo(f"order {order['id']} is {order['state']}")


@app.command("withdraw")
def withdraw_draft(
    draft: DraftArgument,
    reason: Annotated[str, typer.Option(help="Why; it stands in the journal.")] = "",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Give a draft up. There is no way back."""
    with gateway(data) as client:
        _show(answer(client.post(f"{_path(draft)}/withdraw", json={"reason": reason})), as_json)


def _path(draft: str) -> str:
    return f"{DRAFTS}/{quote(draft, safe='')}"


def _show(draft: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(draft)
        return
    typer.echo(f"draft {draft['id']}  {draft['state']}  version {draft['version']}")
    _print_findings(draft["findings"])


def _print_findings(findings: list[dict[str, Any]]) -> None:
    for each in findings:
        typer.echo(f"  {each['pointer']}: {each['message']}")
    typer.echo(_told(findings))


def _told(findings: list[dict[str, Any]]) -> str:
    return f"{len(findings)} finding(s)" if findings else "nothing is wrong with it"
