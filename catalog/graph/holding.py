"""What waits at a node of the graph, or cannot be decided there: who gives it, and until when."""

from catalog.graph.nodes import Node, Part
from catalog.graph.results import RULE_FAILED, UNKNOWN_VALUE
from catalog.lines import Awaited, HeldBack
from catalog.rules.outcome import Error, Undetermined
from catalog.rules.rule import Wait


def held_back(
    part: Part,
    key: str,
    node: Node,
    target: str,
    relationship: str,
    rule: str,
    text: str,
    outcome: Undetermined | Error,
    waits: list[tuple[str, Wait]],
    *,
    code: str = "",
    sentence: str = "",
    awaits: Awaited | None = None,
) -> HeldBack:
    """What waits at a node, or cannot be decided there."""
    if isinstance(outcome, Error):
        missing: tuple[str, ...] = ()
        code = code or RULE_FAILED
        sentence = sentence or (
            f"{node.path} {relationship} {target}: rule {rule} cannot be evaluated: {outcome.sentence}"
            if code == RULE_FAILED
            else f"{node.path} {relationship} {target}: {outcome.sentence}"
        )
        awaits = awaits or "operator"
    else:
        missing = tuple(sorted(outcome.missing))
        code = code or UNKNOWN_VALUE
        sentence = sentence or (
            f"{node.path} {relationship} {target} waits by rule {rule} for {', '.join(missing)}"
        )
        awaits = awaits or "requester"
    due = min(waits, key=lambda each: each[1].deadline_ms, default=None)
    wait = due[1] if due is not None else None
    return HeldBack(
        key,
        node.domain_order() or part.line,
        node.path,
        relationship,
        target,
        rule,
        text,
        missing,
        code,
        sentence,
        awaits,
        "",
        wait.deadline_ms if wait is not None else 0,
        wait.reaction if wait is not None else "",
        [due[0], due[1].default] if due is not None and due[1].reaction == "default" else None,
        wait.group if wait is not None else "",
        wait.escalate_to if wait is not None else (),
    )


def together(outcomes: list[Undetermined]) -> Undetermined:
    """What several rules lack."""
    return Undetermined(tuple(dict.fromkeys(path for each in outcomes for path in each.missing)))
