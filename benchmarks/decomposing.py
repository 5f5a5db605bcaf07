"""What decomposition costs: µs of CPU in one process, for the standard orders and for lines that rules decide.

- The standard orders are decomposed line by line, as the decomposition actor does, from requests that were read before.
- A line with rules is decomposed with everything known, and again with half of it missing.
- All of it once more in a catalog of 10,000 specifications, which must not matter.
- Compiling is paid once per catalog version: the first line of a root specification, against the ones after it.
"""

import gc
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from actors.document import lines_of
from benchmarks.shapes import Shape, orders
from catalog.decompose import decompose
from catalog.lines import LineRequest
from catalog.loader import load
from catalog.model import Catalog
from catalog.store import SAMPLES
from gateway.identity import canonical

SPECIFICATIONS: Final = 10_000
ROUNDS: Final = 5
LINES_MEASURED: Final = (500, 1_000, 2_000, 5_000)
"""Lines of the orders by which the cost per line is shown to be flat."""
MANAGED: Final = {"siteCount": 3, "bandwidth": 100, "reporting": "live", "backup": True}
RULED: Final[dict[str, dict[str, Any]]] = {
    "ruled, all known": MANAGED,
    "ruled, one unknown": {name: value for name, value in MANAGED.items() if name != "reporting"},
}


def measured(seconds: float, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """All figures; each is the best of five rounds that together take ``seconds``."""
    say("loading the sample catalog")
    catalog = load([SAMPLES])
    gc.collect()
    gc.freeze()
    figures: dict[str, Any] = {"kind": "decompose"}
    say("standard orders")
    figures["us_per_order"] = {
        shape: _us(lambda lines=lines: _all(catalog, lines), seconds)  # type: ignore[misc]
        for shape in ("mobile", "b6", "triple-play")
        if (lines := _lines(shape))
    }
    say("large orders")
    figures["us_per_line_of_mega"] = {
        str(count): round(_us(lambda lines=lines: _all(catalog, lines), seconds) / count, 3)  # type: ignore[misc]
        for count in LINES_MEASURED
        if (lines := _lines("mega-5000")[:count])
    }
    say("lines with rules")
    figures["us_per_ruled_line"] = _ruled(catalog, seconds)
    figures["us_to_compile"] = _compiling(seconds)
    say(f"a catalog of {SPECIFICATIONS:,} specifications")
    figures["large_catalog"] = _in_a_large_catalog(seconds)
    return figures


def _in_a_large_catalog(seconds: float) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "many.yaml"
        file.write_text(_many(SPECIFICATIONS), encoding="utf-8")
        began = time.process_time()
        catalog = load([SAMPLES, file])
        loading = time.process_time() - began
    gc.collect()
    gc.freeze()
    triple_play = _lines("triple-play")
    return {
        "specifications": len(catalog.specifications),
        "load_cpu_s": round(loading, 2),
        "us_per_order": {"triple-play": _us(lambda: _all(catalog, triple_play), seconds)},
        "us_per_ruled_line": _ruled(catalog, seconds),
    }


def _ruled(catalog: Catalog, seconds: float) -> dict[str, float]:
    found = {}
    for name, values in RULED.items():
        request = LineRequest("1", "add", "managed-wan", characteristics=values)
        domain_orders = len(decompose(catalog, request).domain_orders)
        found[f"{name} ({domain_orders} domain orders)"] = _us(
            lambda request=request: decompose(catalog, request),  # type: ignore[misc]
            seconds,
        )
    return found


def _compiling(seconds: float) -> dict[str, float]:
    """The first line of a root after a catalog was loaded, which compiles, and one after it."""
    request = LineRequest("1", "add", "managed-wan", characteristics=MANAGED)
    first = []
    for _ in range(ROUNDS):
        catalog = load([SAMPLES])
        began = time.process_time()
        decompose(catalog, request)
        first.append(1e6 * (time.process_time() - began))
    return {
        "first": round(min(first), 1),
        "after": _us(lambda: decompose(catalog, request), seconds),
    }


def _lines(shape: Shape) -> list[LineRequest]:
    (order,) = orders(shape, 1, seed=1)
    return [line.request for line in lines_of(canonical(order))]


def _all(catalog: Catalog, lines: list[LineRequest]) -> None:
    for request in lines:
        decompose(catalog, request)


def _us(work: Callable[[], object], seconds: float) -> float:
    """µs of CPU for one call: the best round of several, since others use the machine, too."""
    began = time.process_time()
    work()
    once = max(1e-6, time.process_time() - began)
    calls = max(1, int(seconds / ROUNDS / once))
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(calls):
            work()
        best = min(best, (time.process_time() - began) / calls)
    return round(1e6 * best, 1)


def _many(count: int) -> str:
    """A catalog file of many small products, each with a service and a rule."""
    products, services, offerings = [], [], []
    for number in range(count // 2):
        offerings.append(f"  many-{number}: {{productSpecification: many-{number}}}")
        products.append(
            f"  many-{number}:\n"
            "    characteristics: {speed: {valueType: integer, default: 10}}\n"
            f"    relationships: [{{type: Realized as, target: many-service-{number}, condition: speed > 5}}]"
        )
        services.append(
            f"  many-service-{number}:\n"
            "    characteristics: {speed: {valueType: integer}}\n"
            "    plans: {add: [{name: work, target: somewhere}], delete: [{name: undo, target: somewhere}]}"
        )
    return "\n".join(
        [
            "offerings:",
            *offerings,
            "productSpecifications:",
            *products,
            "serviceSpecifications:",
            *services,
            "",
        ]
    )
