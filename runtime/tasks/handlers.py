"""Task handlers: a conversation with a target, written as a generator.

A handler yields :class:`Call`, is sent :class:`Answer` and returns one of three outcomes. It knows no socket, no clock
and no limits; retries, rates, the circuit breaker and HTTP belong to the driver, so a test drives a handler by hand::

    def activate_ont(task: Task) -> Flow:
        answer = yield Call("POST", "/ont", task.request, key=task.key)
        return Completed({"ont": answer.body["id"]}) if answer.ok else Failed("ontRefused", "...")

Its place is lost in a crash and it is begun anew: every call that changes something carries the task's key.
"""

from collections.abc import Callable, Generator, Mapping
from importlib import import_module
from typing import Any, Literal
from urllib.parse import quote

import msgspec

NO_ANSWER = 0
"""The status of a call to which nothing came back: connection refused, broken or timed out."""


class Task(msgspec.Struct, frozen=True, gc=False):
    """What a handler is to do. ``key`` is ``<order>/<task>/<generation>``: repeated, the effect must not be."""

    key: str
    order: str
    name: str
    generation: int
    target: str
    request: dict[str, Any]


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call to the target. A body of None is none; bodies are plain values, sent as JSON."""

    method: str
    path: str
    body: Any = None
    key: str = ""
    """Sent as ``Idempotency-Key`` when not empty."""
    timeout_s: float = 0
    """How long an answer may take; 0 for the target's own."""
    after_s: float = 0
    """How long to wait before the call is made."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What came back. Header names are in lower case; ``status`` is HTTP's, or ``NO_ANSWER``, the reason as body."""

    status: int
    body: Any = None
    headers: dict[str, str] = {}

    @property
    def ok(self) -> bool:
        """Whether the target did what it was asked."""
        return 200 <= self.status < 300


class Completed(msgspec.Struct, frozen=True, gc=False):
    """The task is done; tasks that need it see the output."""

    output: dict[str, Any] = {}


class Failed(msgspec.Struct, frozen=True, gc=False):
    """A permanent failure: the task is held until someone decides."""

    code: str
    message: str


class Pending(msgspec.Struct, frozen=True, gc=False):
    """The target waits for something the requester must give."""

    code: str
    message: str


Outcome = Completed | Failed | Pending
Flow = Generator[Call, Answer, Outcome]
Handler = Callable[[Task], Flow]
Word = Literal["completed", "failed", "pending", "wait"]


class HandlerUnknown(ValueError):
    """No handler goes by this name; the settings must be changed."""


_registry: dict[str, Handler] = {}


def register(name: str) -> Callable[[Handler], Handler]:
    """Make a handler known by a name that target settings can use."""

    def keep(handler: Handler) -> Handler:
        _registry[name] = handler
        return handler

    return keep


def handler_named(name: str) -> Handler:
    """A registered handler, or the function at ``module:function``.

    :raises HandlerUnknown: when there is none.
    """
    if name in _registry:
        return _registry[name]
    module, _, function = name.partition(":")
    if not function:
        known = ", ".join(sorted(_registry)) or "none"
        raise HandlerUnknown(
            f"no handler is registered as {name!r} (registered: {known}); or write module:function"
        )
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise HandlerUnknown(f"handler {name!r}: {error}") from error
    if not callable(found):
        raise HandlerUnknown(f"handler {name!r} is not a function")
    handler: Handler = found
    return handler


class Deliver:
    """The handler of targets that name none: post the request, understand what HTTP says.

    2xx completes with the body as output; 202 with a Location is looked at until it is final; 409 means that the key
    was applied before, so the target is asked what became of it; any other 4xx is permanent, with the target's code.

    :param states: the target's own state words and what each means; with such a map an unknown word is a failure,
        because guessing would complete what did not happen.
    """

    def __init__(
        self,
        path: str = "/tasks",
        states: Mapping[str, Word] | None = None,
        state_field: str = "state",
        poll_s: float = 1.0,
    ) -> None:
        self.path = path
        self.states = dict(states or {})
        self.state_field = state_field
        self.poll_s = poll_s

    def __call__(self, task: Task) -> Flow:
        """The conversation about one task."""
        answer = yield Call("POST", self.path, task.request, task.key)
        place = ""
        if answer.status == 409:
            place = f"{self.path}/{quote(task.key)}"
            answer = yield Call("GET", place)
            if answer.status == 404:
                return Failed(
                    "conflict", f"{task.target} refused {task.name} as a conflict and does not know its key"
                )
        while True:
            word = self._word(answer)
            if word == "completed":
                return Completed(_output(answer.body))
            if word != "wait":
                break
            place = answer.headers.get("location", place) or f"{self.path}/{quote(task.key)}"
            answer = yield Call(
                "GET", place, after_s=_seconds(answer.headers.get("retry-after"), self.poll_s)
            )
        if word == "pending":
            return Pending(_text(answer.body, "code", "informationRequired"), _sentence(task, answer))
        if word == "unknown":
            said = answer.body.get(self.state_field)
            return Failed(
                "unknownState", f"{task.target} answered {task.name} with the unknown state {said!r}"
            )
        if answer.status == NO_ANSWER or answer.status >= 500:
            return Failed("targetUnavailable", _sentence(task, answer))
        return Failed(_text(answer.body, "code", f"http{answer.status}"), _sentence(task, answer))

    def _word(self, answer: Answer) -> str:
        if not answer.ok:
            return "failed"
        if self.states and type(answer.body) is dict and self.state_field in answer.body:
            return self.states.get(str(answer.body[self.state_field]), "unknown")
        return "wait" if answer.status == 202 else "completed"


def _output(body: Any) -> dict[str, Any]:
    if type(body) is dict:
        return body
    return {} if body is None else {"answer": body}


def _text(body: Any, field: str, default: str) -> str:
    value = body.get(field) if isinstance(body, dict) else None
    return str(value) if value else default


def _sentence(task: Task, answer: Answer) -> str:
    said = _text(answer.body, "message", "") or _text(answer.body, "reason", "")
    if not said and isinstance(answer.body, str):
        said = answer.body[:500]
    status = "no answer" if answer.status == NO_ANSWER else f"status {answer.status}"
    return f"{task.target} answered {task.name} with {status}" + (f": {said}" if said else "")


def _seconds(header: str | None, default: float) -> float:
    """Retry-After of a 202, where only plain seconds are taken: a poll's rhythm is no promise."""
    return float(header) if header is not None and header.isdecimal() else default
