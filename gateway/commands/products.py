"""`orderloom product`: what is installed, and which orders changed it."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

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

app = typer.Typer(no_args_is_help=True, help="Installed products: show one, list those of a party.")

PRODUCTS = "/tmf-api/productInventory/v4/product"
OWN = "/api/v1/product"
ProductArgument = Annotated[
    str, typer.Argument(metavar="ID", help="The product's id, as the item of its order shows it.")
]


@app.command("show")
def show_product(
    product: ProductArgument, data: DataOption = DATA_DEFAULT, as_json: JsonOption = False
) -> None:
    """Show one installed product: its nodes, the orders that changed it, who has it. `--json`: the TMF637 product."""
    with gateway(data) as client:
        shown = answer(client.get(f"{PRODUCTS}/{quote(product, safe='')}"))
        if as_json:
            print_json(shown)
            return
        graph = answer(client.get(f"{OWN}/{quote(product, safe='')}/graph"))
    _print_product(shown, graph)


@app.command("list")
def list_products(
    party: Annotated[str, typer.Option(help="Products of this party's id.")],
    status: Annotated[
        str | None, typer.Option(help="Only products in this status, such as `active`.")
    ] = None,
    limit: LimitOption = LIMIT_DEFAULT,
    offset: OffsetOption = 0,
    data: DataOption = DATA_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """List the installed products of a party. `--json`: the TMF637 products."""
    asked = {"relatedParty.id": party, "limit": str(limit), "offset": str(offset)}
    if status is not None:
        asked["status"] = status
    with gateway(data) as client:
        response = client.get(PRODUCTS, params=asked)
        found = answer(response)
    if as_json:
        print_json(found)
    else:
        _print_list(found, response.headers.get("X-Total-Count", "?"))


def _print_product(shown: dict[str, Any], graph: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"product {shown['id']}  {shown['status'].strip()}", style="bold", markup=False)
    facts = {
        "offering": (shown.get("productOffering") or {}).get("id"),
        "made by": f"line {graph['line']} of order {graph['order']}",
        "version": graph["version"] or None,
        "startDate": shown.get("startDate"),
        "terminationDate": shown.get("terminationDate"),
    }
    for each in shown.get("productCharacteristic", ()):
        facts[each["name"]] = each["value"]
    for name, value in facts.items():
        if value is not None:
            console.print(f"{name:15} {value}", markup=False)
    if graph["holder"]:
        console.print(f"{'reserved by':15} {_line(graph['holder'])}", style="yellow", markup=False)
    for waiting in graph["queue"]:
        console.print(f"{'waiting':15} {_line(waiting)}", style="yellow", markup=False)
    nodes = Table("node", "specification", "version", "catalog", "rule")
    for node in graph["nodes"]:
        nodes.add_row(
            node["id"], node["specification"], node["version"], node["catalog"], node["rule"] or node["edge"]
        )
    if nodes.row_count:
        console.print(nodes)
    causes = Table("version", "action", "order", "line", "at")
    for cause in graph["causes"]:
        causes.add_row(
            str(cause["version"]), cause["action"], cause["order"], cause["line"], cause.get("at", "")
        )
    console.print(causes)


def _line(reservation: dict[str, Any]) -> str:
    return f"line {reservation['line']} of order {reservation['order']} ({reservation['action']})"


def _print_list(found: list[dict[str, Any]], total: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("id", "status", "offering", "start", box=None)
    for product in found:
        table.add_row(
            product["id"],
            product["status"].strip(),
            (product.get("productOffering") or {}).get("id", ""),
            product.get("startDate", ""),
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"{len(found)} of {total}")
