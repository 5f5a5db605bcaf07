"""Who asks: bearer tokens (RFC 6750) from a file, each naming a principal.

Tokens are kept as SHA-256 and compared in constant time; the file beside the journal is readable by its owner only.
"""

import hmac
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import HTTPConnection

from gateway.identity import DEFAULT_TENANT
from gateway.violations import BadRequest

READER: Final = "reader"
"""The role that may look; who has no other may do nothing else."""
OPERATOR: Final = "operator"
"""The role that decides on what is held, and may do everything else."""
PUBLISHER: Final = "publisher"
"""The role that publishes catalogs."""
_TOKEN_BYTES: Final = 32
_PREFIX: Final = "bearer "


class Principal(msgspec.Struct, frozen=True, rename="camel"):
    """Who a token stands for.

    ``client`` scopes idempotency keys, ``tenant`` everything: nobody sees or touches the orders of another one.
    ``roles`` say what the principal may do, ``groups`` whose work it may take. ``external_ids_unique``: whether this
    client's externalIds name one order each per party, so that sending one again finds the order (TMF622 does not
    say so).
    """

    name: str
    client: str
    tenant: str = DEFAULT_TENANT
    roles: tuple[str, ...] = (OPERATOR,)
    external_ids_unique: bool = True
    groups: tuple[str, ...] = ()

    def demand(self, *roles: str) -> None:
        """Refuse whoever has none of these roles (:raises BadRequest: 403)."""
        if not any(role in self.roles for role in roles):
            asked = " or ".join(roles)
            raise BadRequest("forbidden", f"{self.name} does not have the role {asked}", status=403)

    def demand_more_than_reading(self) -> None:
        """Refuse whoever may only look (:raises BadRequest: 403)."""
        if set(self.roles) == {READER}:
            raise BadRequest("forbidden", f"{self.name} may only read: its one role is {READER}", status=403)


class Tokens:
    """The principals by token; nobody else comes in."""

    def __init__(self, principals: dict[str, Principal]) -> None:
        self._by_hash = {_hash(token): principal for token, principal in principals.items()}

    def principal_of(self, token: str) -> Principal | None:
        """The principal of a token, None for an unknown one. Takes the same time whichever it is."""
        asked, found = _hash(token), None
        for known, principal in self._by_hash.items():
            if hmac.compare_digest(known, asked):
                found = principal
        return found

    def authenticate(self, connection: HTTPConnection, *, in_query: bool = False) -> Principal:
        """The principal of a request. ``in_query`` also takes ``?access_token=``, for browsers that set no header.

        :raises BadRequest: 401 with ``WWW-Authenticate``.
        """
        header = connection.headers.get("authorization", "")
        token = header[len(_PREFIX) :].strip() if header.lower().startswith(_PREFIX) else ""
        if not token and in_query:
            token = connection.query_params.get("access_token", "")
        if not token:
            raise _unauthorized("a bearer token is required", 'Bearer realm="orderloom"')
        principal = self.principal_of(token)
        if principal is None:
            challenge = 'Bearer realm="orderloom", error="invalid_token"'
            raise _unauthorized("the bearer token is unknown", challenge)
        return principal


def generate_token() -> str:
    """A new random token, 256 bits."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def read_tokens(path: Path) -> dict[str, Principal]:
    """The principals by token from a JSON file ``{token: {"name": ..., "client": ...}}``.

    :raises OSError: there is no such file, or it cannot be read.
    :raises msgspec.ValidationError: it holds something else.
    """
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Principal])


def write_tokens(path: Path, principals: dict[str, Principal]) -> None:
    """Write the token file, readable by its owner only, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(principals), indent=2))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def _unauthorized(sentence: str, challenge: str) -> BadRequest:
    return BadRequest("unauthorized", sentence, status=401, headers={"WWW-Authenticate": challenge})
