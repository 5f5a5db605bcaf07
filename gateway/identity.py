"""Which order is the same order: ids that derive from keys, and the canonical form that bodies are compared by.

An order's id decides its shard, so a repeated request must find the same id without asking anyone: it is the BLAKE2b
of (scope, kind of key, key). Keys of different kinds, clients or tenants never meet, because the hashed text is a
JSON array and not a concatenation.
"""

import os
from hashlib import blake2b
from typing import Any, Final

import msgspec

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 256

_ID_BYTES: Final = (
    15  # 24 characters of base32 without padding; 2^60 orders before a chance meeting is likely
)
_DIGEST_BYTES: Final = 16
_CROCKFORD: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = [first + second for first in _CROCKFORD for second in _CROCKFORD]
"""Ten bits at a time: twice as fast as the library's base32 and a translation."""
_SHIFTS: Final = range(8 * _ID_BYTES - 10, -1, -10)

canonical: Final = msgspec.json.Encoder(order="deterministic").encode
"""Canonical JSON of a decoded document: keys sorted, no blanks, UTF-8."""


def digest_of(document: bytes) -> bytes:
    """BLAKE2b-128 of canonical JSON: two bodies are the same order when their digests are."""
    return blake2b(document, digest_size=_DIGEST_BYTES).digest()


def id_from_idempotency_key(tenant: str, client: str, key: str) -> str:
    """The id that an Idempotency-Key of this client leads to, now and at every repetition."""
    return _id_of([tenant, client, "idempotencyKey", key])


def id_from_external_id(tenant: str, party: str, external_id: str) -> str:
    """The id that (party, externalId) leads to, for clients that say their externalIds are unique."""
    return _id_of([tenant, party, "externalId", external_id])


def random_id() -> str:
    """An id for an order without any key: sending it again makes another order."""
    return _text(os.urandom(_ID_BYTES))


def _id_of(parts: list[Any]) -> str:
    return _text(blake2b(canonical(parts), digest_size=_ID_BYTES).digest())


def _text(raw: bytes) -> str:
    number = int.from_bytes(raw, "big")
    return "o" + "".join([_PAIRS[number >> shift & 0x3FF] for shift in _SHIFTS])
