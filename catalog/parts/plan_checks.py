"""What must hold of a specification's plans: that they end, and that what an add orders can be taken back.

A task of the add plan is *reversed* when the delete plan has a task that names it in `undoes`, or one on the same
target that names none. A task that leaves nothing needs no reversal.
"""

from collections.abc import Iterable

from catalog.draft import Draft
from catalog.graphs import cycle_in
from catalog.located import nearest
from catalog.model import Specification, TaskTemplate


def check_plans(draft: Draft, specification: Specification) -> None:
    """Report what is wrong with the plans of one specification."""
    for action, tasks in specification.plans.items():
        _check_order(draft, specification, action, tasks)
        _check_gives(draft, specification, action, tasks)
    added, deleted = specification.plans.get("add", ()), specification.plans.get("delete", ())
    _check_undoes(draft, specification, added)
    _check_reversal(draft, specification, added, deleted)


def _check_order(draft: Draft, owner: Specification, action: str, tasks: tuple[TaskTemplate, ...]) -> None:
    names: set[str] = set()
    forward = False
    for task in tasks:
        forward = forward or not names.issuperset(task.after)
        names.add(task.name)
    if not forward:  # each waits for tasks above it only, as nearly all plans are written
        return
    for task in tasks:
        for earlier in task.after:
            if earlier not in names:
                message = f"{owner.id}: plan {action}: {task.name} comes after unknown {earlier!r}"
                fix = f"name a task of the same plan{nearest(earlier, names)}"
                draft.findings.report(
                    draft.places[("task", owner.id, action, task.name)], "after-unknown", message, fix
                )
    cycle = cycle_in({task.name: [name for name in task.after if name in names] for task in tasks})
    if cycle:
        message = f"{owner.id}: plan {action} never ends: {' after '.join(cycle)}"
        at = draft.places[("task", owner.id, action, cycle[0])]
        draft.findings.report(at, "after-cycle", message, "remove one of these `after`")


def _check_gives(draft: Draft, owner: Specification, action: str, tasks: tuple[TaskTemplate, ...]) -> None:
    names = {each.name for each in owner.characteristics}
    for task in tasks:
        for output, name in task.gives:
            if name not in names:
                message = f"{owner.id}: plan {action}: {task.name} gives {output} to unknown {name!r}"
                fix = f"name a characteristic of {owner.id}{nearest(name, names)}"
                draft.findings.report(
                    draft.places[("task", owner.id, action, task.name)], "gives-unknown", message, fix
                )


def _check_undoes(draft: Draft, owner: Specification, added: tuple[TaskTemplate, ...]) -> None:
    names = [task.name for task in added]
    for action, tasks in owner.plans.items():
        for task in tasks:
            at = draft.places[("task", owner.id, action, task.name)]
            if task.undoes and action != "delete":
                message = f"{owner.id}: plan {action}: {task.name} undoes nothing: only a delete plan does"
                draft.findings.report(at, "undoes-outside-delete", message, "remove `undoes`")
                continue
            for undone in task.undoes:
                if undone not in names:
                    message = f"{owner.id}: plan {action}: {task.name} undoes unknown {undone!r}"
                    fix = f"name a task of the add plan{nearest(undone, names)}"
                    draft.findings.report(at, "undoes-unknown", message, fix)


def _check_reversal(
    draft: Draft, owner: Specification, added: tuple[TaskTemplate, ...], deleted: tuple[TaskTemplate, ...]
) -> None:
    lasting = [task for task in added if not task.leaves_nothing]
    kept = [task for task in lasting if not _reversing(task, deleted)]
    if kept and not deleted:
        at = draft.places[("task", owner.id, "add", kept[0].name)]
        message = f"{owner.id}: no delete plan takes back what {_names(kept)} did"
        fix = "add a delete plan, or say `leavesNothing: true` where there is nothing to take back"
        draft.findings.report(at, "delete-plan-missing", message, fix, "warning")
    elif kept:
        at = draft.places[("task", owner.id, "add", kept[0].name)]
        message = f"{owner.id}: the delete plan does not reverse {_names(kept)} of the add plan"
        fix = (
            f"add a task on {kept[0].target} to the delete plan, name {kept[0].name} in a task's `undoes`, "
            "or say `leavesNothing: true` where there is nothing to take back"
        )
        draft.findings.report(at, "delete-not-reversing", message, fix, "warning")
        _check_no_return(draft, owner, added, kept)
    _check_reversed_order(draft, owner, added, deleted)


def _check_no_return(
    draft: Draft, owner: Specification, added: tuple[TaskTemplate, ...], kept: list[TaskTemplate]
) -> None:
    """Tasks that nothing takes back and that come after no point of no return: a cancel past them has no way."""
    by_name = {task.name: task for task in added}
    unmarked = [task for task in kept if not _past_no_return(task, by_name, set())]
    if unmarked:
        at = draft.places[("task", owner.id, "add", unmarked[0].name)]
        message = f"{owner.id}: past {_names(unmarked)} there is neither an undo nor a point of no return"
        fix = "say `pointOfNoReturn: true` on it, or let the delete plan reverse it"
        draft.findings.report(at, "no-way-back", message, fix, "warning")


def _past_no_return(task: TaskTemplate, by_name: dict[str, TaskTemplate], seen: set[str]) -> bool:
    if task.name in seen:
        return False
    seen.add(task.name)
    return task.point_of_no_return or any(
        _past_no_return(by_name[name], by_name, seen) for name in task.after if name in by_name
    )


def _check_reversed_order(
    draft: Draft, owner: Specification, added: tuple[TaskTemplate, ...], deleted: tuple[TaskTemplate, ...]
) -> None:
    """Deleting may not wait for the reversal of A before it reverses B, when adding did A before B."""
    add_before, delete_before = _predecessors(added), _predecessors(deleted)
    for later in added:
        for earlier in add_before[later.name]:
            firsts = _reversing(_named(added, earlier), deleted)
            lasts = _reversing(later, deleted)
            wrong = (
                firsts
                and lasts
                and all(first.name in delete_before[last.name] for first in firsts for last in lasts)
            )
            if wrong:
                at = draft.places[("task", owner.id, "delete", firsts[0].name)]
                message = (
                    f"{owner.id}: plan delete takes {earlier} back ({firsts[0].name}) before {later.name} "
                    f"({lasts[0].name}), which was built on it"
                )
                fix = f"put {lasts[0].name} before {firsts[0].name}"
                draft.findings.report(at, "delete-not-reversing", message, fix, "warning")
                return


def _reversing(task: TaskTemplate, deleted: Iterable[TaskTemplate]) -> list[TaskTemplate]:
    return [
        each
        for each in deleted
        if task.name in each.undoes or (not each.undoes and each.target == task.target)
    ]


def _predecessors(tasks: tuple[TaskTemplate, ...]) -> dict[str, set[str]]:
    """For each task the names of all that must be completed before it; those of a cycle are left out."""
    direct = {task.name: task.after for task in tasks}
    found: dict[str, set[str]] = {}
    for task in tasks:
        before: set[str] = set()
        waiting = list(task.after)
        while waiting:
            name = waiting.pop()
            if name in direct and name not in before and name != task.name:
                before.add(name)
                waiting.extend(direct[name])
        found[task.name] = before
    return found


def _named(tasks: tuple[TaskTemplate, ...], name: str) -> TaskTemplate:
    return next(task for task in tasks if task.name == name)


def _names(tasks: list[TaskTemplate]) -> str:
    return ", ".join(task.name for task in tasks)
