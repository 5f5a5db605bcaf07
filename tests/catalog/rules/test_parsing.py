"""Rules as they are written in YAML become the values that decomposition reads."""

from collections.abc import Callable

from catalog.model import Catalog, Specification
from catalog.rules.rule import AttributeMapping, Compatibility, Rule, Wait
from catalog.validity import TimePeriod

CATALOG = """
    offerings: {o: {productSpecification: p}}
    productSpecifications:
      p:
        wait: {deadline: P30D, reaction: escalate, group: desk, escalateTo: [lead, director]}
        characteristics:
          speed: {valueType: integer}
          tier: {valueType: string}
        relationships:
          - type: Realized as
            target: s
            condition: speed > 10
            wait: {deadline: P7D, reaction: default, default: false}
            whenShrinking: idleFirst
            validFor: {startDateTime: 2026-01-01T00:00:00Z}
            rules:
              - {exclude: "tier == 'none'", actions: [add, move], id: none, wait: {deadline: PT1H, group: desk}}
              - {include: "tier == 'gold'", description: They always get one.}
          - {type: Realized as, target: other-service}
        mappings:
          - {copy: speed, to: other-service.rate, when: tier != '', precedence: 5, actions: modify}
          - {set: speed * 2, to: "`s`.rate", id: doubled}
          - {default: 100, to: speed}
          - {exclude: s, when: speed < 5}
          - {validate: speed <= 1000, message: Too fast.}
        compatibilities:
          - {requires: voice, when: voice.lines > speed, message: Voice first.}
          - {excludes: p, beside: customer}
      voice: {characteristics: {lines: {valueType: integer}}}
    serviceSpecifications:
      s:
        sharingKey: line.place.site
        characteristics: {rate: {valueType: integer, combine: max}}
      other-service:
        characteristics: {rate: {valueType: integer}}
    """


def specification(load_text: Callable[[str], Catalog], identifier: str) -> Specification:
    return load_text(CATALOG).specifications[identifier]


def test_rules_of_a_relationship(load_text: Callable[[str], Catalog]) -> None:
    ruled, plain = specification(load_text, "p").relationships
    week = Wait(7 * 86_400_000, "default", False)
    assert ruled.rules == (
        Rule("condition", "include", "speed > 10", wait=week),
        Rule("none", "exclude", "tier == 'none'", ("add", "move"), Wait(3_600_000, group="desk")),
        Rule("include 2", "include", "tier == 'gold'", wait=week, description="They always get one."),
    )
    assert ruled.when_shrinking == "idleFirst"
    assert ruled.valid_for == TimePeriod(1_767_225_600_000)
    assert (plain.rules, plain.when_shrinking, plain.valid_for) == ((), "ask", None)


def test_attribute_mappings(load_text: Callable[[str], Catalog]) -> None:
    month = Wait(30 * 86_400_000, "escalate", None, "desk", ("lead", "director"))
    assert specification(load_text, "p").mappings == (
        AttributeMapping(
            "1: copy other-service.rate",
            "copy",
            "other-service",
            "rate",
            "speed",
            "tier != ''",
            5,
            ("modify",),
            wait=month,
        ),
        AttributeMapping("doubled", "set", "s", "rate", "speed * 2", wait=month),
        AttributeMapping("3: default p.speed", "default", "p", "speed", "100", wait=month),
        AttributeMapping("4: exclude s", "exclude", "s", condition="speed < 5", wait=month),
        AttributeMapping(
            "5: validate p", "validate", "p", value="speed <= 1000", message="Too fast.", wait=month
        ),
    )


def test_sharing_and_compatibility(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(CATALOG)
    shared = catalog.specifications["s"]
    assert shared.sharing_key == "line.place.site"
    assert shared.characteristics[0].combine == "max"
    assert catalog.specifications["p"].compatibilities == (
        Compatibility("1: requires voice", "requires", "voice", "voice.lines > speed", "Voice first."),
        Compatibility("2: excludes p", "excludes", "p", beside="customer"),
    )


def test_what_has_no_rule_is_not_ruled(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(CATALOG)
    assert {each.id for each in catalog.specifications.values() if each.ruled} == {"p", "s"}


def test_rules_hold_for_their_actions() -> None:
    rule = Rule("r", "include", "a")
    assert rule.applies_to("add") and rule.applies_to("modify", "move") and not rule.applies_to("delete")
    moving = Rule("r", "include", "a", ("move",))
    assert moving.applies_to("modify", "move") and not moving.applies_to("modify")
    mapping = AttributeMapping("m", "set", "s", "c", "1", actions=("suspend",))
    assert mapping.applies_to("modify", "suspend") and not mapping.applies_to("modify")
