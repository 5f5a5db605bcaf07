"""What becomes of products after they were ordered: they are changed and taken away, and what stands is looked at.

Each drawn order is carried out, as far as nothing in it waits for values; then its own products are modified, to what
they are and to what other lines of the same offering say, and deleted one after the other.
"""

from collections.abc import Iterator, Sequence

import msgspec

from catalog.door import check_line
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.refusals import CatalogRefusal
from catalog.trial.standing import NOTHING, Carried, Standing, carried_out


def unsteady(catalog: Catalog, lines: Sequence[LineRequest], at: int) -> str:
    """Why a modify that changes nothing orders something all the same; empty where none does."""
    lines, standing = _ordered(catalog, lines, at)
    for line in lines:
        for values in (line, *_alike(line, lines)):
            change = _change(line, values, standing)
            after = standing
            if values is not line:
                done = _carried(catalog, standing, "2", change, at)
                if done is None:
                    continue
                after = done.after
            again = _carried(catalog, after, "3", _change(line, values, after), at)
            moved = [node for node in again.nodes if node.action != "noChange"] if again is not None else []
            if moved:
                what = "a second time the same" if values is not line else "to what it is"
                return f"line {line.line}: a modify {what} orders {moved[0].action} of {moved[0].path}"
    return ""


def left_over(catalog: Catalog, lines: Sequence[LineRequest], at: int) -> str:
    """What deletes leave behind, or take away that is still needed; empty where they do neither."""
    lines, standing = _ordered(catalog, lines, at)
    for line in lines:
        for values in _alike(line, lines):
            done = _carried(catalog, standing, "2", _change(line, values, standing), at)
            standing = done.after if done is not None else standing
    for line in lines:
        picture = standing.products[line.product]
        own = {node.id for node in picture.nodes if not node.sharing_key}
        orphans = [node.id for node in picture.nodes if node.parent and node.parent not in own]
        if orphans:
            return f"line {line.line}: {orphans[0]} stands below nothing"
        delete = msgspec.structs.replace(line, action="delete", installed=picture)
        done = carried_out(catalog, standing, "4", (delete,), at)
        for held in done.held.values():
            return f"line {line.line}: a delete waits: {held[0].sentence}"
        going = sorted(node.installed for node in done.nodes if node.action == "delete" and not node.shared)
        roots = {node.id for node in picture.nodes if not node.parent}
        if [each for each in going if each not in roots] != sorted(own - roots):
            return f"line {line.line}: a delete takes {going} away, and {sorted(own)} stand"
        standing = done.after
        referred = {
            (node.specification, node.sharing_key)
            for product in standing.products.values()
            for node in product.nodes
            if node.sharing_key
        }
        living = {(each.specification, each.sharing_key) for each in standing.shared.values()}
        for specification, key in sorted(living ^ _with_owners(standing, referred)):
            how = (
                "stands, and nobody refers to it" if (specification, key) in living else "is gone, and needed"
            )
            return f"line {line.line}: when it is deleted, shared {specification} <{key}> {how}"
    return ""


def _with_owners(standing: Standing, referred: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Shared services that products refer to, and those that such services refer to in turn."""
    found = set(referred)
    while True:
        more = {
            (node.specification, node.sharing_key)
            for each in standing.shared.values()
            if (each.specification, each.sharing_key) in found
            for node in each.nodes[1:]
            if node.sharing_key
        } - found
        if not more:
            return found
        found |= more


def _ordered(catalog: Catalog, lines: Sequence[LineRequest], at: int) -> tuple[list[LineRequest], Standing]:
    """Those of the lines that wait for nothing, and what stands when they are carried out."""
    made = [msgspec.structs.replace(line, product=f"p.{line.line}") for line in lines if line.action == "add"]
    while made:
        done = carried_out(catalog, NOTHING, "1", made, at)
        if not done.held:
            return made, done.after
        made = [line for line in made if line.line not in done.held]
    return [], NOTHING


def _alike(line: LineRequest, lines: Sequence[LineRequest]) -> Iterator[LineRequest]:
    """Other lines of the same offering, at the same places."""
    for other in lines:
        if other is not line and other.offering == line.offering:
            yield msgspec.structs.replace(other, place=line.place)


def _change(line: LineRequest, values: LineRequest, standing: Standing) -> LineRequest:
    return msgspec.structs.replace(
        line,
        action="modify",
        characteristics=values.characteristics,
        installed=standing.products[line.product],
    )


def _carried(catalog: Catalog, standing: Standing, name: str, change: LineRequest, at: int) -> Carried | None:
    """A modify, carried out; None where the catalog does not take it, or something of it waits."""
    if check_line(catalog, change, "product", at):
        return None
    try:
        done = carried_out(catalog, standing, name, (change,), at)
    except CatalogRefusal:
        return None
    return None if done.held else done
