"""A catalog version as bytes, to be stored and to be made from them again: what its digest is taken of.

Not the files that it was read from: what was checked once is not checked again, so that a version which orders are
pinned to still loads under rules that have become stricter since; and reading it takes a twentieth of the time.
"""

from typing import Any

import msgspec

from catalog.commerce.model import Commerce, ProductOffering
from catalog.model import Catalog, Specification, content_bytes, digest_of
from catalog.policies.model import Policies

_decode = msgspec.json.Decoder(
    tuple[str, str, list[msgspec.Raw], list[msgspec.Raw], Commerce, Policies | None]
).decode
_offering = msgspec.json.Decoder(ProductOffering).decode
_specification = msgspec.json.Decoder(Specification).decode


class DamagedContent(Exception):
    """Bytes that are no catalog, or another one than they were stored as."""


def content_of(catalog: Catalog) -> bytes:
    """The catalog as canonical JSON."""
    return content_bytes(
        catalog.name,
        catalog.version,
        tuple(catalog.offerings.values()),
        tuple(catalog.specifications.values()),
        catalog.commerce,
        catalog.policies,
    )


def catalog_from(content: bytes, digest: str) -> Catalog:
    """The catalog that was stored under this digest, which it keeps.

    Entry by entry, so that whoever does it in a thread leaves the others their turns.

    :raises DamagedContent: it is not in there.
    """
    if digest_of(content) != digest:
        raise DamagedContent(f"a catalog was stored with digest {digest} and has {digest_of(content)}")
    try:
        name, version, offerings, specifications, commerce, policies = _decode(content)
        return Catalog(
            name=name,
            version=version,
            digest=digest,
            offerings=_by_id([_offering(each) for each in offerings]),
            specifications=_by_id([_specification(each) for each in specifications]),
            commerce=commerce,
            policies=policies,
        )
    except msgspec.MsgspecError as problem:
        raise DamagedContent(f"a stored catalog cannot be read: {problem}") from None


def same_content(catalog: Catalog, content: bytes, digest: str) -> bool:
    """Whether stored content is this catalog, though an Orderloom whose catalogs knew less gave it another digest."""
    return content_of(catalog_from(content, digest)) == content_of(catalog)


def _by_id(parts: list[Any]) -> dict[str, Any]:
    return {part.id: part for part in parts}
