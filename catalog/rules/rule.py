"""The rules of a catalog as values: what they say, for which actions, and what happens when they must wait.

Every text in a field named `condition`, `value` or `key` is CEL (`catalog.rules.expression`). Rules are evaluated for
`add` and `modify` only: a delete follows what is installed, never the rules.
"""

from typing import Any, Literal

import msgspec

RuleAction = Literal["add", "modify", "move", "suspend", "resume"]
Effect = Literal["include", "exclude"]
MappingAction = Literal["copy", "default", "set", "include", "exclude", "validate"]
Reaction = Literal["remind", "escalate", "default", "cancelLine"]
Combination = Literal["equal", "max", "sum", "union"]
CompatibilityType = Literal["requires", "excludes"]
Beside = Literal["order", "customer"]
Shrinking = Literal["newest", "idleFirst", "ask"]

RULE_ACTIONS: tuple[RuleAction, ...] = ("add", "modify", "move", "suspend", "resume")
RULE_ACTIONS_DEFAULT: tuple[RuleAction, ...] = ("add", "modify")
MAPPING_ACTIONS: tuple[MappingAction, ...] = ("copy", "default", "set", "include", "exclude", "validate")
REACTIONS: tuple[Reaction, ...] = ("remind", "escalate", "default", "cancelLine")
TELLING_REACTIONS: frozenset[Reaction] = frozenset({"remind", "escalate"})
"""Those that tell somebody and go on waiting."""
COMBINATIONS: tuple[Combination, ...] = ("equal", "max", "sum", "union")
BESIDES: tuple[Beside, ...] = ("order", "customer")
SHRINKINGS: tuple[Shrinking, ...] = ("newest", "idleFirst", "ask")
WRITING_ACTIONS: frozenset[MappingAction] = frozenset({"copy", "default", "set"})


class Wait(msgspec.Struct, frozen=True, rename="camel"):
    """How long a rule may wait for values it does not know, and what happens then.

    `deadline_ms` counts from when it began to wait. `remind` and `escalate` go on waiting and tell somebody, once
    more with each deadline that passes: `remind` tells `group`, `escalate` the groups of `escalate_to` one after the
    other, and in the end the last one again (without any: `group`). No group is everybody. `default` lets the rule
    have the outcome `default` (true or false of a condition, the value of a mapping); `cancelLine` cancels the order
    line.
    """

    deadline_ms: int
    reaction: Reaction = "remind"
    default: Any = None
    group: str = ""
    escalate_to: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """An inclusion or exclusion on one relationship: the target is created if one inclusion holds (or there is
    none) and no exclusion does.

    `id` is unique in its relationship. `actions` are those of the line for which it is evaluated: `modify` stands
    for every modify, `move`, `suspend` and `resume` for those with that intent only. On other actions it is as if the
    rule were not there.
    """

    id: str
    effect: Effect
    condition: str
    actions: tuple[RuleAction, ...] = RULE_ACTIONS_DEFAULT
    wait: Wait | None = None
    description: str = ""

    def applies_to(self, action: str, intent: str | None = None) -> bool:
        """Whether the rule counts for a line of this TMF action and intent."""
        return action in self.actions or (intent is not None and intent in self.actions)


class AttributeMapping(msgspec.Struct, frozen=True, rename="camel"):
    """A rule that carries a value from wherever its texts read to `target_characteristic` of `target`.

    The specification that holds it need be neither: bare names in `condition` and `value` are its characteristics,
    `target` is any specification of the line's hierarchy. Applied when `condition` is true or there is none:

    - `copy` writes the value that `value` reads (a characteristic, by its path), `set` the value that it computes;
    - `default` writes it only while nothing else gave the target a value;
    - `include` and `exclude` create or do not create `target` under its parents;
    - `validate` demands that `value` is true, or refuses with `message`.

    Of several that write one target for the same action the highest `precedence` wins; a catalog in which two are
    equal is refused.
    """

    id: str
    action: MappingAction
    target: str
    target_characteristic: str | None = None
    value: str | None = None
    condition: str | None = None
    precedence: int = 0
    actions: tuple[RuleAction, ...] = RULE_ACTIONS_DEFAULT
    message: str = ""
    wait: Wait | None = None
    description: str = ""

    def applies_to(self, action: str, intent: str | None = None) -> bool:
        """Whether the mapping counts for a line of this TMF action and intent."""
        return action in self.actions or (intent is not None and intent in self.actions)


class Compatibility(msgspec.Struct, frozen=True, rename="camel"):
    """A horizontal relationship: what `target`, of any other hierarchy, must be for the specification that holds it.

    `requires` wants one of them, `excludes` none, in both cases one for which `condition` holds, which reads both
    sides: bare names are the holder's, the target's go by its id. `beside` says where it is looked for: in the order
    and the installed products that it names, or among all that its customer has.
    Checked at approval (a failure blocks, overridable) and at completion (a failure is fallout).
    """

    id: str
    type: CompatibilityType
    target: str
    condition: str | None = None
    message: str = ""
    description: str = ""
    beside: Beside = "order"
