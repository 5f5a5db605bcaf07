import re

from gateway.identity import (
    canonical,
    digest_of,
    id_from_external_id,
    id_from_idempotency_key,
    random_id,
)


def test_ids_are_short_and_without_letters_that_are_misread() -> None:
    for id_ in (random_id(), id_from_idempotency_key("t", "c", "k"), id_from_external_id("t", "p", "x")):
        assert re.fullmatch(r"o[0-9a-hjkmnp-tv-z]{24}", id_)


def test_the_same_key_is_the_same_id_for_ever() -> None:
    # A changed derivation would lose every order that is stored under its key.
    assert id_from_idempotency_key("default", "shop", "k-1") == "obgzf3qs3007eqvp26h2wb67j"


def test_keys_of_other_scopes_and_kinds_never_meet() -> None:
    ids = {
        id_from_idempotency_key("t", "c", "k"),
        id_from_idempotency_key("t2", "c", "k"),
        id_from_idempotency_key("t", "c2", "k"),
        id_from_idempotency_key("tc", "", "k"),
        id_from_external_id("t", "c", "k"),
        random_id(),
        random_id(),
    }
    assert len(ids) == 7


def test_a_body_is_the_same_whatever_the_order_of_its_keys() -> None:
    one, other = {"a": 1, "b": [{"d": 1, "c": "é"}]}, {"b": [{"c": "é", "d": 1}], "a": 1}
    assert canonical(one) == canonical(other) == '{"a":1,"b":[{"c":"é","d":1}]}'.encode()
    assert digest_of(canonical(one)) == digest_of(canonical(other))
    assert len(digest_of(b"")) == 16
