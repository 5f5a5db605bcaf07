"""`orderloom order review | approve | reject | return | details`: what is said about an order before fulfilment."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.deciding import decided
from gateway.commands.failing import EXIT_USAGE, CommandFailed
from gateway.commands.running import (
    DATA_DEFAULT,
    DataOption,
    JsonOption,
    OrderArgument,
    answer,
    gateway,
    print_json,
)
from gateway.commands.tasks import NoteOption, ReasonOption, RequesterOption, ValueOption, values_of

OWN = "/api/v1/order"


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of `orderloom order`."""
    app.command("review")(show_review)
    app.command("approve")(approve)
    app.command("reject")(reject)
    app.command("return")(send_back)
    app.command("details")(add_details)


def show_review(order: OrderArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False) -> None:
    """Show an order as its approvers see it: tree, plan, dates, price, compatibility, and who said what."""
    with gateway(data) as client:
        shown = answer(client.get(f"{_path(order)}/review"))
    if as_json:
        print_json(shown)
    else:
        _print(shown)


def approve(
    order: OrderArgument,
    note: NoteOption = "",
    override: Annotated[
        list[str] | None,
        typer.Option(metavar="FINDING=REASON", help="Approve in spite of a compatibility finding."),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="The version that was looked at; without it the one that stands."),
    ] = None,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Approve an order. Nobody approves what he submitted, and two approvers are two persons."""
    body = {"note": note, "overrides": dict(_override(each) for each in override or ())}
    _say(order, "approve", body, data, as_json, {} if version is None else {"If-Match": f'"{version}"'})


def reject(
    order: OrderArgument, reason: ReasonOption, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Reject an order in review: it ends. There is no way back."""
    _say(order, "reject", {"reason": reason}, data, as_json)


def send_back(
    order: OrderArgument,
    reason: ReasonOption,
    requester: RequesterOption = False,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Return an order for rework; approvals that were given are void."""
    _say(order, "return", {"reason": reason, "requester": requester}, data, as_json)


def add_details(
    order: OrderArgument,
    value: ValueOption = None,
    note: NoteOption = "",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Fill in what an order in review lacks, without a task."""
    if not value:
        raise CommandFailed("say what is filled in: --value LINE:FIELD=VALUE", EXIT_USAGE)
    _say(order, "details", {"values": values_of(value), "note": note}, data, as_json)


def _say(
    order: str,
    verb: str,
    body: dict[str, Any],
    data: Path,
    as_json: bool,
    headers: dict[str, str] | None = None,
) -> None:
    with gateway(data) as client:
        shown = decided(client, f"{_path(order)}/{verb}", body, headers)
    if as_json:
        print_json(shown)
    else:
        typer.echo(f"order {shown['id']} is {shown['state']}, its review {shown['phase']}")


def _override(given: str) -> tuple[str, str]:
    finding, sign, reason = given.partition("=")
    if not sign or not finding or not reason:
        raise CommandFailed(f"--override takes FINDING=REASON, not {given!r}", EXIT_USAGE)
    return finding, reason


def _print(shown: dict[str, Any]) -> None:
    typer.echo(f"order {shown['id']}  {shown['state']}  review: {shown['phase']}  version {shown['version']}")
    if shown.get("priority"):
        priority = shown["priority"]
        typer.echo(f"priority    {priority['value']} ({priority['band']}, lane {priority['lane']})")
    for need in shown["approvalsNeeded"]:
        given = ", ".join(need["given"]) or "nobody yet"
        typer.echo(
            f"approval    {need['name']}: {need['approvers']} of {need['group'] or 'any group'}; {given}"
        )
    for task in shown["tasks"]:
        typer.echo(
            f"task        {task['key']}  {task['state']}  {task['name']} ({task['group'] or 'any group'})"
        )
    for finding in shown["compatibility"]:
        typer.echo(f"compatible? {finding['id']}: {finding['sentence']}")
    for total in shown["productOrder"].get("orderTotalPrice", ()):
        amount = total["price"].get("taxIncludedAmount") or total["price"].get("dutyFreeAmount", {})
        period = f" {total['recurringChargePeriod']}" if "recurringChargePeriod" in total else ""
        typer.echo(f"price       {total['priceType']}{period}  {amount.get('value')} {amount.get('unit')}")
    dates = shown["dates"]
    typer.echo(f"planned     {dates['plannedStartDate']} to {dates['plannedCompletionDate']}")
    for group in shown["locations"]:
        typer.echo(f"at {group['place'] or 'no place'}: line {', '.join(group['lines'])}")
    for line in shown["lines"]:
        typer.echo(f"line {line['id']}  {line['action']}  {line.get('productOffering') or ''}".rstrip())
        for each in line["domainOrders"]:
            typer.echo(f"    {each['key']}  {each['kind']} {each['specification']}  {each['action']}")
        for each in line["tasks"]:
            typer.echo(f"    {each['key']}  {each['name']} at {each['target']}")


def _path(order: str) -> str:
    return f"{OWN}/{quote(order, safe='')}"
