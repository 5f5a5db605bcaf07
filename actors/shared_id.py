"""Ids of shared installed services: made from specification and sharing key, so that everyone finds the same one."""

import re
from hashlib import blake2b
from typing import Final

import msgspec

PREFIX: Final = "s"
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_-]")
_DIGEST_BYTES: Final = 15
"""2^60 shared services before a chance meeting is likely."""


def shared_id(specification: str, sharing_key: str, tenant: str = "") -> str:
    """The id of the one installed service of a specification that all share who have this sharing key.

    ``tenant`` is the tag of a tenant other than the default one: what is another's is shared with nobody else.
    """
    content = msgspec.json.encode([specification, sharing_key, *([tenant] if tenant else ())])
    digest = blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()
    return f"{PREFIX}{_UNFIT.sub('_', specification)}~{digest}"
