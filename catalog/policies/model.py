"""Policies as values: decision tables for enrichment, approval and priority, as one catalog version states them.

A table is a list of rows; a row holds for an order line when all its conditions do. Names follow the YAML, in snake
case. Durations are milliseconds of elapsed time; 0 = none.
"""

from typing import Literal

import msgspec

Reaction = Literal["remind", "escalate", "ask", "reject"]
"""What happens when a deadline passes: say so again, pass it up, ask the requester, refuse the order."""
Approvers = Literal["auto", "one", "two"]
Above = Literal["downgrade", "refuse"]

REACTIONS: tuple[Reaction, ...] = ("remind", "escalate", "ask", "reject")
APPROVERS: tuple[Approvers, ...] = ("auto", "one", "two")
ABOVE: tuple[Above, ...] = ("downgrade", "refuse")
LANES: tuple[str, ...] = ("high", "default", "bulk")
BANDS: tuple[tuple[str, int], ...] = (("Critical", 80), ("High", 60), ("Medium", 40), ("Low", 0))
"""Band and the lowest priority in it, of 0 to 100."""
CLAIM_LASTS_MS = 4 * 3_600_000
FACTORS: tuple[str, ...] = ("customer", "specification", "action", "urgency")
URGENCY_RANKS: tuple[int, ...] = (100, 75, 50, 25, 0)
"""The rank of TMF622's priority 0 (highest) to 4, where the catalog states none of its own."""
URGENCY_ABSENT = 4


class Conditions(msgspec.Struct, frozen=True, rename="camel"):
    """When a row holds: all columns that are not empty, each with any of its values, and ``when``, a CEL expression.

    ``place`` names ids of places of the line, ``customer`` ids of the party the order belongs to, ``urgency`` TMF's
    priority 0 to 4.
    """

    offering: tuple[str, ...] = ()
    specification: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    urgency: tuple[int, ...] = ()
    when: str = ""


class WorkRule(msgspec.Struct, frozen=True, rename="camel"):
    """How people are given work: to which group, until when, and what happens if nobody does it.

    Work that nobody claims within ``claim_within`` goes up to the next group of ``escalate_to``; a claim lapses after
    ``claim_lasts``; when ``deadline`` passes, ``overdue`` says what is done.
    """

    group: str
    deadline: int = 0
    overdue: Reaction = "escalate"
    escalate_to: tuple[str, ...] = ()
    claim_within: int = 0
    claim_lasts: int = CLAIM_LASTS_MS


class EnrichmentRule(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the enrichment table: lines it holds for need a person's task, unless all it ``fills`` is known.

    ``together``: one task for all lines it holds for, instead of one for each.
    """

    id: str
    name: str
    conditions: Conditions
    work: WorkRule
    fills: tuple[str, ...] = ()
    together: bool = False
    description: str = ""


class ApprovalRule(msgspec.Struct, frozen=True, rename="camel"):
    """A row of the approval table: an order with a line it holds for needs this approval.

    ``auto`` needs nobody and keeps the rows behind it from asking: it is how exceptions are written. An order returned
    for rework goes to ``return_to``, or else to the approvers' own group.
    """

    id: str
    name: str
    conditions: Conditions
    approvers: Approvers
    work: WorkRule | None = None
    return_to: str = ""
    description: str = ""


class RankRow(msgspec.Struct, frozen=True, rename="camel"):
    """A row of a priority factor: the first that holds gives the rank (0 to 100) and may give its own weight."""

    conditions: Conditions
    rank: int
    weight: int | None = None


class PriorityFactor(msgspec.Struct, frozen=True, rename="camel"):
    """One of :data:`FACTORS`: its weight (0 to 100) and ranks; ``rank`` is taken when no row holds."""

    name: str
    weight: int
    rank: int = 0
    rows: tuple[RankRow, ...] = ()


class LaneRule(msgspec.Struct, frozen=True, rename="camel"):
    """Which orders travel on a lane: those in one of its bands for which its conditions hold.

    ``cap_per_hour``: how many orders of one client may enter it in an hour (0: any number); ``above`` says what becomes
    of one more, by client or for all others under ``*``.
    """

    name: str
    bands: tuple[str, ...] = ()
    conditions: Conditions = Conditions()
    cap_per_hour: int = 0
    above: dict[str, Above] = {}


class PriorityPolicy(msgspec.Struct, frozen=True, rename="camel"):
    """How urgent a line is: sum(rank * weight) / sum(weight) over the factors. An order is as urgent as its lines."""

    factors: tuple[PriorityFactor, ...] = ()
    lanes: tuple[LaneRule, ...] = ()


class Policies(msgspec.Struct, frozen=True, rename="camel"):
    """All policies of one catalog version; rows in the order in which they were written."""

    enrichment: tuple[EnrichmentRule, ...] = ()
    approval: tuple[ApprovalRule, ...] = ()
    priority: PriorityPolicy | None = None
    compatibility: WorkRule | None = None
    """Who decides on an order with compatibility findings that no row of the approval table asks about."""
