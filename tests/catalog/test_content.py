"""A version that was stored is the version that comes back."""

from pathlib import Path

import pytest

from catalog.content import DamagedContent, catalog_from, content_of, same_content
from catalog.decompose import LineRequest, decompose
from catalog.findings import CatalogError
from catalog.loader import CatalogText, check, load, load_texts
from catalog.model import Catalog, catalog_of, digest_of
from catalog.store import SAMPLES
from catalog.warming import warm


def test_a_stored_catalog_comes_back_part_by_part(sample: Catalog) -> None:
    content = content_of(sample)
    back = catalog_from(content, sample.digest)
    assert back == sample and digest_of(content) == sample.digest
    assert (back.offerings, back.specifications) == (sample.offerings, sample.specifications)
    assert (back.commerce, back.policies) == (sample.commerce, sample.policies)
    assert content_of(back) == content
    for offering, characteristics in (("broadband-basic", {"speed": 50}), ("managed-wan", {"siteCount": 2})):
        request = LineRequest("1", "add", offering, characteristics=characteristics)
        assert decompose(back, request) == decompose(sample, request)


def test_content_under_another_digest_is_refused(sample: Catalog) -> None:
    with pytest.raises(DamagedContent, match="stored with digest 00"):
        catalog_from(content_of(sample), "00")
    for damaged in (b"", b"[]", b'["a","1",[{"id":1}],[],{},null]'):
        with pytest.raises(DamagedContent, match="cannot be read"):
            catalog_from(damaged, digest_of(damaged))


def test_content_of_before_a_new_attribute_is_the_same_catalog(sample: Catalog) -> None:
    """Attributes that have come since have their default in what was stored without them."""
    older = content_of(sample).replace(b'"description":"",', b"")
    digest = digest_of(older)
    assert digest != sample.digest
    assert catalog_from(older, digest).digest == digest, "it keeps the digest that it is known by"
    assert same_content(sample, older, digest)
    assert not same_content(catalog_of("shop", sample.version, (), ()), older, digest)


def test_texts_are_read_as_files_are(sample: Catalog) -> None:
    texts = [
        CatalogText(str(file), file.read_text(encoding="utf-8")) for file in sorted(SAMPLES.glob("*.yaml"))
    ]
    catalog, findings = load_texts(texts)
    assert catalog == sample and findings == check(SAMPLES)
    with pytest.raises(CatalogError) as refused:
        load_texts([CatalogText("a.yaml", "offerings: {o: {}}"), CatalogText("b.yaml", "x: [")])
    told = {(each.file, each.code) for each in refused.value.findings}
    assert {("b.yaml", "yaml-syntax"), ("a.yaml", "missing-header")} <= told


def test_nothing_is_gathered_about_a_whole_version_after_it_was_warmed(tmp_path: Path) -> None:
    catalog = load(SAMPLES)
    assert not catalog.compiled
    warm(catalog)
    assert {
        "dated",
        "bundles",
        "policies read prices",
        ("compatibility", False),
        ("compatibility", True),
        ("names",),
    } <= catalog.compiled.keys()
