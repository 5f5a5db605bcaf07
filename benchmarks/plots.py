"""Plots as SVG text: horizontal bars and lines, with nothing loaded from anywhere.

Colours are CSS variables (``--c0`` …), so that the page they stand in decides on light and dark. Numbers are shown with
thousands separators; every mark has a title that a pointer shows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 720
CHARACTER = 6.6
"""Width of a character of a label, about: there is no font to measure by."""
ROW = 26
BAR = 16
COLOURS = 8

LEFT, BOTTOM, TOP, LINE_HEIGHT = 64, 46, 12, 300


@dataclass(frozen=True)
class Bar:
    """One row: its parts are drawn one after the other, each named in the legend."""

    label: str
    parts: dict[str, float]
    note: str = ""
    """Shown at the end of the row in place of the sum."""


@dataclass(frozen=True)
class Line:
    """One line of a chart; ``hollow`` are the places of points drawn as rings."""

    label: str
    points: Sequence[tuple[float, float]]
    hollow: frozenset[int] = field(default_factory=frozenset)
    dashed: bool = False
    marked: bool = True
    steps: bool = False
    """Each value holds until the next: for counts over time."""


def number(value: float) -> str:
    """A figure as people read it: three significant digits, thousands separated."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}".rstrip("0").rstrip(".")


def bars(rows: Sequence[Bar], unit: str, *, log: bool = False) -> str:
    """Horizontal bars. ``log`` is for rows of one part whose values differ by orders of magnitude."""
    names = list(dict.fromkeys(name for row in rows for name in row.parts))
    largest = max((sum(row.parts.values()) for row in rows), default=0) or 1.0
    smallest = min((sum(row.parts.values()) for row in rows if sum(row.parts.values()) > 0), default=1.0)
    low = 10 ** math.floor(math.log10(smallest)) if log else 0.0
    low = low / 10 if log and low == smallest else low
    marks = log_ticks(low, largest) if log else ticks(0, largest)
    left = 16 + CHARACTER * max((len(row.label) for row in rows), default=0)
    room = WIDTH - left - 12 - CHARACTER * max((len(row.note or number(largest)) for row in rows), default=0)
    top = max(largest, marks[-1]) if not log else largest

    def at(value: float) -> float:
        if log:
            return (
                room * (math.log10(max(value, low)) - math.log10(low)) / (math.log10(top) - math.log10(low))
            )
        return room * value / top

    legend = _legend(names) if len(names) > 1 else ""
    offset = 24 if legend else 4
    height = offset + ROW * len(rows) + 40
    out = [legend]
    for mark in marks:
        if mark <= top:
            x = left + at(mark)
            out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{offset}" y2="{height - 36}"/>')
            out.append(
                f'<text class="tick" x="{x:.1f}" y="{height - 22}" text-anchor="middle">{number(mark)}</text>'
            )
    for place, row in enumerate(rows):
        y = offset + ROW * place + (ROW - BAR) / 2
        out.append(
            f'<text class="label" x="{left - 10:.1f}" y="{y + BAR - 4}" text-anchor="end">{escape(row.label)}</text>'
        )
        done = 0.0
        for name, value in row.parts.items():
            x0, x1 = at(done), at(done + value)
            colour = names.index(name) % COLOURS
            out.append(
                f'<rect x="{left + x0:.1f}" y="{y}" width="{max(0.0, x1 - x0):.1f}" height="{BAR}" '
                f'fill="var(--c{colour})"><title>{escape(row.label)}, {escape(name)}: {number(value)} {unit}'
                "</title></rect>"
            )
            done += value
        note = row.note or number(done)
        out.append(
            f'<text class="value" x="{left + at(done) + 6:.1f}" y="{y + BAR - 4}">{escape(note)}</text>'
        )
    middle = round(left + room / 2, 1)
    out.append(f'<text class="axis" x="{middle}" y="{height - 5}" text-anchor="middle">{escape(unit)}</text>')
    return _svg(height, out)


def lines(series: Sequence[Line], x_unit: str, y_unit: str, *, log: bool = False) -> str:
    """Lines over a common x; ``log`` for y."""
    xs = [x for each in series for x, _ in each.points]
    ys = [y for each in series for _, y in each.points if y > 0 or not log]
    if not xs or not ys:
        return ""
    x_marks = ticks(min(0, *xs), max(xs))
    y_marks = log_ticks(min(ys), max(ys)) if log else ticks(min(0, *ys), max(ys))
    x_low, x_high = x_marks[0], max(x_marks[-1], *xs)
    y_low, y_high = min(y_marks[0], *ys), max(y_marks[-1], *ys)
    if log and y_low == y_high:
        y_low, y_high = y_low / 2, y_high * 2

    def place(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / ((x_high - x_low) or 1)
        if log:
            up = (math.log10(max(y, y_low)) - math.log10(y_low)) / (math.log10(y_high) - math.log10(y_low))
        else:
            up = (y - y_low) / ((y_high - y_low) or 1)
        return LEFT + across * (WIDTH - LEFT - 20), TOP + 24 + (1 - up) * (LINE_HEIGHT - TOP - BOTTOM - 24)

    out = [_legend([each.label for each in series], [each.dashed for each in series])]
    floor = place(x_low, y_low)[1]
    for mark in y_marks:
        y = place(x_low, mark)[1]
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(
            f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(mark)}</text>'
        )
    for mark in x_marks:
        x = place(mark, y_low)[0]
        out.append(
            f'<text class="tick" x="{x:.1f}" y="{floor + 17:.1f}" text-anchor="middle">{number(mark)}</text>'
        )
    for at, each in enumerate(series):
        out.append(_drawn(each, at % COLOURS, place))
    out.append(
        f'<text class="axis" x="{(LEFT + WIDTH) / 2}" y="{LINE_HEIGHT - 8}" text-anchor="middle">{escape(x_unit)}'
        "</text>"
    )
    out.append(
        f'<text class="axis" transform="translate(13 {(TOP + floor) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_unit)}</text>"
    )
    return _svg(LINE_HEIGHT, out)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers from at most ``low`` to at least ``high``, some ``count`` of them."""
    span = (high - low) or abs(high) or 1.0
    rough = span / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, max(last, first + 1) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between (and with 2 and 5 where those are few)."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    marks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [mark for mark in marks if low * 0.999 <= mark <= high * 1.001]
    return inside if len(inside) >= 2 else [10.0**first, 10.0**last if last > first else 10.0 ** (first + 1)]


def _drawn(line: Line, colour: int, place: object) -> str:
    placed = [place(x, y) for x, y in line.points]  # type: ignore[operator]
    path = ""
    for at, (x, y) in enumerate(placed):
        if at and line.steps:
            path += f"H{x:.1f}V{y:.1f}"
        else:
            path += f"{'L' if at else 'M'}{x:.1f},{y:.1f}"
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    out = [f'<path d="{path}" fill="none" stroke="var(--c{colour})" stroke-width="2"{dash}/>']
    for at, (x, y) in enumerate(placed) if line.marked else ():
        inside = "var(--paper)" if at in line.hollow else f"var(--c{colour})"
        value = line.points[at]
        out.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{inside}" stroke="var(--c{colour})" stroke-width="2">'
            f"<title>{escape(line.label)}: {number(value[0])} → {number(value[1])}</title></circle>"
        )
    return "".join(out)


def _legend(names: Sequence[str], dashed: Sequence[bool] = ()) -> str:
    out, x = [], 4.0
    for at, name in enumerate(names):
        dash = ' stroke-dasharray="5 4"' if at < len(dashed) and dashed[at] else ""
        out.append(
            f'<line x1="{x:.0f}" x2="{x + 16:.0f}" y1="9" y2="9" stroke="var(--c{at % COLOURS})" stroke-width="'
            f'{2 if dashed else 10}"{dash}/><text class="legend" x="{x + 21:.0f}" y="13">{escape(name)}</text>'
        )
        x += 34 + CHARACTER * len(name)
    return "".join(out)


def _svg(height: float, parts: Sequence[str]) -> str:
    body = "".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" xmlns="http://www.w3.org/2000/svg">{body}</svg>'
    )
