"""The state pages under ``docs/states``, printed from the tables: diagrams, transitions, acceptance, roll-up.

``python -m actors.diagrams docs/states`` writes them; a test holds pages and tables together.
"""

from collections.abc import Iterator

from actors.acceptance import ACCEPTANCES, Acceptance, Rule
from actors.rollup import roll_up
from actors.states import FINAL, MACHINES, Machine, S, State

COMMAND = "python -m actors.diagrams docs/states"
"""What writes the pages anew."""
_NOTE = f"<!-- Printed from the tables in actors/ by `{COMMAND}`; edit those, not this. -->"

_ROLL_UPS: tuple[tuple[str, dict[State, int], bool], ...] = (
    ("nothing that counts", {}, True),
    ("none ever started", {S.ACKNOWLEDGED: 2}, True),
    ("one in progress, whatever the others", {S.IN_PROGRESS: 1, S.HELD: 1, S.PENDING: 1, S.FAILED: 1}, True),
    ("some completed, one can still move", {S.COMPLETED: 1, S.ACKNOWLEDGED: 1, S.HELD: 1}, True),
    ("none can move, one waits for the requester", {S.PENDING: 1, S.HELD: 1, S.ACKNOWLEDGED: 1}, False),
    (
        "none can move, the rest final or behind a held one",
        {S.HELD: 1, S.COMPLETED: 1, S.ACKNOWLEDGED: 1},
        False,
    ),
    ("all completed", {S.COMPLETED: 2}, True),
    ("all cancelled", {S.CANCELLED: 2}, True),
    ("all failed", {S.FAILED: 2}, True),
    ("failed and cancelled", {S.FAILED: 1, S.CANCELLED: 1}, True),
    ("completed and failed", {S.COMPLETED: 1, S.FAILED: 1}, True),
    ("completed and dropped or given up", {S.COMPLETED: 1, S.CANCELLED: 1}, True),
    ("all refused before any work", {S.REJECTED: 2}, True),
    ("completed and refused", {S.COMPLETED: 1, S.REJECTED: 1}, True),
    ("one partial", {S.COMPLETED: 1, S.PARTIAL: 1}, True),
)


def pages() -> dict[str, str]:
    """Every page by file name."""
    accepting = {acceptance.machine.name: acceptance for acceptance in ACCEPTANCES}
    found = {f"{_slug(machine)}.md": page(machine, accepting.get(machine.name)) for machine in MACHINES}
    return {"README.md": index(), **found, "roll-up.md": roll_ups()}


def index() -> str:
    """The page that leads to the others."""
    lines = [_NOTE, "# States", "", "What may become what, one page per kind:", ""]
    lines += [f"- [{machine.name}]({_slug(machine)}.md): {machine.source}" for machine in MACHINES]
    lines += ["- [Roll-up](roll-up.md): how the states of children become the state of their parent", ""]
    lines += [
        "Solid arrows are TM Forum's (a task's are ours), dotted ones extensions, each with its reason.",
        "A permanent failure is `held`; `failed` and `partial` are final and come only from an explicit decision.",
    ]
    return "\n".join(lines) + "\n"


def page(machine: Machine, acceptance: Acceptance | None) -> str:
    """One kind's diagram, transitions and, where it takes messages, what it takes when."""
    parts = [
        f"{_NOTE}\n# {machine.name}\n\nSource: {machine.source}.",
        diagram(machine),
        transitions(machine),
    ]
    if acceptance is not None:
        parts += [messages(acceptance), refusals(acceptance)]
    else:
        parts.append("No message reaches it: [roll-up](roll-up.md) alone moves it, along these arcs.")
    return "\n\n".join(parts) + "\n"


def diagram(machine: Machine) -> str:
    """The machine as a Mermaid flowchart: its state diagrams cannot draw dotted arrows."""
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    begin(( )) --> {state}" for state in machine.initial]
    for state in machine.states:
        lines.append(f"    {state}([{state}])" if state in FINAL else f"    {state}[{state}]")
    lines += [f"    {before} --> {after}" for before, after in _arcs(machine.arcs)]
    lines += [f"    {before} -.-> {after}" for before, after in _arcs(machine.extensions)]
    return "\n".join([*lines, "```"])


def transitions(machine: Machine) -> str:
    """Every arc with its reason."""
    lines = ["## Transitions", "", "| from | to | when | extension |", "| --- | --- | --- | --- |"]
    for arcs, extension in ((machine.arcs, ""), (machine.extensions, "yes")):
        lines += [f"| {b} | {a} | {arcs[b, a]} | {extension} |" for b, a in _arcs(arcs)]
    lines += ["", f"Final: {', '.join(machine.final)}."]
    return "\n".join(lines)


def messages(acceptance: Acceptance) -> str:
    """Which message is decided in which state; elsewhere the code of its refusal."""
    states = acceptance.machine.states
    head = [
        "## Messages",
        "",
        acceptance.note,
        "",
        f"| message | {' | '.join(states)} |",
        f"| --- |{' --- |' * len(states)}",
    ]
    rows = [
        f"| {kind.__name__} | {' | '.join(_cell(rule, state) for state in states)} |"
        for kind, rule in acceptance.rules.items()
    ]
    return "\n".join([*head, *rows])


def refusals(acceptance: Acceptance) -> str:
    """The sentences behind the codes."""
    lines = ["| answer | what it says |", "| --- | --- |"]
    sentences = dict.fromkeys(
        (refusal.code, refusal.sentence)
        for rule in acceptance.rules.values()
        for refusal in (rule.otherwise, rule.ended)
        if f"`{refusal.code}`" in {_cell(rule, state) for state in acceptance.machine.states}
    )
    lines += [f"| `{code}` | {sentence} |" for code, sentence in sentences]
    because = dict.fromkeys(rule.because for rule in acceptance.rules.values() if rule.because)
    lines += [f"| no change | {why} |" for why in because]
    return "\n".join(lines)


def roll_ups() -> str:
    """How children's states become their parent's, by the function that decides it."""
    lines = [
        _NOTE,
        "# Roll-up",
        "",
        "From task to domain order, from domain order (and nested item) to line, from line to order. The parent walks",
        "legal arcs only, each with its event; where several are needed, it walks them all in one commit.",
        "",
        "| children | for example | parent |",
        "| --- | --- | --- |",
    ]
    for words, children, movable in _ROLL_UPS:
        started = bool(children.keys() - {S.ACKNOWLEDGED, S.REJECTED})
        after = roll_up(children, started=started, movable=movable, wished=False)
        lines.append(f"| {words} | {', '.join(children) or 'none'} | {after} |")
    return "\n".join(lines) + "\n"


def _cell(rule: Rule, state: State) -> str:
    if state in rule.accepted:
        return "decided"
    if state in rule.harmless:
        return "no change"
    return f"`{(rule.ended if state in FINAL else rule.otherwise).code}`"


def _arcs(arcs: dict[tuple[State, State], str]) -> Iterator[tuple[State, State]]:
    order = list(State)
    yield from sorted(arcs, key=lambda arc: (order.index(arc[0]), order.index(arc[1])))


def _slug(machine: Machine) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in machine.name).lstrip(
        "-"
    )


if __name__ == "__main__":
    import sys
    from pathlib import Path

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
