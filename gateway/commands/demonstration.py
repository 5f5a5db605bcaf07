"""What `orderloom demo` shows once its system is up: orders that stream through it, a summary, and where to look.

The stream itself stands on the floor above, where the load shapes are; it is found by name.
"""

import asyncio
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from gateway.commands.failing import CommandFailed
from gateway.commands.running import DATA_DEFAULT, answer, token_of

if TYPE_CHECKING:
    from runtime.ray_keeper import Started
    from runtime.run_record import RunRecord

STREAM: Final = EntryPoint("stream", "benchmarks.demo:stream_demo", "orderloom.demo")
"""``async (url, token, count, console) -> summary``."""
ORDERS: Final = "/tmf-api/productOrderingManagement/v4/productOrder"


class Demonstration:
    """One demonstration: ``count`` orders, and whether the system stays up after them."""

    def __init__(self, count: int, stay: bool) -> None:
        self.count = count
        self.stay = stay
        self.console = Console(highlight=False)
        self.summary: Any = None
        self.problem = ""

    def say(self, sentence: str) -> None:
        """What happens around it, dimly."""
        self.console.print(sentence, style="dim", markup=False)

    async def run(self, record: "RunRecord", started: "Started") -> None:
        """Stream, summarise, tell where to look; a stream that breaks leaves the system up to be looked at."""
        token = token_of(Path(record.token_file))
        try:
            await self._tell_earlier(record.url, token)
            stream: Any = STREAM.load()
            self.summary = await stream(record.url, token, self.count, self.console)
        except Exception as broken:
            self.problem = f"the stream broke: {type(broken).__name__}: {broken}"
            self.console.print(self.problem, style="red", markup=False)
        self._tell_places(record, started, token)
        if not self.stay:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    def judge(self) -> None:
        """After the end: was everything as it should be? (:raises CommandFailed: with what was not.)"""
        if self.problem:
            raise CommandFailed(self.problem)
        if self.summary is not None and not self.summary.all_completed:
            raise CommandFailed("not every order was completed; see the summary above")

    async def _tell_earlier(self, url: str, token: str) -> None:
        import httpx

        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30, trust_env=False) as http:
            response = await http.get(ORDERS, params={"limit": "0", "fields": "id"})
        answer(response)
        earlier = int(response.headers["X-Total-Count"])
        if earlier:
            self.console.print(f"[green]{earlier:,} orders of earlier runs are here[/]")

    def _tell_places(self, record: "RunRecord", started: "Started", token: str) -> None:
        places = [
            ("gateway", record.url),
            ("API documentation", f"{record.url}/docs"),
            ("bearer token", token),
        ]
        if started.dashboard:
            places.append(("Ray dashboard", started.dashboard))
            places.append(("  sign in with", started.dashboard_token or "no token is asked"))
        places.append(("data", record.options.data))
        places.append(("another terminal", _status_command(Path(sys.argv[0]), Path(record.options.data))))
        for name, place in places:
            # To be copied: a long one must not be cut into lines of the terminal's width.
            self.console.print(f"{name:18} {place}", soft_wrap=True, markup=False)
        if self.stay:
            self.console.print("[bold]Ctrl-C stops everything that was started.[/]")


def _status_command(program: Path, data: Path) -> str:
    """What to type in another terminal in this folder: no environment has to be activated for it."""
    here = Path.cwd()
    shown = program.absolute()
    name = str(shown.relative_to(here)) if shown.is_relative_to(here) else str(shown)
    return f"{name} status" + ("" if data == here / DATA_DEFAULT else f" --data {data}")
