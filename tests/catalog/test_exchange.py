"""Exports of TMF620, TMF633 and TMF634: nothing is lost on the way there and back, and others' are understood."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from catalog.exchange.export import exported
from catalog.exchange.importing import imported
from catalog.loader import check, load
from catalog.model import Catalog
from catalog.writing import yaml_text
from tests.catalog.test_docs import BLOCKS
from tests.catalog.test_writing import WHOLE


def back(catalog: Catalog, folder: Path) -> Catalog:
    documents = [
        (name, json.loads(msgspec.json.encode(export))) for name, export in exported(catalog).items()
    ]
    sections, notes = imported(documents)
    assert notes.sentences == []
    file = folder / "imported.yaml"
    file.write_text(yaml_text(sections), encoding="utf-8")
    return load(file)


def same(one: Catalog, other: Catalog) -> bool:
    assert msgspec.to_builtins(one.specifications) == msgspec.to_builtins(other.specifications)
    assert msgspec.to_builtins(one.offerings) == msgspec.to_builtins(other.offerings)
    assert msgspec.to_builtins(one.commerce) == msgspec.to_builtins(other.commerce)
    return one.digest == other.digest


def test_the_sample_comes_back(sample: Catalog, tmp_path: Path) -> None:
    assert same(back(sample, tmp_path), sample)


def test_every_field_comes_back(load_text: Callable[[str], Catalog], tmp_path: Path) -> None:
    catalog = load_text(WHOLE)
    assert same(back(catalog, tmp_path), catalog)


@pytest.mark.parametrize("number", [n for n, (kind, _) in enumerate(BLOCKS) if kind == "yaml"])
def test_every_catalog_of_the_documentation_comes_back(number: int, tmp_path: Path) -> None:
    file = tmp_path / "block.yaml"
    file.write_text(BLOCKS[number][1], encoding="utf-8")
    catalog = load(file)
    assert same(back(catalog, tmp_path), catalog)


def test_what_tm_forum_says_stands_in_its_attributes(sample: Catalog) -> None:
    files = exported(sample)
    assert files.keys() == {"TMF620.json", "TMF633.json", "TMF634.json"}
    products = files["TMF620.json"]
    bundle = next(each for each in products["productOffering"] if each["id"] == "home-triple-play")
    assert bundle["isBundle"] and bundle["category"] == [{"id": "home", "name": "For the home"}]
    assert bundle["productOfferingTerm"] == [
        {"name": "Two years", "duration": {"amount": 24, "units": "months"}}
    ]
    television = bundle["bundledProductOffering"][1]
    assert television == {
        "id": "tv-premium",
        "name": "TV Premium",
        "bundledProductOfferingOption": {
            "numberRelOfferLowerLimit": 0,
            "numberRelOfferDefault": 1,
            "numberRelOfferUpperLimit": 3,
        },
    }
    assert bundle["bundledProductOffering"][0]["orderloom"] == {
        "@type": "OrderloomBundledOffering",
        "characteristics": {"speed": 500},
        "prices": ["fibre-in-bundle"],
    }
    prices = {each["id"]: each for each in products["productOfferingPrice"]}
    assert prices["broadband-monthly"] == {
        "id": "broadband-monthly",
        "@type": "ProductOfferingPrice",
        "name": "Monthly fee",
        "version": "1.0",
        "lifecycleStatus": "Active",
        "priceType": "recurring",
        "isBundle": False,
        "price": {"unit": "EUR", "value": 29.9},
        "recurringChargePeriodType": "month",
        "recurringChargePeriodLength": 1,
        "tax": [{"taxRate": 19.0}],
        "popRelationship": [
            {"id": "first-half-year", "name": "Half price at first", "relationshipType": "discount"}
        ],
    }
    (access,) = [
        each
        for each in files["TMF633.json"]["serviceSpecification"]
        if each["id"] == "internet-access-service"
    ]
    assert access["@type"] == "CustomerFacingServiceSpecification"
    assert access["resourceSpecification"][0]["id"] == "access-port"
    assert access["orderloom"].keys() == {"@type", "plans"}


FOREIGN: list[tuple[str, Any]] = [
    (
        "offerings.json",
        [
            {
                "id": "100",
                "href": "https://elsewhere.example/productOffering/100",
                "@type": "ProductOffering",
                "name": "Fast Internet",
                "version": "3.1",
                "lifecycleStatus": "ACTIVE",
                "isBundle": False,
                "attachment": [{"url": "https://elsewhere.example/picture.png"}],
                "productSpecification": {"id": "42", "name": "Internet"},
                "productOfferingPrice": [{"id": "7"}],
                "category": [{"id": "c2"}],
                "validFor": {"startDateTime": "2020-01-01T00:00"},
            }
        ],
    ),
    (
        "all.json",
        {
            "productSpecification": [
                {
                    "id": "42",
                    "name": "Internet",
                    "lifecycleStatus": "Active",
                    "productSpecCharacteristic": [
                        {
                            "name": "speed",
                            "valueType": "Number",
                            "minCardinality": 1,
                            "maxCardinality": 1,
                            "productSpecCharacteristicValue": [
                                {"value": {"value": "50"}, "isDefault": True, "unitOfMeasure": "Mbit/s"},
                                {"value": "100", "isDefault": False, "valueFrom": "", "valueTo": ""},
                            ],
                        },
                        {
                            "name": "colour",
                            "valueType": "COLOR",
                            "productSpecCharacteristicValue": [{"value": 7}],
                        },
                        {
                            "name": "term",
                            "valueType": "integer",
                            "productSpecCharacteristicValue": [{"valueFrom": "1", "valueTo": 36}],
                        },
                    ],
                    "serviceSpecification": [{"id": "42"}],
                    "productSpecificationRelationship": [{"id": "9", "relationshipType": "migration"}],
                }
            ],
            "productOfferingPrice": [
                {
                    "id": "7",
                    "priceType": "One Time",
                    "price": {"value": 10, "unit": "USD"},
                    "popRelationship": [{"id": "8", "relationshipType": "discount"}],
                },
                {"id": "8", "priceType": "discount", "price": {"value": -2.5, "unit": "USD"}},
            ],
            "category": [
                {"id": "c1", "name": "Home", "isRoot": True, "subCategory": [{"id": "c2"}]},
                {"id": "c2", "name": "Internet"},
            ],
            "catalog": [{"id": "k", "name": "Their catalog", "version": "2024", "catalogType": "product"}],
        },
    ),
    (
        "service.json",
        {
            "id": "42",
            "@type": "ResourceFacingServiceSpec",
            "name": "Access",
            "specCharacteristic": [{"name": "speed", "valueType": "decimal"}],
        },
    ),
    ("unrelated.json", {"id": "1", "@type": "Individual"}),
]


def test_what_other_products_export_is_understood(tmp_path: Path) -> None:
    sections, notes = imported(FOREIGN)
    file = tmp_path / "foreign.yaml"
    file.write_text(yaml_text(sections), encoding="utf-8")
    assert [each for each in check(file) if each.severity == "error"] == []
    catalog = load(file)
    assert (catalog.name, catalog.version) == ("Their catalog", "2024")
    offering = catalog.offerings["100"]
    assert (offering.lifecycle_status, offering.product_specification) == ("Active", "42")
    speed, colour, term = catalog.specifications["42"].characteristics
    assert (speed.value_type, speed.allowed_values, speed.default) == ("number", (50, 100), 50)
    assert speed.mandatory and speed.unit_of_measure == "Mbit/s"
    assert (colour.value_type, colour.allowed_values) == ("string", ("7",))
    assert (term.value_from, term.value_to) == (1, 36)
    (realized,) = catalog.specifications["42"].relationships
    assert (realized.type, realized.target) == ("Realized as", "service-42")
    assert catalog.specifications["service-42"].service_type == "RFS"
    assert str(catalog.commerce.prices["8"].price) == "2.50 USD"
    assert catalog.commerce.categories["c2"].parent == "c1"
    assert notes.sentences == [
        "unrelated.json: nothing of TMF620, TMF633 or TMF634 is in it",
        "service specification 42: the id is taken; it is service-42 here",
        "product offering 100: 2020-01-01T00:00 has no offset and is taken as UTC",
        "product offering 100: not taken over: attachment",
        "product specification 42: colour: value type COLOR is not known and taken as string",
        "product specification 42: its 'migration' to 9 has no meaning here and is left out",
    ]


def test_what_comes_twice_or_cannot_be_read_is_told() -> None:
    document = {
        "productSpecification": [
            {"id": "p", "productSpecCharacteristic": [{"name": "a"}, {"name": "a"}, {}]},
            {"id": "p", "version": "2"},
        ],
        "productOfferingPrice": [
            {
                "id": "x",
                "priceType": "weird",
                "recurringChargePeriodType": "fortnight",
                "tax": [{"taxRate": 19}, {"taxRate": 7}],
            }
        ],
        "resourceSpecification": [
            {
                "id": "r",
                "resourceSpecCharacteristic": [
                    {"name": "n", "valueType": "integer", "resourceSpecCharacteristicValue": [{"value": "x"}]}
                ],
            }
        ],
    }
    sections, notes = imported([("a.json", document)], version="9")
    assert sections["catalog"] == {"name": "imported", "version": "9"}
    assert [sentence.partition(": ")[0] for sentence in notes.sentences] == [
        "product specification p",
        "product specification p",
        "productSpecifications",
        "product offering price x",
        "product offering price x",
        "product offering price x",
        "resource specification r",
    ]


SPECS = os.environ.get("ORDERLOOM_TMF_SPECS")
SWAGGERS = {
    "TMF620.json": "TMF620_Product_Catalog_Management_API_v4.1.0_swagger.json",
    "TMF633.json": "TMF633-ServiceCatalog-v4.0.0.swagger.json",
    "TMF634.json": "TMF634_Resource_Catalog_Management_API_v4.1.0_swagger.json",
}


@pytest.mark.skipif(
    not SPECS, reason="ORDERLOOM_TMF_SPECS does not name a folder with the TMF specifications"
)
@pytest.mark.parametrize("whole", [False, True])
def test_exports_are_what_tm_forum_specifies(
    whole: bool, sample: Catalog, load_text: Callable[[str], Catalog]
) -> None:
    assert SPECS
    catalog = load_text(WHOLE) if whole else sample
    for file, export in exported(catalog).items():
        swagger = json.loads((Path(SPECS) / "v4" / SWAGGERS[file]).read_text(encoding="utf-8"))
        swagger["definitions"]["Any"] = {}
        for name, resources in export.items():
            schema = {
                "$ref": f"#/definitions/{name[0].upper() + name[1:]}",
                "definitions": swagger["definitions"],
            }
            validator = jsonschema.Draft4Validator(schema)
            for resource in json.loads(msgspec.json.encode(resources)):
                faults = [f"{each.json_path}: {each.message}" for each in validator.iter_errors(resource)]
                assert faults == [], (name, resource["id"])
                known = swagger["definitions"][name[0].upper() + name[1:]]["properties"]
                assert resource.keys() - known.keys() <= {"orderloom"}


@pytest.mark.skipif(
    not SPECS, reason="ORDERLOOM_TMF_SPECS does not name a folder with the TMF specifications"
)
def test_tm_forums_own_examples_are_read() -> None:
    assert SPECS
    documents = [
        (file.name, json.loads(file.read_text(encoding="utf-8")))
        for file in sorted((Path(SPECS) / "examples").glob("TMF63[34]*/*.json"))
    ]
    sections, _ = imported(documents)
    assert sections["serviceSpecifications"]["7655"]["characteristics"]["operatingSystem"] == {
        "description": "This characteristic describes the operating system run by the service",
        "default": "Android KitKat",
        "allowedValues": ["Android KitKat"],
    }
    assert "42" in sections["resourceSpecifications"]
