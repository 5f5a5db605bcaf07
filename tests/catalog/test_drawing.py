"""Pictures of the catalog: complete, stable, well formed."""

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from catalog.drawing.mermaid import mermaid
from catalog.drawing.picture import Picture, picture_of
from catalog.drawing.svg import _places, svg
from catalog.model import Catalog

SVG = "{http://www.w3.org/2000/svg}"


def test_a_picture_has_everything(sample: Catalog) -> None:
    picture = picture_of(sample)
    assert len(picture.boxes) == len(sample.offerings) + len(sample.specifications)
    relationships = sum(len(each.relationships) for each in sample.specifications.values())
    sold = sum(bool(each.product_specification) + len(each.bundled) for each in sample.offerings.values())
    assert len(picture.arrows) == relationships + sold
    ids = [box.id for box in picture.boxes]
    assert len(set(ids)) == len(ids)


def test_a_part_is_what_it_leads_to(sample: Catalog) -> None:
    picture = picture_of(sample, ["broadband-basic"], "add")
    assert [box.name for box in picture.boxes] == [
        "Broadband Basic",
        "Broadband access",
        "Internet access service",
        "Access port",
    ]
    assert [arrow.label for arrow in picture.arrows] == ["Requires", "Realized as", "of"]
    assert picture.boxes[2].lines == ("1 activate-internet-access @ broadband-gateway ■",)
    assert [box.name for box in picture_of(sample, ["access-port"]).boxes] == ["Access port"]
    with pytest.raises(KeyError, match="nothing"):
        picture_of(sample, ["nothing"])


def test_mermaid_text(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        offerings: {o: {name: 'The "one" <best>', productSpecification: p}}
        productSpecifications:
          p:
            characteristics: {n: {valueType: integer}}
            relationships:
              - {type: Realized as, target: s, quantityCharacteristic: n}
              - {type: Composed of, target: q}
          q: {}
        serviceSpecifications:
          s:
            plans:
              add:
                sequence: parallel
                tasks: [{name: a, target: t}, {name: b, target: t}, {name: c, target: t, after: [a, b]}]
        """
    )
    assert mermaid(picture_of(catalog, ["o"], "add")).splitlines()[:8] == [
        "flowchart LR",
        '  n0(["The &quot;one&quot; &lt;best&gt;"]):::offering',
        '  n1["p"]:::product',
        '  n2["s<br/>1 a @ t<br/>2 b @ t at once<br/>3 c @ t after a, b"]:::service',
        '  n3["q"]:::product',
        '  n1 -->|"Realized as × n"| n2',
        '  n1 -.->|"Composed of"| n3',
        '  n0 -->|"of"| n1',
    ]


def test_the_drawing_is_well_formed_and_nothing_overlaps(sample: Catalog) -> None:
    picture = picture_of(sample, (), "add")
    text = svg(picture, "a & b")
    assert text == svg(picture_of(sample, (), "add"), "a & b"), "the same catalog gives the same picture"
    root = ElementTree.fromstring(text)
    assert root.findtext(f"{SVG}title") == "a & b"
    assert len(root.findall(f"{SVG}path")) == len(picture.arrows)
    texts = [each.text for each in root.findall(f"{SVG}text")]
    assert all(box.name in texts for box in picture.boxes)
    places = _places(picture)
    assert places.keys() == {box.id for box in picture.boxes}
    boxes = sorted(places.values())
    for number, one in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.y + one.height <= other.y
                or other.y + other.height <= one.y
            )
            assert apart, (one, other)
    for arrow in picture.arrows:
        assert places[arrow.source].x + places[arrow.source].width < places[arrow.target].x
    width, height = (int(number) for number in re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)[0])
    assert all(each.x + each.width <= width and each.y + each.height <= height for each in boxes)


def test_an_empty_catalog_is_an_empty_picture() -> None:
    assert svg(Picture((), ()), "nothing").startswith("<svg")
    assert mermaid(Picture((), ())).startswith("flowchart LR")
