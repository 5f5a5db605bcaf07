"""The orchestration actor: the plan of tasks with their dependencies, and what is in flight.

State machine of a task: ``actors/states.py`` (``TASK``).
"""

from typing import Any

import msgspec

from actors.states import State


class Task(msgspec.Struct):
    """One piece of work at one target."""

    key: str
    name: str
    domain_order: str
    target: str
    needs: tuple[str, ...]
    duration_ms: int
    timeout_ms: int
    state: State
    since: int
    generation: int = 1
    attempt: int = 0
    until: int = 0
    """When the answer to the dispatch under way is due at the latest."""
    changes: dict[str, Any] = {}
    """Request values an operator replaced."""
    output: dict[str, Any] = {}
    code: str = ""
    message: str = ""


class Orchestration(msgspec.Struct):
    """What the orchestration actor holds: every task by key."""

    tasks: dict[str, Task] = {}
