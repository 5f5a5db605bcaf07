"""A picture as an SVG of its own: boxes in columns by how far they are from the left, arrows between them.

The columns are the longest ways from a box that nothing leads to; within a column boxes stand near those that lead to
them (their mean place, a few rounds to and fro). Plain shapes and text, no script, no font but the viewer's.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from catalog.drawing.mermaid import COLOURS
from catalog.drawing.picture import Box, Picture

CHARACTER: Final = 7
BOLD_CHARACTER: Final = 8
LABEL_LINE: Final = 11
LINE: Final = 17
PADDING: Final = 10
GAP: Final = 18
COLUMN_GAP: Final = 130
MARGIN: Final = 20
ROUNDS: Final = 4


class Place(NamedTuple):
    """Where a box stands, in pixels."""

    x: int
    y: int
    width: int
    height: int


def svg(picture: Picture, title: str) -> str:
    """The picture as an SVG document."""
    places = _places(picture)
    width = max((each.x + each.width for each in places.values()), default=0) + MARGIN
    height = max((each.y + each.height for each in places.values()), default=0) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#4a5568"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for arrow in picture.arrows:
        parts.append(_arrow(places[arrow.source], places[arrow.target], arrow.creates))
    labelled: dict[str, int] = {}
    for arrow in picture.arrows:
        number = labelled[arrow.target] = labelled.get(arrow.target, -1) + 1
        parts.append(_label(places[arrow.target], number, arrow.label))
    for box in picture.boxes:
        parts += _box(box, places[box.id])
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _box(box: Box, place: Place) -> list[str]:
    fill, stroke = COLOURS[box.kind]
    round_ = 14 if box.kind == "offering" else 3
    x, y = place.x + PADDING, place.y + PADDING + 11
    parts = [
        f'<rect x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}" rx="{round_}" '
        f'fill="{fill}" stroke="{stroke}"/>',
        f'<text x="{x}" y="{y}" font-weight="600" fill="#1a202c">{escape(box.name)}</text>',
    ]
    for number, line in enumerate(box.lines, 1):
        parts.append(f'<text x="{x}" y="{y + number * LINE}" fill="#4a5568">{escape(line)}</text>')
    return parts


def _arrow(source: Place, target: Place, creates: bool) -> str:
    x1, y1 = source.x + source.width, source.y + source.height // 2
    x2, y2 = target.x, target.y + target.height // 2
    bend = max(40, (x2 - x1) // 2)
    dashes = "" if creates else ' stroke-dasharray="5 4"'
    return (
        f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" stroke="#4a5568"'
        f'{dashes} marker-end="url(#head)"/>'
    )


def _label(target: Place, number: int, label: str) -> str:
    """What an arrow says, where it arrives: above each other where several do. White around it, over all arrows."""
    x, y = target.x - 12, target.y + target.height // 2 - 5 - number * LABEL_LINE
    return (
        f'<text x="{x}" y="{y}" text-anchor="end" font-size="10" fill="#718096" stroke="#ffffff" stroke-width="3" '
        f'paint-order="stroke">{escape(label)}</text>'
    )


def _places(picture: Picture) -> dict[str, Place]:
    columns = _columns(picture)
    places: dict[str, Place] = {}
    x = MARGIN
    for column in columns:
        width = max(_width(box) for box in column)
        y = MARGIN
        for box in column:
            height = 2 * PADDING + LINE * (1 + len(box.lines)) - 3
            places[box.id] = Place(x, y, width, height)
            y += height + GAP
        x += width + COLUMN_GAP
    return places


def _width(box: Box) -> int:
    widths = (BOLD_CHARACTER * len(box.name), *(CHARACTER * len(line) for line in box.lines))
    return 2 * PADDING + max(widths)


def _columns(picture: Picture) -> list[list[Box]]:
    """Boxes by column, each column from top to bottom."""
    above: dict[str, list[str]] = {box.id: [] for box in picture.boxes}
    below: dict[str, list[str]] = {box.id: [] for box in picture.boxes}
    for arrow in picture.arrows:
        above[arrow.target].append(arrow.source)
        below[arrow.source].append(arrow.target)
    depths: dict[str, int] = {}
    waiting = [box.id for box in picture.boxes if not above[box.id]]
    left = {id_: len(sources) for id_, sources in above.items()}
    depths.update(dict.fromkeys(waiting, 0))
    while waiting:
        id_ = waiting.pop()
        for target in below[id_]:
            depths[target] = max(depths.get(target, 0), depths[id_] + 1)
            left[target] -= 1
            if not left[target]:
                waiting.append(target)
    columns: list[list[Box]] = [[] for _ in range(max(depths.values(), default=-1) + 1)]
    for box in picture.boxes:
        columns[depths[box.id]].append(box)
    for number in range(ROUNDS):
        forward = number % 2 == 0
        for column in columns if forward else reversed(columns):
            _settle(column, _rows(columns), above if forward else below)
    return columns


def _settle(column: list[Box], rows: Mapping[str, float], near: Mapping[str, list[str]]) -> None:
    """Sort a column by the mean place of what its boxes are tied to; the sort is stable."""

    def mean(box: Box) -> float:
        tied = [rows[id_] for id_ in near[box.id]]
        return sum(tied) / len(tied) if tied else rows[box.id]

    column.sort(key=mean)


def _rows(columns: list[list[Box]]) -> dict[str, float]:
    return {box.id: (number + 0.5) / len(column) for column in columns for number, box in enumerate(column)}
