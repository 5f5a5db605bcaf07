"""Which specifications have to do with compatibilities: looked up for every line, found out once for each."""

from collections.abc import Iterator

from catalog.model import Catalog


def holds_any(catalog: Catalog, specification: str, *, wide: bool = False) -> bool:
    """Whether a specification, or one below it, states or meets a compatibility of this catalog.

    :param wide: only one that looks among all that the customer has.
    """
    return bool(_at_or_below(catalog, specification, wide))


def holds_below(catalog: Catalog, specification: str) -> bool:
    """Whether one below a specification does: then what a line comes to must be known, not only what it states."""
    return not _at_or_below(catalog, specification, False) <= {specification}


def _at_or_below(catalog: Catalog, specification: str, wide: bool) -> frozenset[str]:
    key = ("compatible", specification, wide)
    found: frozenset[str] | None = catalog.compiled.get(key)
    if found is None:
        found = catalog.compiled[key] = frozenset(_reached(catalog, specification)) & _concerned(
            catalog, wide
        )
    return found


def _concerned(catalog: Catalog, wide: bool) -> frozenset[str]:
    key = ("compatibility", wide)
    found: frozenset[str] | None = catalog.compiled.get(key)
    if found is None:
        found = catalog.compiled[key] = frozenset(
            name
            for holder in catalog.specifications.values()
            for each in holder.compatibilities
            if not wide or each.beside == "customer"
            for name in (holder.id, each.target)
        )
    return found


def _reached(catalog: Catalog, specification: str) -> Iterator[str]:
    # A bundle has no specification of its own.
    ways, seen = [specification] if specification else [], {specification}
    while ways:
        each = ways.pop()
        yield each
        found = catalog.specifications.get(each)
        if found is None:
            continue  # installed, and no longer of this catalog
        below = {relation.target for relation in found.relationships} - seen
        seen |= below
        ways += below
