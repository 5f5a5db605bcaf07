"""A picture as a Mermaid flowchart, which many viewers of Markdown draw."""

from typing import Final

from catalog.drawing.picture import Picture

COLOURS: Final = {
    "offering": ("#fff3d6", "#b7791f"),
    "product": ("#dff3e4", "#2f855a"),
    "service": ("#dceafc", "#2b6cb0"),
    "resource": ("#eeeaf7", "#6b46c1"),
}
"""Fill and stroke by kind."""


def mermaid(picture: Picture) -> str:
    """The flowchart, left to right."""
    ids = {box.id: f"n{number}" for number, box in enumerate(picture.boxes)}
    lines = ["flowchart LR"]
    for box in picture.boxes:
        text = "<br/>".join(_escaped(line) for line in (box.name, *box.lines))
        shape = f'(["{text}"])' if box.kind == "offering" else f'["{text}"]'
        lines.append(f"  {ids[box.id]}{shape}:::{box.kind}")
    for arrow in picture.arrows:
        line = "-->" if arrow.creates else "-.->"
        lines.append(f'  {ids[arrow.source]} {line}|"{_escaped(arrow.label)}"| {ids[arrow.target]}')
    for kind, (fill, stroke) in COLOURS.items():
        lines.append(f"  classDef {kind} fill:{fill},stroke:{stroke},color:#1a202c")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Mermaid reads HTML entities in quoted text."""
    for sign, entity in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, entity)
    return text
