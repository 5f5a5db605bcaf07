"""Which tasks people must do before an order can be approved: the enrichment table, evaluated on an order's lines.

A row that is undetermined asks for nothing yet: the value it misses may come, and then it is evaluated again. One that
cannot be evaluated asks for its task, with the reason: in doubt a person looks.
"""

import msgspec

from catalog.model import Catalog
from catalog.policies.conditions import verdict
from catalog.policies.facts import OrderFacts
from catalog.policies.model import EnrichmentRule
from catalog.rules.outcome import Error


class WantedTask(msgspec.Struct, frozen=True):
    """A task that a row asks for: on these lines, to fill in what they lack of ``rule.fills``."""

    rule: EnrichmentRule
    lines: tuple[str, ...]
    missing: tuple[str, ...]
    """What any of the lines still lacks; empty for a task that only asks somebody to look."""
    reason: str = ""


def wanted_tasks(catalog: Catalog, order: OrderFacts) -> tuple[WantedTask, ...]:
    """The tasks an order needs as it stands, row by row, then line by line."""
    policies = catalog.policies
    if policies is None:
        return ()
    found: list[WantedTask] = []
    for rule in policies.enrichment:
        held: list[tuple[str, tuple[str, ...], str]] = []
        for line in order.lines:
            outcome = verdict(rule.conditions, line, order)
            if outcome is not True and type(outcome) is not Error:
                continue
            missing = tuple(field for field in rule.fills if not line.knows(field))
            if rule.fills and not missing:
                continue
            held.append((line.line, missing, outcome.sentence if isinstance(outcome, Error) else ""))
        if rule.together and held:
            lines = tuple(line for line, _, _ in held)
            lacking = {field for _, missing, _ in held for field in missing}
            reason = next((why for _, _, why in held if why), "")
            ordered = tuple(field for field in rule.fills if field in lacking)
            found.append(WantedTask(rule, lines, ordered, reason))
        else:
            found += [WantedTask(rule, (line,), missing, why) for line, missing, why in held]
    return tuple(found)
