"""Versions are published, never changed."""

import pickle

import pytest

from catalog.decompose import LineRequest, decompose
from catalog.door import check_line
from catalog.model import Catalog, catalog_of
from catalog.refusals import UnknownCatalogVersion
from catalog.store import Catalogs, sample_catalogs

ONE = catalog_of("shop", "1", (), ())
TWO = catalog_of("shop", "2", (), ())


def test_publishing_makes_a_new_set() -> None:
    first = Catalogs(ONE)
    second = first.publish(TWO)
    assert (first.current, second.current) == (ONE, TWO)
    assert (first.versions, second.versions) == (("1",), ("1", "2"))
    assert second.get("1") is ONE
    assert second.publish(ONE).current is ONE


def test_an_unknown_version_is_refused_by_name() -> None:
    with pytest.raises(UnknownCatalogVersion, match="'3' was never published; known are 1") as caught:
        Catalogs(ONE).get("3")
    assert (caught.value.code, caught.value.version) == ("unknown-catalog-version", "3")
    travelled = pickle.loads(pickle.dumps(caught.value))
    assert (str(travelled), travelled.version) == (str(caught.value), "3")


def test_a_version_cannot_change_its_content() -> None:
    with pytest.raises(ValueError, match="a version of its own"):
        Catalogs(ONE).publish(catalog_of("another", "1", (), ()))


def test_the_same_content_is_the_same_version_whoever_read_it() -> None:
    again = catalog_of("shop", "1", (), ())
    assert again is not ONE and (again == ONE, again != ONE) == (True, False)
    assert Catalogs(ONE).publish(TWO).publish(again).current is ONE


def test_a_version_is_remembered_without_becoming_current() -> None:
    both = Catalogs(TWO).remember(ONE)
    assert (both.current, set(both.versions)) == (TWO, {"1", "2"})
    assert "1" in both and "3" not in both


def test_versions_travel() -> None:
    catalogs = Catalogs(ONE).publish(TWO).publish(ONE)
    travelled = pickle.loads(pickle.dumps(catalogs))
    assert (travelled.current, travelled.versions) == (ONE, ("1", "2"))


def test_what_was_compiled_does_not_travel() -> None:
    catalog: Catalog = sample_catalogs().current
    request = LineRequest("1", "add", "broadband-basic", characteristics={"speed": 50})
    assert check_line(catalog, request) == ()
    travelled = pickle.loads(pickle.dumps(catalog))
    assert travelled == catalog and catalog.compiled and not travelled.compiled
    assert decompose(travelled, request) == decompose(catalog, request)
