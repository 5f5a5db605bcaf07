"""What a demonstration shows: a live panel on a terminal, plain lines elsewhere, and the summary."""

import time
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table

PLAIN_INTERVAL_S = 2.0


@dataclass
class DemoSummary:
    """What came of a demonstration; times are seconds, latencies milliseconds.

    ``refused`` counts answers that were neither accepted nor repeated by the client; ``in_progress`` what had not ended
    when the watch gave up, 0 when all is well.
    """

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    completed: int = 0
    failed: int = 0
    held: int = 0
    in_progress: int = 0
    seconds: float = 0.0
    accept_ms: dict[str, float] = field(default_factory=dict)
    cycle_ms: dict[str, float] = field(default_factory=dict)

    @property
    def orders_per_second(self) -> float:
        """Completed orders over the whole time, first send to last completion."""
        return self.completed / self.seconds if self.seconds else 0.0

    @property
    def all_completed(self) -> bool:
        """Whether every order was accepted and every accepted one completed."""
        return self.sent == self.accepted == self.completed


class Display:
    """The progress: a panel that stays in its place on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, count: int) -> None:
        self.console, self.count = console, count
        self._live = (
            Live(console=console, transient=True, refresh_per_second=8) if console.is_terminal else None
        )
        self._said = 0.0

    def __enter__(self) -> None:
        """Take the place on the terminal."""
        if self._live is not None:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        """Give it back."""
        if self._live is not None:
            self._live.stop()

    def show(self, summary: DemoSummary) -> None:
        """Show how far it is."""
        if self._live is not None:
            self._live.update(progress_panel(summary, self.count))
        elif time.monotonic() - self._said >= PLAIN_INTERVAL_S:
            self._said = time.monotonic()
            self.console.print(progress_line(summary, self.count), highlight=False)


def progress_panel(summary: DemoSummary, count: int) -> Panel:
    """The live display: a bar for what was accepted and what has ended, and the figures below it."""
    bars = Table.grid(padding=(0, 1))
    bars.add_column(width=12)
    bars.add_column(width=40)
    bars.add_column(justify="right")
    done = (("accepted", summary.accepted, "cyan"), ("completed", summary.completed, "green"))
    for name, number, style in done:
        bars.add_row(
            name,
            ProgressBar(total=max(1, count), completed=number, complete_style=style),
            f"{number:,} / {count:,}",
        )
    figures = Table.grid(padding=(0, 3))
    figures.add_row(
        f"in progress [bold]{summary.in_progress:,}[/]",
        f"failed [bold]{summary.failed:,}[/]",
        f"held [bold]{summary.held:,}[/]",
        f"[bold]{summary.orders_per_second:,.0f}[/] orders/s",
    )
    latencies = Table.grid(padding=(0, 3))
    latencies.add_row(
        f"accept p50 {_ms(summary.accept_ms, 'p50')}  p99 {_ms(summary.accept_ms, 'p99')}",
        f"cycle p50 {_ms(summary.cycle_ms, 'p50')}  p99 {_ms(summary.cycle_ms, 'p99')}",
    )
    return Panel(Group(bars, figures, latencies), title="orders through the stream", expand=False)


def progress_line(summary: DemoSummary, count: int) -> str:
    """The same in one line, for a log."""
    return (
        f"accepted {summary.accepted}/{count}, in progress {summary.in_progress}, completed {summary.completed}, "
        f"failed {summary.failed}, {summary.orders_per_second:.0f} orders/s, "
        f"accept p50 {_ms(summary.accept_ms, 'p50')} p99 {_ms(summary.accept_ms, 'p99')}"
    )


def summary_table(summary: DemoSummary) -> Table:
    """What it came to."""
    table = Table(title="Demonstration", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("orders sent", f"{summary.sent:,}")
    table.add_row("accepted", f"{summary.accepted:,}")
    if summary.refused:
        table.add_row("refused", f"{summary.refused:,}", style="red")
    table.add_row("completed", f"{summary.completed:,}", style="green" if summary.all_completed else "yellow")
    for name, number in (
        ("failed", summary.failed),
        ("held", summary.held),
        ("in progress", summary.in_progress),
    ):
        if number:
            table.add_row(name, f"{number:,}", style="yellow")
    table.add_row("orders/s", f"{summary.orders_per_second:,.0f}")
    table.add_row("accept p50 / p99", f"{_ms(summary.accept_ms, 'p50')} / {_ms(summary.accept_ms, 'p99')}")
    table.add_row("cycle p50 / p99", f"{_ms(summary.cycle_ms, 'p50')} / {_ms(summary.cycle_ms, 'p99')}")
    table.add_row("seconds", f"{summary.seconds:,.1f}")
    return table


def _ms(percentiles: dict[str, float], name: str) -> str:
    value = percentiles.get(name)
    return "–" if value is None else f"{value:,.0f} ms"
