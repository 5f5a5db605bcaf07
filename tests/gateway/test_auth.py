import stat
from pathlib import Path

from gateway.auth import Principal, Tokens, generate_token, read_tokens, write_tokens


def test_tokens_survive_their_file(tmp_path: Path) -> None:
    token = generate_token()
    assert len(token) >= 40
    path = tmp_path / "tokens.json"
    known = {token: Principal("ann", "shop", "north", ("reader",), external_ids_unique=False)}
    write_tokens(path, known)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_tokens(path) == known
    assert '"externalIdsUnique": false' in path.read_text()


def test_only_known_tokens_name_a_principal() -> None:
    ann, bob = Principal("ann", "shop"), Principal("bob", "portal")
    tokens = Tokens({"one": ann, "two": bob})
    assert tokens.principal_of("two") == bob
    assert tokens.principal_of("three") is None
    assert tokens.principal_of("\ud800") is None
