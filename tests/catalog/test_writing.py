"""A catalog that is written and read again is the same catalog."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.durations import duration_text, milliseconds
from catalog.loader import load
from catalog.model import Catalog
from catalog.writing import sections_of, yaml_of
from tests.catalog.test_docs import BLOCKS

WHOLE = """
    offerings:
      o:
        productSpecification: p
        isSellable: false
        statusReason: sold with the house
        channels: [shop, web]
        marketSegments: [young]
        places: [north]
        agreements: [frame]
        serviceLevelAgreement: gold
        serviceCandidate: sc
        resourceCandidate: rc
        relatedOfferings: [{type: requires, offering: q}]
        terms: [{name: long, duration: 24 months, description: D}, {name: none}]
        characteristics:
          n: {allowedValues: [1, 2], default: 2, mandatory: true, valueFrom: 0, valueTo: 9}
          flag: {default: false}
      q:
        productSpecification: p
        validFor: {startDateTime: 2025-01-01T00:00:00.250Z, endDateTime: 2027-01-01T00:00:00Z}
        prices: [one, use]
      b: {bundledOfferings: {o: {prices: []}, q: {minimumQuantity: 0, maximumQuantity: 4, defaultQuantity: 0}}}
    prices:
      one:
        priceType: recurring
        price: 12.50 EUR
        period: 3 month
        taxRate: 8.1
        taxIncluded: true
        taxCategory: VAT
        alterations: [less]
        perCharacteristic: n
        unitOfMeasure: 2.5 pieces
        actions: [add, delete]
        characteristics: {n: {values: [1, 2]}, word: {values: ["007", "no", "2025-01-01", ""]}}
      less: {priceType: discount, percentage: 12.5, priority: 3, applicationDuration: 6}
      use: {priceType: usage, bundledPrices: [use1]}
      use1: {priceType: usage, price: 0.00045 EUR, unitOfMeasure: 1 MB}
    categories:
      top: {kind: service, description: "Über: alles"}
      below: {kind: service, parent: top}
    serviceCandidates: {sc: {specification: s, categories: [below]}}
    resourceCandidates: {rc: {specification: r, version: "1.10"}}
    productSpecifications:
      p:
        orders: true
        characteristics:
          n: {valueType: integer}
          flag: {valueType: boolean}
          word: {}
        relationships:
          - {type: Realized as, target: s, mapping: {n: [count, size]}, order: 2, quantityCharacteristic: n}
          - {type: Requires, target: r, mandatory: true, minimumQuantity: 2, maximumQuantity: 5, after: [s]}
          - type: Realized as
            target: ruled.one
            condition: n > 1
            whenShrinking: newest
            validFor: {endDateTime: 2030-01-01T00:00:00Z}
            wait: {deadline: P7D, reaction: default, default: false}
            rules:
              - {exclude: "flag", id: unless, actions: [add, move], description: not both}
              - {include: "n > 2", id: more, wait: {deadline: P7D, group: desk}}
        wait: {deadline: PT1H, reaction: escalate, group: desk, escalateTo: [lead, director]}
        mappings:
          - {set: "n + 1", to: "`ruled.one`.level", when: flag, precedence: 2}
          - {include: ruled.one, when: "n > 3"}
          - {validate: "n < 100", message: too many}
        compatibilities:
          - {requires: r, when: "n > 0", message: needs r}
          - {excludes: p, id: one, beside: customer}
    serviceSpecifications:
      s:
        serviceType: RFS
        characteristics: {count: {valueType: integer}, size: {valueType: integer}}
        plans:
          add:
            sequence: parallel
            tasks:
              - {name: a, target: t, duration: P1DT2H3M4.5S, timeout: P9D}
              - {name: b, target: t, leavesNothing: true, gives: {reading: size}}
              - {name: c, target: t, after: [a, b], pointOfNoReturn: true}
          delete: [{name: d, target: t, undoes: [a, c]}]
      ruled.one:
        sharingKey: level
        characteristics: {level: {valueType: integer, combine: max}}
        validFor: {startDateTime: 2020-01-01T00:00:00Z}
        plans: {add: [{name: a, target: t}], delete: [{name: b, target: t}]}
    resourceSpecifications:
      r:
        characteristics:
          list: {valueType: integer, maxCardinality: unbounded, minCardinality: 2, default: [1, 2]}
          pair: {valueType: array, maxCardinality: 2, element: {valueType: number}}
          whole: {valueType: object, members: {street: {mandatory: true}, number: {valueType: integer}}}
          fixed: {default: "", configurable: false}
          part: {valueType: number, ranges: [{valueFrom: 0, valueTo: 1, rangeInterval: open}, {valueFrom: 5}]}
          when: {valueType: dateTime, valueFrom: 2025-01-01T00:00:00Z}
    policies:
      enrichment:
        e:
          name: E
          offering: [o]
          specification: [p]
          action: [add]
          place: [here]
          customer: [c1]
          category: [B2B]
          urgency: [0, 1]
          when: n > 1
          fills: [word, place.home]
          together: true
          group: g
          deadline: P1D
          overdue: reject
          claimWithin: PT2H
          claimLasts: PT0S
          escalateTo: [h, i]
          description: D
        f: {group: g}
      approval:
        a: {approvers: auto, customer: [c1]}
        b: {approvers: two, group: g, returnTo: h, name: B}
      compatibility: {group: g}
      priority:
        factors:
          customer: {weight: 0, rank: 5, rows: [{customer: [c1], rank: 0, weight: 0}, {rank: 100}]}
          urgency: {weight: 100}
        lanes:
          high: {bands: [Critical], capPerHour: 10, above: {c1: refuse, "*": downgrade}}
          bulk: {when: n > 1}
    """


def same(catalog: Catalog, folder: Path) -> bool:
    file = folder / "written.yaml"
    file.write_text(yaml_of(catalog), encoding="utf-8")
    again = load(file)
    assert msgspec.to_builtins(again.specifications) == msgspec.to_builtins(catalog.specifications)
    assert msgspec.to_builtins(again.offerings) == msgspec.to_builtins(catalog.offerings)
    assert msgspec.to_builtins(again.commerce) == msgspec.to_builtins(catalog.commerce)
    assert again.policies == catalog.policies
    return again.digest == catalog.digest


def test_the_sample_survives(sample: Catalog, tmp_path: Path) -> None:
    assert same(sample, tmp_path)


def test_every_field_survives(load_text: Callable[[str], Catalog], tmp_path: Path) -> None:
    assert same(load_text(WHOLE), tmp_path)


@pytest.mark.parametrize("number", [n for n, (kind, _) in enumerate(BLOCKS) if kind == "yaml"])
def test_every_catalog_of_the_documentation_survives(number: int, tmp_path: Path) -> None:
    file = tmp_path / "block.yaml"
    file.write_text(BLOCKS[number][1], encoding="utf-8")
    assert same(load(file), tmp_path)


def test_what_equals_its_default_is_not_written(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text("productSpecifications: {p: {characteristics: {c: {}}}}")
    assert sections_of(catalog) == {
        "catalog": {"name": "catalog", "version": "1"},
        "productSpecifications": {"p": {"characteristics": {"c": {}}}},
    }


@given(st.integers(0, 10**12))
def test_durations_survive(duration_ms: int) -> None:
    text = duration_text(duration_ms)
    assert milliseconds(text) == duration_ms
    assert re.fullmatch(r"P(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?", text)
