"""Tasks that join a running plan, and results that bring values: what the orchestration does for lines with rules."""

from actors.behaviour import Decision
from actors.events import TaskCompleted
from actors.events_of_graph import NeedsJoined, NeedsLeft, TasksJoined
from actors.inside import DECOMPOSITION, ORCHESTRATION, Brought, Go, Grow, Join
from actors.plan import Orchestration, Outlook, line_of
from actors.states import S


def join(state: Orchestration, message: Join, now: int) -> Decision:
    """New tasks join, and what has not begun waits for them where it must; what may start, starts after that."""
    decision = Decision(inside=[(ORCHESTRATION, Go(message.lines))])
    new = tuple(task for task in message.tasks if task.key not in state.tasks)
    if new:
        gives = {task.key: message.gives[task.key] for task in new if task.key in message.gives}
        decision.events.append(TasksJoined(new, gives))
    known = state.tasks.keys() | {task.key for task in new}
    for task in message.tasks:
        planned = state.tasks.get(task.key)
        if planned is None or planned.state is not S.ACKNOWLEDGED:
            continue
        more = tuple(need for need in task.needs if need not in planned.needs and need in known)
        if more:
            decision.events.append(NeedsJoined(task.key, more))
    wanted = {task.key: task.needs for task in message.tasks}
    for key, needs in _left(state).items():
        less = tuple(need for need in needs if need not in wanted.get(key, ()))
        if less:
            decision.events.append(NeedsLeft(key, less))
    return decision


def _left(state: Orchestration) -> dict[str, list[str]]:
    """What tasks that have not begun need of shared services to which none of their lines refers any more."""
    found: dict[str, list[str]] = {}
    for owner, lines in state.shared.items():
        for need in state.work.get("", {}).get(owner, ()):
            for key in state.tasks[need].feeds:
                task = state.tasks[key]
                own = line_of(task.domain_order)
                its = (own,) if own else state.shared.get(task.domain_order, ())
                if task.state is S.ACKNOWLEDGED and set(its).isdisjoint(lines):
                    found.setdefault(key, []).append(need)
    return found


def free(outlook: Outlook, message: Go) -> list[str]:
    """What may start in these lines now; what can never start, because what it needs ended otherwise, is dropped."""
    state = outlook.state
    ready: list[str] = []
    for line in message.lines:
        if state.troubled:
            outlook.touched.update(dict.fromkeys(state.work.get(line, ())))
        for key in outlook.of_line(line):
            task = state.tasks[key]
            if task.state is not S.ACKNOWLEDGED:
                continue
            if any(state.tasks[need].state in (S.FAILED, S.CANCELLED) for need in task.needs):
                if outlook.standing(key) is S.ACKNOWLEDGED:
                    outlook.drop([key])
                    outlook.drop_behind(task)
            elif outlook.is_free(key):
                ready.append(key)
    return outlook.startable(ready)


def brings(decision: Decision, outlook: Outlook) -> None:
    """Tell the decomposition which values results brought, and which will not come any more."""
    state = outlook.state
    values: dict[str, dict[str, object]] = {}
    lost: dict[str, None] = {}
    for event in outlook.events:
        if isinstance(event, TaskCompleted) and event.task in state.gives:
            owner = state.tasks[event.task].domain_order
            for output, name in state.gives[event.task]:
                if event.output.get(output) is not None:
                    values.setdefault(owner, {})[name] = event.output[output]
                else:
                    lost[owner] = None
    for key, after in outlook.moved.items():
        if key in state.gives and after in (S.FAILED, S.CANCELLED):
            lost[state.tasks[key].domain_order] = None
    if values:
        decision.inside.append((DECOMPOSITION, Brought(values)))
    lines = dict.fromkeys(
        line
        for owner in lost
        for line in ((line_of(owner),) if line_of(owner) else state.shared.get(owner, ()))
    )
    if lines:
        decision.inside.append((DECOMPOSITION, Grow(tuple(lines))))
