"""Orders by single POST from Locust, for those who want its UI.

::

    pip install locust
    ORDERLOOM_TOKEN=… locust --locustfile benchmarks/locustfile.py --host http://127.0.0.1:8080

``ORDERLOOM_SHAPE`` chooses the shape (`b6` unless said). Locust's users wait for their answers, so that its latencies
are those of a closed loop: a stall slows the questions instead of showing in them. The figures in the documents come
from the open-loop generator.
"""

import os

from locust import FastHttpUser, task

from benchmarks.generator import TOKEN_VARIABLE, Bodies, Load
from benchmarks.posting import POST_PATH
from benchmarks.run import salt
from benchmarks.shapes import SHAPES

SHAPE = next(shape for shape in SHAPES if shape == os.environ.get("ORDERLOOM_SHAPE", "b6"))


class OrderCapture(FastHttpUser):  # type: ignore[misc]
    """One client that posts one order after the other."""

    def on_start(self) -> None:
        """Orders of its own, so that no two clients send the same."""
        self.bodies = Bodies(Load(url=self.host, shape=SHAPE, seconds=0, salt=salt()))
        self.number = 0
        self.sent_with = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {os.environ[TOKEN_VARIABLE]}",
        }

    @task  # type: ignore[untyped-decorator]
    def capture(self) -> None:
        """One order; anything but 201 counts as a failure."""
        body = self.bodies.line(self.number)
        self.number += 1
        with self.client.post(
            POST_PATH, data=body, headers=self.sent_with, name=f"{SHAPE} order", catch_response=True
        ) as answer:
            if answer.status_code != 201:
                answer.failure(f"HTTP {answer.status_code}")
