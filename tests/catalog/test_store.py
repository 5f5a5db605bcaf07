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
    assert caught.value.code == "unknown-catalog-version"


def test_a_version_cannot_change_its_content() -> None:
    with pytest.raises(ValueError, match="a version of its own"):
        Catalogs(ONE).publish(catalog_of("another", "1", (), ()))


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
