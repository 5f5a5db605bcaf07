"""What all tests share: the purity guard of the pure floors, and how hard hypothesis tries."""

import os
import random
import secrets
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
PURE_FLOORS = {str(ROOT / floor) + os.sep: floor for floor in ("actors", "catalog")}

INSTEAD = {
    time: "time comes in as `now`",
    random: "what is chosen comes in as a value",
    uuid: "ids come in with the message or derive from the order's id and a counter",
    secrets: "ids come in with the message or derive from the order's id and a counter",
    socket: "what the world says comes in as a message, what it should do goes out as a task",
}
GUARDED = {
    time: ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "sleep"),
    random: (
        "random",
        "randint",
        "randrange",
        "choice",
        "choices",
        "sample",
        "shuffle",
        "uniform",
        "getrandbits",
    ),
    uuid: ("uuid1", "uuid4"),
    secrets: ("token_bytes", "token_hex", "token_urlsafe", "randbelow", "choice"),
    socket: ("create_connection", "create_server", "getaddrinfo", "gethostbyname"),
}

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("thorough", settings.get_profile("house"), max_examples=1_000)
settings.register_profile("ci", settings.get_profile("house"), derandomize=True, print_blob=True)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") == "true" else "house")
)


class Impure(AssertionError):
    """Code of a pure floor asked the world; the sentence says what to do instead."""


def _guard(name: str, instead: str, called: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(*args: Any, **kwargs: Any) -> Any:
        file = sys._getframe(1).f_code.co_filename
        for folder, floor in PURE_FLOORS.items():
            if file.startswith(folder):
                raise Impure(f"{name}() in {floor}/{Path(file).name}: {instead}")
        return called(*args, **kwargs)

    return guarded


@contextmanager
def guarded_world() -> Iterator[None]:
    """While it lasts, clock, chance, ids and sockets raise when a file of actors/ or catalog/ calls them.

    Only their own calls: pytest, hypothesis and libraries go on as ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        for module, names in GUARDED.items():
            for name in names:
                guarded = _guard(f"{module.__name__}.{name}", INSTEAD[module], getattr(module, name))
                patch.setattr(module, name, guarded)
        opened = _guard("socket.socket", INSTEAD[socket], socket.socket.__init__)
        patch.setattr(socket.socket, "__init__", opened)
        yield


@pytest.fixture(autouse=True, scope="module")
def purity(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of the pure floors run in a guarded world, all of them, without asking for it."""
    with (
        guarded_world() if request.path.relative_to(ROOT).parts[1] in PURE_FLOORS.values() else nullcontext()
    ):
        yield


@pytest.fixture
def guarded() -> Iterator[None]:
    """A guarded world for a test that stands elsewhere."""
    with guarded_world():
        yield
