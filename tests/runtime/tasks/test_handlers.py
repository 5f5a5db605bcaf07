"""Handlers are driven by hand: no socket, no clock."""

from collections.abc import Iterator
from typing import Any

import pytest

from runtime.tasks.handlers import (
    NO_ANSWER,
    Answer,
    Call,
    Completed,
    Deliver,
    Failed,
    Flow,
    Handler,
    HandlerUnknown,
    Outcome,
    Pending,
    Task,
    handler_named,
    register,
)

TASK = Task("o1/1.1:activate/2", "o1", "1.1:activate", 2, "olt", {"action": "add"})


def talk(handler: Handler, *answers: Answer) -> tuple[list[Call], Outcome]:
    flow = handler(TASK)
    calls = [next(flow)]
    for answer in answers:
        try:
            calls.append(flow.send(answer))
        except StopIteration as end:
            return calls, end.value
    pytest.fail(f"the handler goes on after {len(answers)} answers: {calls[-1]}")


def test_success_is_completed_with_the_body_as_output() -> None:
    calls, outcome = talk(Deliver(), Answer(201, {"ont": "A1"}))
    assert calls == [Call("POST", "/tasks", {"action": "add"}, "o1/1.1:activate/2")]
    assert outcome == Completed({"ont": "A1"})


@pytest.mark.parametrize(
    ("body", "output"), [(None, {}), ("fine", {"answer": "fine"}), ([1], {"answer": [1]})]
)
def test_output_is_always_an_object(body: Any, output: dict[str, Any]) -> None:
    assert talk(Deliver(), Answer(200, body))[1] == Completed(output)


def test_a_conflict_is_looked_at_and_not_repeated() -> None:
    calls, outcome = talk(Deliver("/ont"), Answer(409), Answer(200, {"ont": "A1"}))
    assert calls[1] == Call("GET", "/ont/o1/1.1%3Aactivate/2")
    assert outcome == Completed({"ont": "A1"})


def test_a_conflict_nobody_knows_the_key_of_is_permanent() -> None:
    _, outcome = talk(Deliver(), Answer(409), Answer(404))
    assert isinstance(outcome, Failed)
    assert outcome.code == "conflict"


def test_accepted_is_looked_at_until_it_is_final() -> None:
    accepted = Answer(202, None, {"location": "/jobs/7", "retry-after": "3"})
    calls, outcome = talk(Deliver(poll_s=0.5), accepted, Answer(202), Answer(200, {"id": "7"}))
    assert calls[1:] == [Call("GET", "/jobs/7", after_s=3), Call("GET", "/jobs/7", after_s=0.5)]
    assert outcome == Completed({"id": "7"})


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (Answer(422, {"code": "portTaken", "message": "port 4 is taken"}), "portTaken", "port 4 is taken"),
        (Answer(404, {"reason": "no such line"}), "http404", "no such line"),
        (Answer(400, "what?"), "http400", "what?"),
        (Answer(302), "http302", "status 302"),
        (Answer(503, {"code": "x"}), "targetUnavailable", "status 503"),
        (Answer(NO_ANSWER, "connection refused"), "targetUnavailable", "no answer: connection refused"),
    ],
)
def test_failures_carry_the_targets_code_and_words(answer: Answer, code: str, said: str) -> None:
    _, outcome = talk(Deliver(), answer)
    assert isinstance(outcome, Failed)
    assert outcome.code == code
    assert said in outcome.message
    assert outcome.message.startswith("olt answered 1.1:activate")


def test_state_words_are_the_targets_own() -> None:
    words = Deliver(states={"Done": "completed", "Queued": "wait", "NeedsInfo": "pending", "Dead": "failed"})
    calls, outcome = talk(words, Answer(200, {"state": "Queued"}), Answer(200, {"state": "Done"}))
    assert calls[1].path == "/tasks/o1/1.1%3Aactivate/2"
    assert outcome == Completed({"state": "Done"})
    asked = talk(words, Answer(200, {"state": "NeedsInfo", "code": "vlan", "message": "which VLAN?"}))[1]
    assert isinstance(asked, Pending)
    assert (asked.code, "which VLAN?" in asked.message) == ("vlan", True)
    assert isinstance(talk(words, Answer(200, {"state": "Dead"}))[1], Failed)
    unknown = talk(words, Answer(200, {"state": "Odd"}))[1]
    assert isinstance(unknown, Failed)
    assert unknown.code == "unknownState"


@register("tests-two-steps")
def two_steps(task: Task) -> Flow:
    port = yield Call("POST", "/port", task.request, task.key)
    light = yield Call("PUT", f"/light/{port.body['port']}", key=task.key)
    return Completed({"light": light.ok})


def test_handlers_are_found_by_name_or_place() -> None:
    assert handler_named("tests-two-steps") is two_steps
    assert handler_named("json:dumps").__name__ == "dumps"
    calls, outcome = talk(two_steps, Answer(201, {"port": 4}), Answer(200))
    assert calls[1].path == "/light/4"
    assert outcome == Completed({"light": True})


@pytest.mark.parametrize("name", ["nobody", "no.such.module:f", "json:nothing", "json:decoder"])
def test_unknown_handlers_are_named(name: str) -> None:
    with pytest.raises(HandlerUnknown, match=name.partition(":")[0]):
        handler_named(name)


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a handler opened a socket"))
    yield
