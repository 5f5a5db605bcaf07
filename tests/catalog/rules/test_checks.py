"""Each mistake in rules is found when the catalog is loaded, in its line and with a fix."""

import ast
from collections.abc import Callable
from textwrap import dedent, indent

import pytest

from catalog.findings import Finding
from catalog.store import SAMPLES

Check = Callable[[str], list[Finding]]

SOUND = """\
offerings: {shop: {productSpecification: internet}}
productSpecifications:
  internet:
    characteristics:
      speed: {valueType: integer, mandatory: true}
      tier: {valueType: string, default: basic}
      started: {valueType: date}
      tags: {maxCardinality: unbounded}
      line-type: {allowedValues: [copper, fibre]}
    relationships:
      - {type: Realized as, target: access-line, mandatory: true}
      - {type: Realized as, target: backup}
      - {type: Composed of, target: agreement}
  agreement: {}
  island: {characteristics: {depth: {valueType: number}}}
serviceSpecifications:
  access-line:
    characteristics:
      speed: {valueType: integer}
      port: {valueType: string}
    plans: {add: [{name: work, target: system}], delete: [{name: end, target: system}]}
  backup:
    characteristics: {mode: {valueType: string}, count: {valueType: integer}}
    plans: {add: [{name: work, target: system}], delete: [{name: end, target: system}]}
"""

RULE = "      - {type: Realized as, target: backup}"
OF_INTERNET = "  agreement: {}\n"


def with_rules(rules: str) -> str:
    return SOUND.replace(
        RULE, f"      - type: Realized as\n        target: backup\n{indent(dedent(rules), ' ' * 8)}"
    )


def with_parts(parts: str) -> str:
    return SOUND.replace(OF_INTERNET, indent(dedent(parts), " " * 4).rstrip() + "\n" + OF_INTERNET)


def mapping(text: str) -> str:
    return with_parts(f"mappings:\n  - {{{text}}}")


CASES = {
    "rule-syntax": with_rules('condition: "speed > "'),
    "rule-unknown-name": with_rules('condition: "sped > 10"'),
    "rule-type": with_rules("condition: \"speed == 'fast'\""),
    "rule-decides-unknown": with_rules('condition: "has(this.speed) && speed > 10"'),
    "rule-constant": with_rules('condition: "1 < 2"'),
    "rule-without-effect": SOUND.replace("target: agreement}", 'target: agreement, condition: "speed > 10"}'),
    "mandatory-excluded": SOUND.replace(
        "target: access-line, mandatory: true}",
        'target: access-line, mandatory: true, rules: [{exclude: "speed < 10"}]}',
    ),
    "one-of": with_rules('rules: [{include: "speed > 1", exclude: "speed > 2"}]'),
    "unknown-action": with_rules('rules: [{include: "speed > 1", actions: [delete]}]'),
    "missing-field": with_rules('condition: "speed > 1"\nwait: {reaction: remind}'),
    "escalation-without-group": with_rules(
        'condition: "speed > 1"\nwait: {deadline: P1D, reaction: escalate}'
    ),
    "unknown-reaction": with_rules('condition: "speed > 1"\nwait: {deadline: P1D, reaction: shout}'),
    "duplicate-id": with_rules('rules: [{include: "speed > 1", id: a}, {exclude: "speed > 9", id: a}]'),
    "wait-default-not-allowed": with_rules(
        'condition: "speed > 1"\nwait: {deadline: P1D, reaction: default, default: fast}'
    ),
    "facet-not-applicable": mapping('include: backup, when: "speed > 1", to: backup.mode'),
    "unknown-reference": mapping("copy: tier, to: bakup.mode"),
    "mapping-unknown-characteristic": mapping("copy: tier, to: backup.mood"),
    "mapping-type-mismatch": mapping("copy: tier, to: backup.count"),
    "copy-not-a-path": mapping('copy: "speed + 1", to: backup.count'),
    "never-in-hierarchy": mapping("copy: speed, to: island.depth"),
    "nothing-to-include": mapping('include: internet, when: "speed > 1"'),
    "mapping-conflict": with_parts(
        """\
        mappings:
          - {copy: tier, to: backup.mode}
          - {set: "'slow'", to: backup.mode, when: "speed < 10"}
        """
    ),
    "rule-cycle": with_parts(
        """\
        mappings:
          - {copy: access_line.port, to: backup.mode}
          - {copy: backup.mode, to: access-line.port}
        """
    ),
    "relationship-after-cycle": SOUND.replace(RULE, RULE.replace("backup", "backup, after: [access-line]"))
    .replace("  backup:\n", "  backup:\n    sharingKey: line.place.site\n")
    .replace(
        "  access-line:\n", "  access-line:\n    relationships: [{type: Realized as, target: backup}]\n"
    ),
    "reserved-id": with_rules('condition: "speed > 1"').replace("  island:", "  order: {}\n  island:"),
    "compatibility-of-three": with_parts(
        'compatibilities: [{requires: island, when: "backup.count > speed"}]'
    ),
    "unknown-beside": with_parts("compatibilities: [{requires: island, beside: world}]"),
    "always-compatible": with_parts("compatibilities: [{requires: internet}]"),
    "combination-type": SOUND.replace("mode: {valueType: string}", "mode: {valueType: string, combine: sum}"),
    "combination-without-sharing": SOUND.replace(
        "count: {valueType: integer}", "count: {valueType: integer, combine: sum}"
    ),
    "sharing-key-constant": SOUND.replace("  backup:\n", "  backup:\n    sharingKey: \"'one'\"\n"),
    "sharing-key-never-matches": SOUND.replace("  backup:\n", "  backup:\n    sharingKey: line.id\n"),
    "sharing-key-never-known": SOUND.replace("  backup:\n", "  backup:\n    sharingKey: mode\n"),
    "mandatory-never-filled": SOUND.replace("port: {valueType: string}", "port: {mandatory: true}"),
    "mandatory-impossible": with_rules('condition: "speed > 10"')
    .replace("port: {valueType: string}", "port: {mandatory: true}")
    .replace(OF_INTERNET, "    mappings: [{copy: backup.mode, to: access-line.port}]\n" + OF_INTERNET),
}
WARNINGS = {
    "rule-decides-unknown",
    "rule-constant",
    "rule-without-effect",
    "mandatory-excluded",
    "escalation-without-group",
    "combination-without-sharing",
    "sharing-key-constant",
    "sharing-key-never-known",
    "mandatory-never-filled",
    "mandatory-impossible",
}


def codes(findings: list[Finding]) -> set[str]:
    return {finding.code for finding in findings} - {"unreachable", "nothing-to-do"}


def test_the_catalog_that_the_cases_change_is_sound(check_text: Check) -> None:
    assert codes(check_text(SOUND)) == set()


@pytest.mark.parametrize("code", CASES)
def test_each_mistake_is_found(code: str, check_text: Check) -> None:
    findings = check_text(CASES[code])
    assert codes(findings) == {code}, findings
    found = [finding for finding in findings if finding.code == code]
    assert all(finding.fix and finding.message and finding.line > 1 for finding in found)
    assert {finding.severity for finding in found} == {"warning" if code in WARNINGS else "error"}


@pytest.mark.parametrize(
    ("wait", "code", "said", "fix"),
    [
        (
            "reaction: cancelLine, group: desk",
            "facet-not-applicable",
            "group has no meaning",
            "reaction: remind",
        ),
        (
            "escalateTo: [lead]",
            "facet-not-applicable",
            "escalateTo has no meaning for reaction remind",
            "reaction: escalate",
        ),
        (
            "reaction: default, default: false, escalateTo: lead",
            "facet-not-applicable",
            "for reaction default",
            "reaction: escalate",
        ),
        ("reaction: escalate", "escalation-without-group", "nobody above everybody", "escalateTo: [group]"),
        (
            "reaction: escalate, group: desk, escalateTo: []",
            "escalation-without-group",
            "nobody above desk",
            "escalateTo: [group]",
        ),
        ("group: [a, b]", "wrong-shape", "group must be text", "write a word"),
    ],
)
def test_a_wait_tells_those_whom_its_reaction_can_tell(
    wait: str, code: str, said: str, fix: str, check_text: Check
) -> None:
    text = f'condition: "speed > 1"\nwait: {{deadline: P1D, {wait}}}'
    (found,) = (each for each in check_text(with_rules(text)) if each.code == code)
    assert said in found.message and fix in found.fix
    assert found.severity == ("warning" if code in WARNINGS else "error")


def test_each_code_in_the_source_has_a_case() -> None:
    reported = set()
    for room in (SAMPLES.parent / "rules").glob("*.py"):
        for node in ast.walk(ast.parse(room.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = {"report": 1, "choice": 3}.get(name)
            if place is not None and isinstance(code := node.args[place], ast.Constant):
                reported.add(code.value)
    assert reported == CASES.keys()


@pytest.mark.parametrize(
    "condition, said, fix",
    [
        ("access-line.speed > 1", "no characteristic 'access'", "write access_line for access-line"),
        ("`access-line`.sped > 1", "access-line has no characteristic 'sped'", "did you mean 'speed'"),
        ("backup.mod == 'x'", "backup has no characteristic 'mod'", "did you mean 'mode'"),
        ("line.plaice.site == 'x'", "there is no line.plaice", "did you mean 'place'"),
        ("order.priorty == '1'", "there is no order.priorty", "did you mean 'priority'"),
        ("nowhere.x == 1", "neither a characteristic of internet nor a specification", "declare it"),
        ("speed.unit == 'x'", "neither a characteristic", "declare it"),
        ("this.speed.unit == 'x'", "is of type number and has no fields", "read it as a whole"),
    ],
)
def test_unknown_names_come_with_what_was_meant(
    condition: str, said: str, fix: str, check_text: Check
) -> None:
    (found,) = (
        finding
        for finding in check_text(with_rules(f'condition: "{condition}"'))
        if finding.code == "rule-unknown-name"
    )
    assert said in found.message
    assert fix in found.fix


@pytest.mark.parametrize(
    "condition",
    [
        "speed > 10 && line_type == 'fibre'",
        "this.speed > 10 || `line-type` == 'copper'",
        "access_line.port == 'a' && `access-line`.speed > 3",
        "started > timestamp('2026-01-01') || order.requestedStartDate < started",
        "line.place.installation == 'x' || order.party.reseller == 'y'",
        "tags.exists(tag, tag.startsWith('vip')) || size(tags) > 3 || 'a' in tags",
        "line.intent != 'move' && line.quantity * 2 >= speed",
        "(started + duration('24h')).getFullYear() == 2026",
    ],
)
def test_conditions_that_are_sound(condition: str, check_text: Check) -> None:
    assert codes(check_text(with_rules(f'condition: "{condition}"'))) == set()


@pytest.mark.parametrize(
    "condition, said",
    [
        ("speed", "is a number"),
        ("speed && true", "&& wants true or false, not a number"),
        ("started > '2026-01-01'", "> compares a timestamp with text: it is an error"),
        ("tier != 5", "!= compares text with a number: it is always true"),
        ("tags + speed == 1", "+ cannot take a list and a number"),
        ("tags.all(tag, size(tag))", "all wants true or false, not a number"),
        ("tier.size() > 1 && speed.startsWith('1')", "startsWith wants text, not a number"),
        ("!tier", "! wants true or false, not text"),
        ("tags < tags", "< wants"),
    ],
)
def test_types_are_checked_when_loaded(condition: str, said: str, check_text: Check) -> None:
    (found,) = (
        finding
        for finding in check_text(with_rules(f'condition: "{condition}"'))
        if finding.code == "rule-type"
    )
    assert said in found.message


def test_two_writers_with_stated_precedence_or_other_actions_are_no_conflict(check_text: Check) -> None:
    stated = """\
        mappings:
          - {copy: tier, to: backup.mode}
          - {set: "'slow'", to: backup.mode, precedence: 1}
          - {default: "'none'", to: backup.mode}
        """
    apart = """\
        mappings:
          - {copy: tier, to: backup.mode, actions: [add]}
          - {set: "'slow'", to: backup.mode, actions: [modify]}
        """
    assert codes(check_text(with_parts(stated))) == codes(check_text(with_parts(apart))) == set()


def test_include_against_exclude_is_a_conflict(check_text: Check) -> None:
    opposed = """\
        mappings:
          - {include: backup, when: "speed > 10"}
          - {exclude: backup, when: "tier == 'basic'"}
        """
    assert codes(check_text(with_parts(opposed))) == {"mapping-conflict"}
    assert codes(check_text(with_parts(opposed.replace("exclude", "include")))) == set()
    settled = opposed.replace("'basic'\"}", "'basic'\", precedence: 1}")
    assert codes(check_text(with_parts(settled))) == set()


def test_a_spelling_of_two_names_is_the_name_of_none(check_text: Check) -> None:
    twins = with_rules("condition: \"backup_line.mode == 'x'\"")
    twins = twins.replace("  backup:\n", "  backup.line: {}\n  backup-line: {}\n  backup:\n")
    (found,) = (finding for finding in check_text(twins) if finding.code == "rule-unknown-name")
    assert "'backup_line' is neither" in found.message


def test_a_rule_cannot_read_what_only_it_creates(check_text: Check) -> None:
    (found,) = (
        finding
        for finding in check_text(with_rules("condition: \"backup.mode == 'x'\""))
        if finding.code == "rule-cycle"
    )
    assert "that backup stands needs backup.mode needs that backup stands" in found.message


def test_several_cycles_are_all_reported(check_text: Check) -> None:
    text = with_parts(
        """\
        mappings:
          - {set: "speed + 1", to: speed}
          - {copy: access_line.port, to: backup.mode}
          - {copy: backup.mode, to: access-line.port}
        """
    )
    assert [finding.code for finding in check_text(text)].count("rule-cycle") == 2


def test_a_value_that_may_not_be_chosen_needs_a_source(check_text: Check) -> None:
    text = SOUND.replace(
        "speed: {valueType: integer, mandatory: true}",
        "speed: {valueType: integer, mandatory: true, configurable: false}",
    )
    (found,) = (finding for finding in check_text(text) if finding.code == "mandatory-impossible")
    assert found.severity == "error"
