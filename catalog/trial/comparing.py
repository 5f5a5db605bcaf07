"""What another catalog version makes of the same order: what is added, removed, changed."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from catalog.commerce.charges import OrderPrice
from catalog.trial.dry_run import DryRun, TrialOrder

Change = Literal["added", "removed", "changed"]


class Difference(msgspec.Struct, frozen=True, rename="camel"):
    """One difference: `what` it is about (line, domainOrder, task, price or order), and its name there.

    Of what changed, `before` and `after` hold what differs only.
    """

    change: Change
    what: str
    name: str
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}

    def __str__(self) -> str:
        if self.change != "changed":
            return f"{self.change} {self.what} {self.name}"
        parts = [
            f"{name}: {_told(self.before.get(name))} -> {_told(self.after.get(name))}"
            for name in dict.fromkeys((*self.before, *self.after))
        ]
        return f"changed {self.what} {self.name}: {'; '.join(parts)}"


def compared(before: DryRun, after: DryRun) -> tuple[Difference, ...]:
    """How the second run differs from the first; dates are compared as durations of the whole."""
    return (
        *_differences("line", _lines(before), _lines(after)),
        *_differences("domainOrder", _orders(before), _orders(after)),
        *_differences("task", _tasks(before), _tasks(after)),
        *_differences("price", _prices(before.price), _prices(after.price)),
        *_differences(
            "order",
            {"plan": {"durationMs": before.end - before.start}},
            {"plan": {"durationMs": after.end - after.start}},
        ),
    )


def _differences(
    what: str, before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> Iterable[Difference]:
    for name in dict.fromkeys((*before, *after)):
        one, other = before.get(name), after.get(name)
        if one is None:
            yield Difference("added", what, name)
        elif other is None:
            yield Difference("removed", what, name)
        elif one != other:
            differing = [each for each in dict.fromkeys((*one, *other)) if one.get(each) != other.get(each)]
            yield Difference(
                "changed",
                what,
                name,
                {each: one[each] for each in differing if each in one},
                {each: other[each] for each in differing if each in other},
            )


def _orders(run: DryRun) -> dict[str, dict[str, Any]]:
    """Domain orders by line and path."""
    return {
        _name(order): {
            "action": order.action,
            "relationship": order.relationship,
            "characteristics": order.characteristics,
            "referrers": sorted(order.referrers),
        }
        for order in run.domain_orders
    }


def _tasks(run: DryRun) -> dict[str, dict[str, Any]]:
    """Tasks by their domain order and name."""
    orders = {order.key: _name(order) for order in run.domain_orders}
    names = {task.key: f"{orders[task.domain_order]}: {task.name}" for task in run.tasks}
    return {
        names[task.key]: {
            "target": task.target,
            "durationMs": task.end - task.start,
            "timeoutMs": task.timeout_ms,
            "pointOfNoReturn": task.point_of_no_return,
            "needs": sorted(names[need] for need in task.needs if need in names),
        }
        for task in run.tasks
    }


def _name(order: TrialOrder) -> str:
    return order.path if order.sharing_key else f"{order.referrers[0]}: {order.path}"


def _lines(run: DryRun) -> dict[str, dict[str, Any]]:
    return {
        line.line: {
            "heldBack": [
                {"path": held.path, "target": held.target, "code": held.code, "missing": list(held.missing)}
                for held in line.held_back
            ]
        }
        for line in run.lines
    }


def _prices(price: OrderPrice) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for line in price.lines:
        for charge in line.charges:
            found[f"{line.line}: {charge.price}"] = {
                "type": charge.price_type,
                "dutyFree": _text(charge.charged.duty_free),
                "taxIncluded": _text(charge.charged.tax_included),
                "currency": charge.currency,
                "period": f"{charge.period_length} {charge.period_type}" if charge.period_type else None,
                "regular": _text(charge.regular.told),
            }
        for open_ in line.undetermined:
            found[f"{line.line}: {open_.price}"] = {"missing": list(open_.missing)}
    return found


def _text(amount: Any) -> str | None:
    return None if amount is None else str(amount)


def _told(value: Any) -> str:
    return msgspec.json.encode(value).decode()
