"""Policies: read from catalog text with every finding in its place, and what they decide about orders."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.findings import Finding
from catalog.lines import LineRequest
from catalog.loader import check, load
from catalog.model import Catalog
from catalog.policies.approval import needed_approvals
from catalog.policies.concern import concerned
from catalog.policies.enrichment import wanted_tasks
from catalog.policies.facts import LineFacts, OrderFacts, PlaceFact
from catalog.policies.priority import band_of, ranking, tmf_priority

HEAD = """\
catalog: {version: "1"}
offerings:
  shop: {productSpecification: access}
  office: {productSpecification: access}
  film: {productSpecification: video}
productSpecifications:
  access:
    characteristics:
      speed: {valueType: integer}
      site: {valueType: string}
    relationships: [{type: Realized as, target: wire}]
  video:
    relationships: [{type: Realized as, target: wire}]
serviceSpecifications:
  wire: {plans: {add: [{name: build, target: network}]}}
"""
POLICIES = """\
policies:
  enrichment:
    where:
      offering: [office]
      action: [add]
      fills: [site, place.installation]
      group: desk
      deadline: PT4H
      claimWithin: PT30M
      escalateTo: [lead]
    look:
      specification: video
      when: order.category == 'B2B'
      group: desk
    talk:
      when: speed > 500
      together: true
      fills: [contact]
      group: desk
  approval:
    known-customer: {customer: [c1], approvers: auto}
    fast: {when: speed > 500, approvers: two, group: sales, returnTo: desk}
    elsewhere: {place: [p9], action: [add, modify], group: sales}
  priority:
    factors:
      customer:
        weight: 40
        rank: 20
        rows:
          - {customer: [c1], rank: 100}
          - {category: [B2B], rank: 80}
      specification: {weight: 20, rows: [{specification: [video], rank: 10}, {when: speed > 500, rank: 90}]}
      action: {weight: 10, rank: 50, rows: [{action: [delete], rank: 0, weight: 0}]}
      urgency: {weight: 30}
    lanes:
      high: {bands: [Critical, High], capPerHour: 100, above: {batch: refuse, "*": downgrade}}
      bulk: {category: [migration]}
"""


def loaded(tmp_path: Path, text: str = HEAD + POLICIES) -> Catalog:
    file = tmp_path / "catalog.yaml"
    file.write_text(text)
    return load(file)


@pytest.fixture
def policed(tmp_path: Path) -> Catalog:
    return loaded(tmp_path)


def line(offering: str = "shop", key: str = "1", action: str = "add", **known: Any) -> LineFacts:
    specification = "video" if offering == "film" else "access"
    places = tuple(PlaceFact("installation", id_) for id_ in known.pop("places", ()))
    contacts = frozenset(known.pop("contacts", ()))
    return LineFacts(
        key, action, offering, specification, characteristics=known, places=places, contacts=contacts
    )


def order(*lines: LineFacts, **more: Any) -> OrderFacts:
    return OrderFacts(lines, offerings=tuple(dict.fromkeys(each.offering for each in lines)), **more)


def tasks(
    catalog: Catalog, *lines: LineFacts, **more: Any
) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [(each.rule.id, each.lines, each.missing) for each in wanted_tasks(catalog, order(*lines, **more))]


def approvals(catalog: Catalog, *lines: LineFacts, **more: Any) -> list[tuple[str, int, tuple[str, ...]]]:
    return [
        (each.rule.id, each.approvers, each.lines)
        for each in needed_approvals(catalog, order(*lines, **more))
    ]


def findings(tmp_path: Path, policies: str) -> dict[str, Finding]:
    file = tmp_path / "catalog.yaml"
    file.write_text(HEAD + policies)
    return {finding.code: finding for finding in check(file)}


def test_policies_belong_to_the_version(policed: Catalog, tmp_path: Path) -> None:
    assert policed.policies is not None
    assert [rule.id for rule in policed.policies.enrichment] == ["where", "look", "talk"]
    assert policed.policies.enrichment[0].work.claim_within == 30 * 60_000
    assert loaded(tmp_path, HEAD).digest != policed.digest
    assert loaded(tmp_path, HEAD).policies is None


def test_a_task_is_asked_for_where_its_row_holds_and_something_lacks(policed: Catalog) -> None:
    assert tasks(policed, line("office"), line("shop", "2")) == [
        ("where", ("1",), ("site", "place.installation"))
    ]
    assert tasks(policed, line("office", places=["p1"])) == [("where", ("1",), ("site",))]
    assert tasks(policed, line("office", site="x", places=["p1"])) == []
    assert tasks(policed, line("office", action="modify")) == []


def test_a_task_without_fields_asks_somebody_to_look(policed: Catalog) -> None:
    assert tasks(policed, line("film"), category="B2B") == [("look", ("1",), ())]
    assert tasks(policed, line("film"), category="B2C") == []


def test_together_is_one_task_for_all_lines_that_lack_it(policed: Catalog) -> None:
    lines = [line(key=key, speed=1_000) for key in ("1", "2")]
    assert tasks(policed, *lines, line(key="3", speed=100)) == [("talk", ("1", "2"), ("contact",))]
    assert tasks(policed, line(speed=1_000, contacts=["technical"])) == []


def test_what_is_not_known_asks_for_no_task_but_for_approval(policed: Catalog) -> None:
    assert tasks(policed, line()) == []
    (needed,) = needed_approvals(policed, order(line()))
    assert (needed.rule.id, needed.reason) == ("fast", "not known yet: speed")


def test_what_cannot_be_evaluated_asks_for_both(policed: Catalog) -> None:
    (task,) = wanted_tasks(policed, order(line(speed="fast")))
    assert task.rule.id == "talk" and "speed > 500" in task.reason
    (needed,) = needed_approvals(policed, order(line(speed="fast")))
    assert needed.rule.id == "fast" and "speed > 500" in needed.reason


def test_approvals_by_condition_place_and_exception(policed: Catalog) -> None:
    assert approvals(policed, line(speed=1_000), line(key="2", speed=1)) == [("fast", 2, ("1",))]
    assert approvals(policed, line(speed=1, places=["p9"])) == [("elsewhere", 1, ("1",))]
    assert approvals(policed, line(speed=1_000), customer="c1") == []
    assert approvals(policed, line(action="noChange", speed=1_000)) == []


def test_priority_is_the_weighted_mean_and_the_orders_that_of_its_most_urgent_line(policed: Catalog) -> None:
    # (20*40 + 0*20 + 50*10 + 0*30) / 100; a row may bring its own weight: (20*40 + 0*20 + 0*30) / 90
    plain = ranking(policed, order(line(speed=1), line(key="2", action="delete", speed=1)))
    assert plain is not None and (plain.priority, plain.lines, plain.lane) == (13, (13, 8), "default")
    urgent = ranking(policed, order(line(speed=1), line(key="2", speed=1_000), customer="c1", urgency=0))
    assert urgent is not None and (urgent.priority, urgent.lines, urgent.lane) == (93, (75, 93), "high")
    bulk = ranking(policed, order(line(speed=1), category="migration"))
    assert bulk is not None and bulk.lane == "bulk"


@given(st.integers(0, 100))
def test_bands_and_tmf_priorities_are_cut_at_their_bounds(priority: int) -> None:
    bands = {"Critical": range(80, 101), "High": range(60, 80), "Medium": range(40, 60), "Low": range(40)}
    assert priority in bands[band_of(priority)]
    allowed = {"Critical": "0", "High": "1", "Medium": "23", "Low": "4"}
    assert tmf_priority(priority) in allowed[band_of(priority)]


def test_only_lines_that_a_row_can_hold_for_concern_anybody(sample: Catalog) -> None:
    plain = LineRequest("1", "add", "broadband-basic")
    assert not concerned(sample, [plain])
    assert concerned(sample, [LineRequest("1", "add", "managed-security")])
    assert not concerned(sample, [LineRequest("1", "add", None, "managed-security-service")])
    assert concerned(sample, [plain, LineRequest("2", "add", "managed-security")])


def test_a_priority_policy_concerns_every_order(policed: Catalog) -> None:
    assert concerned(policed, [LineRequest("1", "add", "shop")])


@pytest.mark.parametrize(
    ("policies", "code", "below", "fix"),
    [
        ("policies: {enrichment: {a: {grup: x}}}", "unknown-field", 0, "did you mean 'group'"),
        ("policies: {enrichment: {a: {fills: [site]}}}", "missing-field", 0, "group"),
        ("policies: {enrichment: {a: {group: x, fills: [sight]}}}", "unknown-field-to-fill", 0, "'site'"),
        ("policies: {enrichment: {a: {group: x, offering: [shp]}}}", "unknown-reference", 0, "'shop'"),
        ("policies: {enrichment: {a: {group: x, specification: [x]}}}", "unknown-reference", 0, "define"),
        ("policies: {enrichment: {a: {group: x, when: 'speed >'}}}", "bad-expression", 0, "CEL"),
        ("policies: {enrichment: {a: {group: x, when: sped > 5}}}", "unknown-name", 0, "'speed'"),
        (
            "policies: {enrichment: {a: {group: x, when: order.categry == 'x'}}}",
            "unknown-name",
            0,
            "category",
        ),
        ("policies: {enrichment: {a: {group: x, when: order.price.sum > 1}}}", "unknown-name", 0, "oneTime"),
        ("policies: {enrichment: {a: {group: x, when: has(line.place)}}}", "doubtful-expression", 0, "say"),
        ("policies: {enrichment: {a: {group: x, action: [ad]}}}", "unknown-action", 0, "'add'"),
        ("policies: {enrichment: {a: {group: x, urgency: [7]}}}", "unknown-urgency", 0, "0 (highest)"),
        ("policies: {enrichment: {a: {group: x, deadline: soon}}}", "bad-duration", 0, "PT4H"),
        (
            "policies: {enrichment: {a: {group: x, overdue: ask}}}",
            "reaction-without-deadline",
            0,
            "deadline",
        ),
        (
            "policies: {enrichment: {a: {group: x, deadline: P1D, overdue: cry}}}",
            "unknown-reaction",
            0,
            "remind",
        ),
        ("policies: {enrichment: {a: {group: x, claimWithin: PT1H}}}", "escalation-without-group", 0, "To"),
        ("policies: {approval: {a: {approvers: three, group: x}}}", "unknown-approvers", 0, "two"),
        ("policies: {approval: {a: {approvers: auto, group: x}}}", "field-not-applicable", 0, "remove"),
        (
            "policies: {approval: {a: {group: x, deadline: P1D, overdue: ask}}}",
            "reaction-not-applicable",
            0,
            "reject",
        ),
        (
            "policies:\n  approval:\n    all: {approvers: auto}\n    b: {group: x}",
            "policy-never-asked",
            3,
            "move it up",
        ),
        ("policies: {priority: {factors: {mood: {weight: 1}}}}", "unknown-factor", 0, "customer"),
        ("policies: {priority: {factors: {action: {weight: 0}}}}", "weightless-priority", 0, "weight"),
        ("policies: {priority: {factors: {action: {weight: 101}}}}", "rank-out-of-range", 0, "0 to 100"),
        ("policies: {priority: {lanes: {fast: {}}}}", "unknown-lane", 0, "high"),
        ("policies: {priority: {lanes: {high: {bands: [Urgent]}}}}", "unknown-band", 0, "Critical"),
        ("policies: {priority: {lanes: {high: {above: drop}}}}", "unknown-reaction", 0, "downgrade"),
    ],
)
def test_what_is_wrong_is_found_in_its_place(
    tmp_path: Path, policies: str, code: str, below: int, fix: str
) -> None:
    found = findings(tmp_path, policies + "\n")
    assert code in found, list(found.values())
    assert found[code].line == HEAD.count("\n") + 1 + below and fix in found[code].fix


def test_rows_and_priorities_are_stated_once_over_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HEAD + POLICIES)
    (tmp_path / "b.yaml").write_text(
        "policies:\n  approval: {fast: {group: x}}\n  priority: {factors: {action: {weight: 1}}}\n"
    )
    found = [(each.file, each.line, each.code) for each in check(tmp_path) if each.severity == "error"]
    assert found == [(str(tmp_path / "b.yaml"), line, "duplicate-policy") for line in (2, 3)]
