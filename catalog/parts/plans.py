"""Plans from located text: the tasks of each action, and what each waits for."""

from catalog.draft import Draft
from catalog.located import Fields, Findings, Located
from catalog.model import ACTIONS, TaskTemplate

TIMEOUT_DURATIONS = 10
TIMEOUT_MS_MIN = 30_000

_TASK = (
    "name",
    "target",
    "duration",
    "timeout",
    "after",
    "pointOfNoReturn",
    "undoes",
    "leavesNothing",
    "gives",
    "description",
)


def read_plans(draft: Draft, owner: str, what: str, fields: Fields) -> dict[str, tuple[TaskTemplate, ...]]:
    """The plans of a specification by action."""
    plans = {}
    for action, at in fields.entries("plans").items():
        if action not in ACTIONS:
            message = f"{what}: there is no plan for action {action!r}"
            draft.findings.report(at, "unknown-action", message, f"use one of {', '.join(ACTIONS)}")
            continue
        sequential, entries = _plan_entries(draft.findings, f"{what}: plan {action}", at)
        tasks: dict[str, TaskTemplate] = {}
        for entry in entries:
            before = next(reversed(tasks), None) if sequential else None
            task = _task(draft, owner, action, entry, before)
            if task is None:
                continue
            if task.name in tasks:
                message = f"{what}: plan {action} has two tasks {task.name!r}"
                draft.findings.report(entry, "duplicate-task", message, "give one of them another name")
                continue
            draft.places[("task", owner, action, task.name)] = entry
            tasks[task.name] = task
        if tasks:
            plans[action] = tuple(tasks.values())
    return plans


def _plan_entries(findings: Findings, what: str, at: Located) -> tuple[bool, tuple[Located, ...]]:
    """A plan is a list of tasks, one after another, or a mapping that says `sequence` and `tasks`."""
    if isinstance(at.value, list):
        return True, tuple(at.value)
    fields = Fields(findings, at, what, ("sequence", "tasks"))
    sequence = fields.choice("sequence", ("sequential", "parallel"), "sequential", "unknown-sequence")
    return sequence == "sequential", fields.items("tasks")


def _task(draft: Draft, owner: str, action: str, at: Located, before: str | None) -> TaskTemplate | None:
    what = f"{owner}: a task of plan {action}"
    fields = Fields(draft.findings, at, what, _TASK)
    name = fields.required_text("name", "what-it-does")
    target = fields.required_text("target", "the element or system that does it")
    duration_ms = fields.duration("duration", 0, "PT30S")
    timeout_ms = max(TIMEOUT_MS_MIN, TIMEOUT_DURATIONS * duration_ms)
    timeout_ms = fields.duration("timeout", timeout_ms, "PT30S")
    if fields.has("timeout") and timeout_ms < duration_ms:
        message = f"{what}: {name} would time out before its expected duration"
        draft.findings.report(
            fields.place("timeout"), "timeout-below-duration", message, "raise timeout above duration"
        )
    if not name or not target:
        return None
    stated = "after" in fields.fields
    after = tuple(word.text for word in fields.texts("after")) if stated else (before,) if before else ()
    return TaskTemplate(
        name=name,
        target=target,
        duration_ms=duration_ms,
        timeout_ms=timeout_ms,
        after=after,
        point_of_no_return=fields.flag("pointOfNoReturn"),
        description=fields.text("description"),
        undoes=tuple(word.text for word in fields.texts("undoes")),
        leaves_nothing=fields.flag("leavesNothing"),
        gives=tuple((output, into.text) for output, into in fields.entries("gives").items()),
    )
