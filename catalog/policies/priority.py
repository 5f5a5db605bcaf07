"""How urgent an order is: sum(rank * weight) / sum(weight) over the catalog's factors, line by line.

Bands are Critical from 80, High from 60, Medium from 40, Low below; a priority is rounded down, so that number and band
never disagree. TMF622's priority 0 (highest) to 4 comes in as the urgency factor and goes out as the band.
"""

import msgspec

from catalog.model import Catalog
from catalog.policies.conditions import verdict
from catalog.policies.facts import LineFacts, OrderFacts
from catalog.policies.model import BANDS, PriorityPolicy

MEDIUM_UPPER = 50
"""From here on a Medium order goes out as TMF priority 2, below it as 3."""
DEFAULT_LANE = "default"


class Ranking(msgspec.Struct, frozen=True):
    """An order's priority (0 to 100), that of each of its lines in their order, and the lane it travels on."""

    priority: int
    lines: tuple[int, ...]
    lane: str


def ranking(catalog: Catalog, order: OrderFacts) -> Ranking | None:
    """How urgent the order is; None where the catalog has no priority policy."""
    policy = catalog.policies.priority if catalog.policies is not None else None
    if policy is None:
        return None
    lines = tuple([_priority(policy, line, order) for line in order.lines])
    priority = max(lines, default=0)
    return Ranking(priority, lines, _lane(policy, priority, order))


def band_of(priority: int) -> str:
    """The band of a priority."""
    return next(band for band, lowest in BANDS if priority >= lowest)


def tmf_priority(priority: int) -> str:
    """A priority in the words of TMF622: 0 (highest) to 4."""
    band = band_of(priority)
    if band == "Medium":
        return "2" if priority >= MEDIUM_UPPER else "3"
    return {"Critical": "0", "High": "1", "Low": "4"}[band]


def _priority(policy: PriorityPolicy, line: LineFacts, order: OrderFacts) -> int:
    total = weights = 0
    for factor in policy.factors:
        rank, weight = factor.rank, factor.weight
        for row in factor.rows:
            if verdict(row.conditions, line, order) is True:
                rank = row.rank
                weight = factor.weight if row.weight is None else row.weight
                break
        total += rank * weight
        weights += weight
    return total // weights if weights else 0


def _lane(policy: PriorityPolicy, priority: int, order: OrderFacts) -> str:
    """The first lane whose bands and conditions fit; conditions hold if they do for any line."""
    band = band_of(priority)
    for lane in policy.lanes:
        if (not lane.bands or band in lane.bands) and any(
            verdict(lane.conditions, line, order) is True for line in order.lines
        ):
            return lane.name
    return DEFAULT_LANE
