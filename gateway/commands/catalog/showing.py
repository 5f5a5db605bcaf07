"""A dry run for people, as text, and for programs, as JSON."""

from typing import Any

import msgspec

from catalog.trial.dry_run import DryRun
from catalog.validity import instant_text
from gateway.tmf.order_prices import price_view


def dry_run_json(run: DryRun) -> dict[str, Any]:
    """The run with dates as text, and prices in TM Forum's words."""
    shown: dict[str, Any] = msgspec.to_builtins(run)
    shown["start"], shown["end"] = instant_text(run.start), instant_text(run.end)
    for each in (*shown["lines"], *shown["tasks"]):
        each["start"], each["end"] = instant_text(each["start"]), instant_text(each["end"])
    shown["price"] = price_view(run.price)
    return shown


def dry_run_text(run: DryRun) -> str:
    """Graph, plan, price, and what waits, in a page."""
    lines = [f"catalog {run.catalog}: from {instant_text(run.start)} to {instant_text(run.end)}"]
    lines += _graph(run)
    lines.append("plan:" if run.tasks else "plan: nothing to do")
    for task in sorted(run.tasks, key=lambda each: (each.start, each.end)):
        mark = ", point of no return" if task.point_of_no_return else ""
        lines.append(
            f"  {instant_text(task.start)} .. {instant_text(task.end)}  {task.key} {task.name} @ {task.target}{mark}"
        )
    lines += _price(run)
    for line in run.lines:
        for held in line.held_back:
            lines.append(f"held back: line {line.line}: {held.sentence}")
    return "\n".join(lines)


def _graph(run: DryRun) -> list[str]:
    lines = []
    for line in run.lines:
        lines.append(f"line {line.line}: {line.action}")
        for order in run.domain_orders:
            if line.line in order.referrers:
                indent = "  " * (2 + order.path.count("/"))
                shared = f", shared by {', '.join(order.referrers)}" if order.sharing_key else ""
                values = ", ".join(
                    f"{name}: {msgspec.json.encode(value).decode()}"
                    for name, value in order.characteristics.items()
                )
                lines.append(
                    f"{indent[2:]}{order.key} {order.action} {order.kind} {order.specification}{shared}"
                )
                if values:
                    lines.append(f"{indent}  {values}")
    return lines


def _price(run: DryRun) -> list[str]:
    lines = []
    for line in run.price.lines:
        for charge in line.charges:
            amount = charge.charged.told
            period = f" for {charge.period_length} {charge.period_type}" if charge.period_type else ""
            lines.append(
                f"  line {line.line}: {charge.price}: {amount} {charge.currency} {charge.price_type}{period}"
            )
        for open_ in line.undetermined:
            lines.append(f"  line {line.line}: {open_.price}: depends on {', '.join(open_.missing)}")
    for total in run.price.totals:
        net, gross = total.charged.duty_free, total.charged.tax_included
        sides = [
            f"{net} without tax" if net is not None else "",
            f"{gross} with tax" if gross is not None else "",
        ]
        period = f" for {total.period_length} {total.period_type}" if total.period_type else ""
        told = ", ".join(each for each in sides if each) or "not known"
        lines.append(f"  total {total.price_type}{period}: {told} {total.currency}")
    return ["price:", *lines] if lines else ["price: none"]
