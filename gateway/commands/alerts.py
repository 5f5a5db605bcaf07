"""`orderloom alert`: values that did not come in time, over all orders."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from gateway.commands.deciding import decided
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

app = typer.Typer(no_args_is_help=True, help="Values that did not come in time: list, acknowledge.")
ALERTS = "/api/v1/alerts"


@app.command("list")
def list_alerts(
    group: Annotated[str, typer.Option(help="Only alerts that are with this group.")] = "",
    order: Annotated[str, typer.Option(help="Only alerts of this order.")] = "",
    acknowledged: Annotated[
        bool | None,
        typer.Option("--acknowledged/--open", help="Only those that somebody knows of, or that nobody does."),
    ] = None,
    limit: LimitOption = LIMIT_DEFAULT,
    offset: OffsetOption = 0,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List alerts by the date of their order; `--limit` counts orders. `--json`: all that is known of each."""
    asked = {"group": group, "order": order}
    if acknowledged is not None:
        asked["acknowledged"] = str(acknowledged).lower()
    filters = {name: value for name, value in asked.items() if value}
    with gateway(data) as client:
        response = client.get(ALERTS, params={**filters, "limit": str(limit), "offset": str(offset)})
        found = answer(response)
    if as_json:
        print_json(found)
        return
    for alert in found:
        typer.echo(_told(alert))
    typer.echo(f"of {response.headers.get('X-Total-Count', '?')} orders")


@app.command("acknowledge")
def acknowledge(
    order: OrderArgument,
    line: Annotated[str, typer.Argument(help="The line, as `alert list` shows it.")],
    alert: Annotated[
        str, typer.Option("--alert", metavar="KEY", help="One of the line's alerts, by its key in `--json`.")
    ] = "",
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Say that you know: nobody is reminded or told any more, and the line waits until the value comes."""
    path = f"/api/v1/order/{quote(order, safe='')}/line/{quote(line, safe='/')}/acknowledge"
    with gateway(data) as client:
        found = decided(client, path, {"alert": alert})
    if as_json:
        print_json(found)
        return
    for each in found:
        typer.echo(_told(each))


def _told(alert: dict[str, Any]) -> str:
    """One alert on a line."""
    what = "escalated" if alert["reaction"] == "escalate" else "reminded"
    stands = f"with {alert['group'] or 'everybody'}"
    if "acknowledgedBy" in alert:
        stands = f"acknowledged by {alert['acknowledgedBy']} at {_second(alert['acknowledgedAt'])}"
    until = f", next {_second(alert['until'])}" if "until" in alert else ""
    return (
        f"{alert['order']}  line {alert['line']}  since {_second(alert['since'])}  "
        f"{what} {alert['times']} time(s){until}  {stands}  {alert['sentence']}"
    )


def _second(instant: str) -> str:
    return instant.partition(".")[0] + "Z"
