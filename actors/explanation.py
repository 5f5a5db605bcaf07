"""Why an order has the domain orders it has, and why it has no others: line by line, from what is known now.

Computed when somebody asks, from the catalog version of the order: nothing of it is stored.
"""

import msgspec

from actors.inside import Grow
from actors.situation import situated
from actors.structure import OrderGroup
from catalog.decompose import explain
from catalog.graph.explaining import Explained, explained
from catalog.graph.nodes import SHARED
from catalog.graph.results import Drift, Unchanged
from catalog.graph.settling import Order
from catalog.lines import Reason
from catalog.model import Catalog


class LineExplanation(msgspec.Struct, frozen=True):
    """What is to be said of one line; ``line`` is "" for what lines share."""

    line: str
    sentence: str
    """Why there is nothing to say yet; empty where there is."""
    reasons: tuple[Reason, ...] = ()
    drift: tuple[Drift, ...] = ()
    """Where what is installed is not what today's catalog would make of it: told, never applied unasked."""
    unchanged: tuple[Unchanged, ...] = ()
    """What is installed and stays as it is."""
    findings: tuple[str, ...] = ()
    """What was found incompatible once its work was done, and why it stands all the same where somebody decided so."""


def explanation(group: OrderGroup, catalog: Catalog) -> tuple[LineExplanation, ...]:
    """For each line, in document order, and last for what they share."""
    situation = situated(group, Grow(()))
    graph = group.decomposition.graph
    ruled = [line for line in graph.lines if line] if graph is not None else []
    whole = Explained({}, (), ())
    if graph is not None:
        requests = {line: situation.requests[line] for line in ruled}
        pictures = tuple(each.picture for each in situation.shared.values() if each.picture is not None)
        order = Order(catalog, requests, graph.facts, graph.asked, pictures, situation.about, situation.at_ms)
        whole = explained(order, ruled)
    found = []
    for line in group.lines.values():
        if line.id in whole.reasons:
            found.append(
                LineExplanation(
                    line.id,
                    "",
                    whole.reasons[line.id],
                    tuple(each for each in whole.drift if line.id in each.line.split(",")),
                    tuple(each for each in whole.unchanged if line.id in each.line.split(",")),
                )
            )
        elif line.decomposed:
            found.append(LineExplanation(line.id, "", explain(catalog, situation.requests[line.id])))
        else:
            sentence = f"line {line.id} is {line.state} and not decomposed yet: see what it waits for"
            found.append(LineExplanation(line.id, sentence))
    together = whole.reasons.get(SHARED, ())
    if together:
        found.append(LineExplanation(SHARED, "", together))
    return tuple([msgspec.structs.replace(each, findings=_findings(group, each.line)) for each in found])


def _findings(group: OrderGroup, line: str) -> tuple[str, ...]:
    kept = group.compatibility
    if kept is None:
        return ()
    stands = f"; it stands all the same: {kept.accepted[line] or 'accepted'}" if line in kept.accepted else ""
    found = [f"{each.sentence}{stands}" for each in kept.findings.values() if each.line == line]
    why = group.review.overrides if group.review is not None else {}
    found += [
        f"{each.sentence}; it was approved all the same: {why.get(each.id, '')}"
        for each in kept.overridden.values()
        if each.line == line
    ]
    return tuple(found)
