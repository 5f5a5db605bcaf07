"""A decision of a command: said again under the same key while no answer comes."""

from typing import Any

import httpx
import pytest

from gateway.commands import deciding
from gateway.commands.deciding import decided
from gateway.commands.failing import CommandFailed


class Answers:
    """A gateway that answers what it is given to answer; an exception is an answer that is lost."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []
        self.client = httpx.Client(base_url="http://gateway", transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["Idempotency-Key"])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "PAUSES_S", (0.0, 0.0))


def done(status: int = 200, **body: Any) -> httpx.Response:
    return httpx.Response(status, json=body)


def test_what_is_answered_is_said_once() -> None:
    gateway = Answers(done(state="held"), done(state="failed"))
    assert decided(gateway.client, "/retry", None) == {"state": "held"}
    assert decided(gateway.client, "/giveUp", {"reason": "x"}, {"If-Match": '"1"'}) == {"state": "failed"}
    first, second = gateway.keys
    assert first != second


def test_a_lost_answer_is_asked_for_under_the_same_key() -> None:
    gateway = Answers(httpx.ReadError("gone"), done(503, reason="away"), done(state="inProgress"))
    assert decided(gateway.client, "/retry", None) == {"state": "inProgress"}
    assert len(gateway.keys) == 3 and len(set(gateway.keys)) == 1


def test_who_gets_no_answer_in_the_end_says_so() -> None:
    gateway = Answers(*(httpx.ConnectError("away") for _ in range(3)))
    with pytest.raises(httpx.ConnectError):
        decided(gateway.client, "/retry", None)
    refusing = Answers(done(409, reason="it is not held"))
    with pytest.raises(CommandFailed, match="it is not held"):
        decided(refusing.client, "/retry", None)
