import stat
from pathlib import Path

import pytest

from gateway.auth import Principal, Tokens, generate_token, read_tokens, write_tokens
from gateway.violations import BadRequest


def test_tokens_survive_their_file(tmp_path: Path) -> None:
    token = generate_token()
    assert len(token) >= 40
    path = tmp_path / "tokens.json"
    known = {token: Principal("ann", "shop", "north", ("reader",), external_ids_unique=False)}
    write_tokens(path, known)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_tokens(path) == known
    assert '"externalIdsUnique": false' in path.read_text()


def test_a_token_file_of_before_groups_reads_as_it_did(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text('{"t": {"name": "ann", "client": "shop", "tenant": "default", "roles": ["operator"]}}')
    assert read_tokens(path) == {"t": Principal("ann", "shop")}
    path.write_text(
        '{"t": {"name": "eve", "client": "desk", "groups": ["north-desk"], "roles": ["approver"]}}'
    )
    (principal,) = read_tokens(path).values()
    assert (principal.groups, principal.roles, principal.tenant) == (
        ("north-desk",),
        ("approver",),
        "default",
    )


def test_a_missing_right_is_named() -> None:
    reader = Principal("dan", "insight", roles=("reader",))
    for demand in (reader.demand_more_than_reading, lambda: reader.demand("operator", "approver")):
        with pytest.raises(BadRequest) as caught:
            demand()
        assert caught.value.status == 403 and "dan" in caught.value.reason
    Principal("eve", "desk", roles=("approver",)).demand("operator", "approver")
    Principal("eve", "desk", roles=("reader", "seller")).demand_more_than_reading()
    Principal("web", "shop", roles=()).demand_more_than_reading()


def test_only_known_tokens_name_a_principal() -> None:
    ann, bob = Principal("ann", "shop"), Principal("bob", "portal")
    tokens = Tokens({"one": ann, "two": bob})
    assert tokens.principal_of("two") == bob
    assert tokens.principal_of("three") is None
    assert tokens.principal_of("\ud800") is None
