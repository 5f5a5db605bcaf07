"""Which order is the same order: ids that derive from keys, and the canonical form that bodies are compared by.

An order's id decides its shard, so a repeated request must find the same id without asking anyone: it is the BLAKE2b
of (scope, kind of key, key). Keys of different kinds, clients or tenants never meet, because the hashed text is a
JSON array and not a concatenation.

The ids of a tenant other than ``default`` end with a tag of its name: whose an order is can be told from its id alone,
by lists, by the event stream, and by whoever is asked for it.
"""

import os
import re
from functools import cache
from hashlib import blake2b
from typing import Any, Final

import msgspec

from actors.order_id import SERVICE_MARK

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 256

DEFAULT_TENANT: Final = "default"
_ID_BYTES: Final = (
    15  # 24 characters of base32 without padding; 2^60 orders before a chance meeting is likely
)
_TAG_BYTES: Final = 5  # 8 characters: that two tenants of an installation share a tag is not to be expected
_DIGEST_BYTES: Final = 16
_ORDER_ID: Final = re.compile(r"o(?:s-)?[0-9a-hjkmnp-tv-z]{24}(?:[0-9a-hjkmnp-tv-z]{8})?")
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _CROCKFORD for second in _CROCKFORD]
"""Ten bits at a time: twice as fast as the library's base32 and a translation."""
_SHIFTS: Final = range(8 * _ID_BYTES - 10, -1, -10)
_TAG_SHIFTS: Final = range(8 * _TAG_BYTES - 10, -1, -10)

canonical: Final = msgspec.json.Encoder(order="deterministic").encode
"""Canonical JSON of a decoded document: keys sorted, no blanks, UTF-8."""


def digest_of(document: bytes) -> bytes:
    """BLAKE2b-128 of canonical JSON: two bodies are the same order when their digests are."""
    return blake2b(document, digest_size=_DIGEST_BYTES).digest()


def id_from_idempotency_key(tenant: str, client: str, key: str) -> str:
    """The id that an Idempotency-Key of this client leads to, now and at every repetition."""
    return _id_of([tenant, client, "idempotencyKey", key]) + tag_of(tenant)


def id_from_draft_key(tenant: str, client: str, key: str) -> str:
    """The id of the draft that an Idempotency-Key of this client leads to: never that of an order."""
    return _id_of([tenant, client, "draftKey", key]) + tag_of(tenant)


def id_from_external_id(tenant: str, party: str, external_id: str) -> str:
    """The id that (party, externalId) leads to, for clients that say their externalIds are unique."""
    return _id_of([tenant, party, "externalId", external_id]) + tag_of(tenant)


def random_id(tenant: str = DEFAULT_TENANT) -> str:
    """An id for an order without any key: sending it again makes another order."""
    return "o" + _text(os.urandom(_ID_BYTES), _SHIFTS) + tag_of(tenant)


def service_id(order: str) -> str:
    """The id of a service order captured under the key that would lead a product order to this id."""
    return f"{order[0]}{SERVICE_MARK}{order[1:]}"


def is_order_id(text: str) -> bool:
    """Whether this can be the id of an order at all; nothing else is ever looked up."""
    return _ORDER_ID.fullmatch(text) is not None


@cache
def tag_of(tenant: str) -> str:
    """What the ids of a tenant's orders end with; nothing for the default tenant."""
    if tenant == DEFAULT_TENANT:
        return ""
    return _text(blake2b(canonical([tenant, "tenant"]), digest_size=_TAG_BYTES).digest(), _TAG_SHIFTS)


def _id_of(parts: list[Any]) -> str:
    return "o" + _text(blake2b(canonical(parts), digest_size=_ID_BYTES).digest(), _SHIFTS)


def _text(raw: bytes, shifts: range) -> str:
    number = int.from_bytes(raw, "big")
    return "".join([_PAIRS[number >> shift & 0x3FF] for shift in shifts])
