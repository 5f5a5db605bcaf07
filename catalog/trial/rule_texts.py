"""The texts of a catalog's own rules: what they compare with is what orders that try them state."""

from collections.abc import Iterator

from catalog.model import Catalog


def rule_texts(catalog: Catalog) -> Iterator[str]:
    """Conditions, mapped values and sharing keys, as they are written."""
    for specification in catalog.specifications.values():
        for relationship in specification.relationships:
            yield from (rule.condition for rule in relationship.rules)
        for mapping in specification.mappings:
            yield from (text for text in (mapping.condition, mapping.value) if text)
        if specification.sharing_key:
            yield specification.sharing_key
