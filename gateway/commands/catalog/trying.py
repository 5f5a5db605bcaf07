"""`orderloom catalog dry-run` and `diff`: what would become of orders, under one catalog or under two."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from gateway.commands.catalog.files import CatalogOption, loaded
from gateway.commands.catalog.orders import Sent, orders_in
from gateway.commands.failing import EXIT_FAILED, EXIT_USAGE, CommandFailed
from gateway.commands.running import JsonOption, print_json

if TYPE_CHECKING:
    from catalog.model import Catalog
    from catalog.trial.comparing import Difference
    from catalog.trial.dry_run import DryRun
    from gateway.violations import Violation


TRIED = "o" + "0" * 24
"""The id that rules read of an order that is only tried."""


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group."""
    app.command("dry-run")(run_dry)
    app.command("diff")(compare_catalogs)


AtOption = Annotated[
    str | None,
    typer.Option("--at", help="When the orders come in, as a date-time with an offset; else now."),
]


def run_dry(
    order: Annotated[
        Path, typer.Argument(metavar="ORDER.json", help="A TMF622 or TMF641 order.", exists=True)
    ],
    catalog: CatalogOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what would become of an order: domain orders, plan with dates, price, and what waits. Touches nothing.

    Exit code 1 when the catalog refuses the order, with every violation.
    """
    sent = orders_in([order])
    if len(sent) != 1:
        raise CommandFailed(f"{order} holds {len(sent)} orders; a dry run is of one", EXIT_USAGE)
    instant = instant_of(at)
    result = tried(loaded(catalog), sent[0], instant)
    if isinstance(result, list):
        if as_json:
            print_json({"violations": result})
        for each in result if not as_json else ():
            typer.echo(f"{each.pointer}: {each.message} [{each.code}]")
        raise typer.Exit(EXIT_FAILED)
    if as_json:
        from gateway.commands.catalog.showing import dry_run_json

        print_json(dry_run_json(result))
    else:
        from gateway.commands.catalog.showing import dry_run_text

        typer.echo(dry_run_text(result))


def compare_catalogs(
    before: Annotated[
        Path, typer.Argument(metavar="A", help="The catalog as it is: file or folder.", exists=True)
    ],
    after: Annotated[Path, typer.Argument(metavar="B", help="The catalog as it would be.", exists=True)],
    orders: Annotated[
        list[Path],
        typer.Option("--orders", help="Orders: JSON (one or an array), NDJSON, or a folder.", exists=True),
    ],
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decompose and price the same orders under two catalogs: what is added, removed, changed.

    Exit code 0 when nothing differs, 1 when something does, 2 when it cannot be told: a catalog has errors, or a
    file cannot be read.
    """
    try:
        catalogs = loaded([before]), loaded([after])
        sent = orders_in(orders)
    except CommandFailed as failed:
        raise CommandFailed(str(failed), EXIT_USAGE) from None
    instant = instant_of(at)
    found = [
        (order.name, differences) for order in sent if (differences := _compared(catalogs, order, instant))
    ]
    if as_json:
        print_json(
            {
                "orders": len(sent),
                "differing": len(found),
                "differences": [{"order": name, "differences": each} for name, each in found],
            }
        )
    else:
        for name, differences in found:
            typer.echo(name)
            for each in differences:
                typer.echo(f"  {each}")
        typer.echo(f"{len(found)} of {len(sent)} order(s) differ")
    if found:
        raise typer.Exit(EXIT_FAILED)


def tried(catalog: "Catalog", sent: Sent, at: int) -> "DryRun | list[Violation]":
    """The dry run of an order, or why the catalog does not take it."""
    from actors.document import lines_of
    from actors.situation import surroundings
    from catalog.refusals import CatalogRefusal
    from catalog.store import Catalogs
    from catalog.trial.dry_run import TrialLine, dry_run
    from gateway.auth import Principal
    from gateway.door import Door
    from gateway.tmf.shapes import PRODUCT, SERVICE
    from gateway.unnamed_lines import InstalledUnread
    from gateway.violations import BadRequest, Violation

    class Published:
        catalogs = Catalogs(catalog)

    shape = SERVICE if sent.is_service_order else PRODUCT
    door = Door(Published(), lambda: at, shape)
    try:
        checked = door.check(sent.order, Principal("catalog", "catalog"))
    except BadRequest as refused:
        return list(refused.violations)
    except InstalledUnread as unread:
        reason = "nothing is installed where a catalog is tried: name the offering or specification beside it"
        code = f"unknown-{shape.subject}"
        return [Violation("", code, f"{product[:64]}: {reason}") for product in unread.products]
    start = checked.form.requested_start_date
    begins = at if isinstance(start, msgspec.UnsetType) else max(at, int(start.timestamp() * 1000))
    # Places, intents and what rules read of the order are read as growing reads them.
    requests, about = surroundings(checked.document, TRIED)
    lines = [
        TrialLine(requests[line.request.line], line.parent, line.needs) for line in lines_of(checked.document)
    ]
    try:
        return dry_run(catalog, lines, at, begins, about=about)
    except CatalogRefusal as refused:
        return [Violation("", refused.code, refused.message)]


def _compared(catalogs: "tuple[Catalog, Catalog]", sent: Sent, at: int) -> "list[Difference]":
    from catalog.trial.comparing import Difference, compared
    from catalog.trial.dry_run import DryRun

    before, after = (tried(catalog, sent, at) for catalog in catalogs)
    if isinstance(before, DryRun) and isinstance(after, DryRun):
        return list(compared(before, after))
    told = [_acceptance(result) for result in (before, after)]
    return [Difference("changed", "order", "acceptance", *told)] if told[0] != told[1] else []


def _acceptance(result: "DryRun | list[Violation]") -> dict[str, Any]:
    if not isinstance(result, list):
        return {"accepted": True}
    return {"accepted": False, "violations": [f"{each.pointer}: {each.code}" for each in result]}


def instant_of(text: str | None) -> int:
    """The instant of `--at`, in ms since 1970 UTC; now without it.

    :raises CommandFailed: it names none.
    """
    from datetime import datetime

    from gateway.wall_clock import now_ms

    if text is None:
        return now_ms()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as problem:
        raise CommandFailed(f"--at: {problem}", EXIT_USAGE) from None
    if at.tzinfo is None:
        raise CommandFailed(f"--at: {text} has no offset, so it names no instant", EXIT_USAGE)
    return round(at.timestamp() * 1000)
