"""How `orderloom order explain` shows why an order has the domain orders it has."""

from typing import Any

_MARKS = {"created": "+", "unchanged": "=", "notCreated": "-", "waits": "?", "failed": "!"}
_STYLES = {"created": "green", "waits": "yellow", "failed": "red"}


def print_explanation(found: dict[str, Any]) -> None:
    """Line by line, a mark for each outcome: + created, = stays as it is, - not created, ? waits, ! failed."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"order {found['id']}  {found['state']}  catalog {found['catalog']}", style="bold", markup=False
    )
    for line in found["lines"]:
        console.print(f"line {line['line']}" if line["line"] else "shared", style="bold", markup=False)
        if line["sentence"]:
            console.print(f"  {line['sentence']}", markup=False)
        for reason in line["reasons"]:
            outcome = reason["outcome"] or ("created" if reason["created"] else "notCreated")
            console.print(
                f"  {_MARKS[outcome]} {reason['sentence']}", style=_STYLES.get(outcome, ""), markup=False
            )
            for text in (_inputs(reason), _made(reason)):
                if text:
                    console.print(f"      {text}", style="dim", markup=False)
        for drift in line["drift"]:
            console.print(f"  ~ {_drift(drift)}", style="cyan", markup=False)
        for finding in line["findings"]:
            console.print(f"  ! {finding}", style="red", markup=False)


def _inputs(reason: dict[str, Any]) -> str:
    known = [f"{name} = {value!r}" for name, value in reason["inputs"].items()]
    missing = [f"{name} is missing" for name in reason["missing"]]
    return ", ".join([*known, *missing])


def _made(reason: dict[str, Any]) -> str:
    keys = reason["domainOrders"]
    shown = ", ".join(keys[:8]) + (f" and {len(keys) - 8} more" if len(keys) > 8 else "")
    return f"domain orders {shown}" if keys else ""


def _drift(drift: dict[str, Any]) -> str:
    if drift["difference"] == "values":
        return f"{drift['path']}: installed is {drift['installed']!r}, today it would be {drift['wanted']!r}"
    if drift["difference"] == "missing":
        return f"{drift['path']}: today's catalog would create it"
    return f"{drift['path']}: today's catalog would not create it"
