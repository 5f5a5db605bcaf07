"""Orders from files: one as JSON, several as a JSON array or as NDJSON, or a folder of such files."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gateway.commands.failing import CommandFailed

ENDINGS = (".json", ".ndjson", ".jsonl")


class Sent(NamedTuple):
    """An order as somebody would send it, and where it stands."""

    name: str
    order: dict[str, Any]

    @property
    def is_service_order(self) -> bool:
        """Whether it is a TMF641 service order."""
        return "serviceOrderItem" in self.order


def orders_in(paths: Sequence[Path]) -> list[Sent]:
    """The orders in these files, in their order.

    :raises CommandFailed: a file cannot be read, or holds something else.
    """
    found: list[Sent] = []
    for path in paths:
        files = (
            sorted(each for each in path.rglob("*") if each.suffix in ENDINGS) if path.is_dir() else [path]
        )
        for file in files:
            found += _read(file)
    if not found:
        raise CommandFailed(f"no orders in {', '.join(str(path) for path in paths)}")
    return found


def _read(file: Path) -> list[Sent]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        if file.suffix == ".json":
            value = json.loads(text)
            values = list(enumerate(value, 1)) if isinstance(value, list) else [(0, value)]
        else:
            values = [
                (number, json.loads(line)) for number, line in enumerate(text.splitlines(), 1) if line.strip()
            ]
    except (OSError, ValueError) as problem:
        raise CommandFailed(f"{file} cannot be read as JSON: {problem}") from None
    found = []
    for number, value in values:
        if not isinstance(value, dict):
            raise CommandFailed(f"{file}: order {number or 1} is no JSON object")
        place = f"{file}:{number}" if number else str(file)
        external = value.get("externalId")
        found.append(
            Sent(f"{place} ({external})" if isinstance(external, str) and external else place, value)
        )
    return found
