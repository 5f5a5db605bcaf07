"""Costs for the planning model, fitted to measurements: which figure of which file becomes which cost."""

from collections.abc import Iterable
from typing import Any

import msgspec

from benchmarks.planning import Measured
from benchmarks.report import kind_of

PROCESSES = ("host", "gateway", "executor", "server")


def fitted(files: Iterable[dict[str, Any]], before: Measured) -> Measured:
    """The model's costs from figures; what no file tells stays as it was ``before``.

    - saturation: CPU an order, at the highest rate that was kept (batches are largest there);
    - scaling: what a further host costs, from the hosts' CPU an order (least squares through the first point), and
      what an order leaves in Redis, from the growth over the journal's points;
    - memory: bytes of a live order, passivated.
    """
    costs = msgspec.structs.asdict(before)
    for figures in files:
        kind = kind_of(figures)
        if kind == "saturation" and (best := _best(figures)) is not None:
            cpu = best["cpu_us_per_order"]
            costs["cpu_us_per_order"] = {name: cpu[name] for name in PROCESSES}
            costs["shape"] = figures["shape"]
        elif kind == "memory":
            costs["bytes_per_live_order_hosts"] = figures["passivated"]["hosts_bytes_per_order"]
            costs["bytes_per_live_order_server"] = figures["passivated"]["server_bytes_per_order"]
        elif kind == "scaling":
            if (loss := host_loss(figures["hosts"])) is not None:
                costs["host_loss_per_host"] = loss
            if (left := left_by_an_order(figures["journal"])) is not None:
                costs["server_bytes_per_ended_order"] = left
        on = figures.get("machine", {})
        if "measured_at" in figures:
            costs["source"] = f"measured on {on.get('cores', '?')} cores, {str(figures['measured_at'])[:10]}"
    return Measured(**costs)


def host_loss(points: list[dict[str, Any]]) -> float | None:
    """By what share of one host's cost an order becomes dearer with each further host; None with one point or none."""
    cost = {int(each["at"]): float(each["cpu_us_per_order"].get("host", 0)) for each in points}
    if len(cost) < 2 or not (alone := cost[min(cost)]):
        return None
    further = {hosts - min(cost): value / alone - 1 for hosts, value in cost.items()}
    slope = sum(n * value for n, value in further.items()) / sum(n * n for n in further)
    return round(max(0.0, slope), 4)


def left_by_an_order(points: list[dict[str, Any]]) -> float | None:
    """Bytes in Redis for each order that the journal has more; None with one point or none."""
    if len(points) < 2:
        return None
    first, last = points[0], points[-1]
    orders = (last["at"] + last["accepted"]) - (first["at"] + first["accepted"])
    return (
        float(round(max(0.0, (last["server_used"] - first["server_used"]) / orders))) if orders > 0 else None
    )


def _best(figures: dict[str, Any]) -> dict[str, Any] | None:
    kept = [each for each in figures["curve"] if each["kept"]]
    return max(kept, key=lambda each: float(each["offered_per_second"])) if kept else None
