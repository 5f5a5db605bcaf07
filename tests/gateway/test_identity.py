import re

from actors.order_id import tenant_tag_of
from gateway.identity import (
    canonical,
    digest_of,
    id_from_draft_key,
    id_from_external_id,
    id_from_idempotency_key,
    random_id,
    tag_of,
)


def test_ids_are_short_and_without_letters_that_are_misread() -> None:
    default = "default"
    for id_ in (
        random_id(),
        id_from_idempotency_key(default, "c", "k"),
        id_from_external_id(default, "p", "x"),
    ):
        assert re.fullmatch(r"o[0-9a-hjkmnp-tv-z]{24}", id_)


def test_an_id_tells_its_tenant() -> None:
    ids = (
        random_id("north"),
        id_from_idempotency_key("north", "c", "k"),
        id_from_external_id("north", "p", "x"),
        id_from_draft_key("north", "c", "k"),
    )
    for id_ in ids:
        assert re.fullmatch(r"o[0-9a-hjkmnp-tv-z]{32}", id_)
        # A changed tag would hide every order of the tenant from it.
        assert tenant_tag_of(id_) == tag_of("north") == "7pd1gj1b"
    assert tag_of("default") == "" != tag_of("south") != tag_of("north")
    assert tenant_tag_of(random_id()) == ""


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
        id_from_draft_key("t", "c", "k"),
        random_id(),
        random_id(),
    }
    assert len(ids) == 8


def test_a_body_is_the_same_whatever_the_order_of_its_keys() -> None:
    one, other = {"a": 1, "b": [{"d": 1, "c": "é"}]}, {"b": [{"c": "é", "d": 1}], "a": 1}
    assert canonical(one) == canonical(other) == '{"a":1,"b":[{"c":"é","d":1}]}'.encode()
    assert digest_of(canonical(one)) == digest_of(canonical(other))
    assert len(digest_of(b"")) == 16
