"""Names of our Ray actors, and how one finds another. Names say what never changes; counts go to metrics."""

from collections.abc import Callable
from typing import Any, Final

import ray

COORDINATOR: Final = "Coordinator"


def host_name(coordinator: int, number: int) -> str:
    """A host of one incarnation: two Coordinators at once never give the same name."""
    return f"Host {coordinator}.{number}"


def executor_name(coordinator: int, number: int) -> str:
    """An executor of one incarnation."""
    return f"Executor {coordinator}.{number}"


def gateway_name(coordinator: int, number: int) -> str:
    """A gateway replica of one incarnation."""
    return f"Gateway {coordinator}.{number}"


NAMES: Final[dict[str, Callable[[int, int], str]]] = {
    "hosts": host_name,
    "executors": executor_name,
    "gateways": gateway_name,
}


def find(name: str) -> Any | None:
    """The handle of a living actor, None when there is none of that name."""
    try:
        return ray.get_actor(name)
    except ValueError:
        return None
