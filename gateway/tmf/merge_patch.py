"""JSON merge patch for orders: RFC 7386, but items are merged by their id, at every depth.

The departure is on purpose: an item array that replaced the other as a whole would cancel every line that its author
left out. So an omitted line stays, a line with a new id joins, and no merge patch removes one. All other arrays are
replaced, as the RFC says.
"""

from typing import Any

from gateway.violations import Violation


def merged(order: Any, patch: dict[str, Any], items: str) -> tuple[dict[str, Any], list[Violation]]:
    """The order with the patch applied, and what of the patch cannot be applied, with pointers into the patch.

    ``items`` is the name of the item array. Neither argument is changed.
    """
    faults: list[Violation] = []
    return _with_items(order if isinstance(order, dict) else {}, patch, items, "", faults), faults


def _with_items(
    target: dict[str, Any], patch: dict[str, Any], items: str, pointer: str, faults: list[Violation]
) -> dict[str, Any]:
    """Merge an order or an item: whatever has items of its own."""
    given = patch.get(items)
    after: dict[str, Any] = _plain(target, {name: value for name, value in patch.items() if name != items})
    place = f"{pointer}/{items}"
    if items not in patch:
        pass
    elif given is None:
        faults.append(
            Violation(
                place, "line-removed", "no merge patch removes a line; leave out what should stay as it is"
            )
        )
    elif isinstance(given, list):
        after[items] = _by_id(target.get(items), given, items, place, faults)
    else:
        faults.append(Violation(place, "wrong-type", "must be an array of items"))
    return after


def _by_id(before: Any, given: list[Any], items: str, place: str, faults: list[Violation]) -> list[Any]:
    lines = list(before) if isinstance(before, list) else []
    known = {line["id"]: at for at, line in enumerate(lines) if isinstance(line, dict) and _id_of(line)}
    seen: set[str] = set()
    for index, line in enumerate(given):
        here = f"{place}/{index}"
        if not isinstance(line, dict):
            faults.append(Violation(here, "wrong-type", "must be an item"))
            continue
        id_ = _id_of(line)
        if not id_:
            faults.append(Violation(f"{here}/id", "missing", "an item is merged by its id"))
        elif id_ in seen:
            faults.append(Violation(f"{here}/id", "not-unique", f"item {id_} is patched twice"))
        elif id_ in known:
            seen.add(id_)
            at = known[id_]
            lines[at] = _with_items(lines[at], line, items, here, faults)
        else:
            seen.add(id_)
            lines.append(_with_items({}, line, items, here, faults))
    return lines


def _id_of(line: dict[str, Any]) -> str:
    id_ = line.get("id")
    return id_ if isinstance(id_, str) else ""


def _plain(target: Any, patch: Any) -> Any:
    """RFC 7386 as it stands. Values nest no deeper than the door lets in."""
    if not isinstance(patch, dict):
        return patch
    after = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            after.pop(name, None)
        else:
            after[name] = _plain(after.get(name), value)
    return after
