"""A catalog whose waits end within an instant, so that deadlines pass in a simulated world."""

from functools import cache

import msgspec

from catalog.model import Specification, catalog_of
from catalog.rules.rule import Wait
from catalog.store import Catalogs, sample_catalogs


@cache
def catalogs_of(waits_ms: int) -> Catalogs:
    """The sample catalog; with ``waits_ms`` its waits have this deadline. 0: those it states."""
    sample = sample_catalogs()
    if not waits_ms:
        return sample
    catalog = sample.current
    return Catalogs(
        catalog_of(
            catalog.name,
            catalog.version,
            tuple(catalog.offerings.values()),
            tuple(_hurried(each, waits_ms) for each in catalog.specifications.values()),
            catalog.commerce,
            catalog.policies,
        )
    )


def _hurried(specification: Specification, waits_ms: int) -> Specification:
    replace = msgspec.structs.replace

    def hurried(wait: Wait | None) -> Wait | None:
        return replace(wait, deadline_ms=waits_ms) if wait is not None else None

    return replace(
        specification,
        wait=hurried(specification.wait),
        mappings=tuple(replace(each, wait=hurried(each.wait)) for each in specification.mappings),
        relationships=tuple(
            replace(each, rules=tuple(replace(rule, wait=hurried(rule.wait)) for rule in each.rules))
            for each in specification.relationships
        ),
    )
