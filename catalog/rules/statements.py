"""Every CEL text of a catalog that is being read, compiled, with its place and what it may come to."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from catalog.draft import Draft
from catalog.located import Located, nearest
from catalog.model import Specification
from catalog.rules.expression import Expression, expression
from catalog.rules.inference import ANY, WORDS, type_of_expression
from catalog.rules.rule import AttributeMapping, Rule
from catalog.rules.syntax import ExpressionSyntaxError
from catalog.rules.vocabulary import SCOPES, SpecificationNames, UnknownName, Vocabulary, spelled

Use = Literal["rule", "condition", "value", "validation", "sharingKey", "compatibility"]

CONDITIONS: frozenset[Use] = frozenset({"rule", "condition", "validation", "compatibility"})


class Statement(NamedTuple):
    """One text: who holds it, what for, where it stands, and what became of it.

    `edge` is the (type, target) of the relationship whose rule it is, `mapping` the attribute mapping it belongs to,
    `beside` the target of the compatibility.
    """

    holder: Specification
    use: Use
    what: str
    text: str
    at: Located
    expression: Expression
    type: str
    edge: tuple[str, str] | None = None
    rule: Rule | None = None
    mapping: AttributeMapping | None = None
    beside: str = ""


def statements_of(draft: Draft) -> list[Statement]:
    """All texts that could be compiled; the others, and all that is wrong within one text, are reported."""
    if not any(_holds_texts(each) for each in draft.specifications.values()):
        return []
    for name in SCOPES:
        if name in draft.specifications:
            message = f"specification {name!r} has the name by which rules read the {name} itself"
            at = draft.places[("specification", name)]
            draft.findings.report(at, "reserved-id", message, "give the specification another id")
    names = SpecificationNames(draft.specifications)
    return [
        statement
        for specification in draft.specifications.values()
        if _holds_texts(specification)
        for statement in _of_specification(draft, specification, Vocabulary(specification, names))
    ]


def _holds_texts(specification: Specification) -> bool:
    return specification.ruled or bool(specification.compatibilities)


def _of_specification(draft: Draft, holder: Specification, names: Vocabulary) -> Iterator[Statement]:
    reader = _Reader(draft, holder, names)
    if holder.sharing_key is not None:
        at = draft.places[("sharingKey", holder.id)]
        yield from reader.read("sharingKey", f"{holder.id}: sharingKey", holder.sharing_key, at)
    for relationship in holder.relationships:
        edge = (relationship.type, relationship.target)
        for rule in relationship.rules:
            at = draft.places[("rule", holder.id, *edge, rule.id)]
            what = f"{holder.id} {' '.join(edge)}: {rule.id}"
            for statement in reader.read("rule", what, rule.condition, at):
                yield statement._replace(edge=edge, rule=rule)
    for mapping in holder.mappings:
        at = draft.places[("mapping", holder.id, mapping.id)]
        what = f"{holder.id}: mapping {mapping.id}"
        use: Use = "validation" if mapping.action == "validate" else "value"
        for each, text in (("condition", mapping.condition), (use, mapping.value)):
            if text is not None:
                for statement in reader.read(each, what, text, at):  # type: ignore[arg-type]
                    yield statement._replace(mapping=mapping)
    for compatibility in holder.compatibilities:
        if compatibility.condition is not None:
            at = draft.places[("compatibility", holder.id, compatibility.id)]
            what = f"{holder.id}: compatibility {compatibility.id}"
            for statement in reader.read("compatibility", what, compatibility.condition, at):
                yield statement._replace(beside=compatibility.target)


class _Reader:
    def __init__(self, draft: Draft, holder: Specification, names: Vocabulary) -> None:
        self.draft = draft
        self.holder = holder
        self.names = names

    def read(self, use: Use, what: str, text: str, at: Located) -> list[Statement]:
        """The statement that a text is, or none after a finding."""
        report = self.draft.findings.report
        try:
            compiled = expression(text, self.names.resolve)
        except ExpressionSyntaxError as error:
            report(
                at, "rule-syntax", f"{what}: `{text}` is no CEL: {error}", "see the rule language in the docs"
            )
            return []
        except UnknownName as error:
            report(at, "rule-unknown-name", f"{what}: `{text}`: {error}", self.fix_of(error, text))
            return []
        found, mistakes = type_of_expression(compiled.node, self.names.type_of)
        for mistake in mistakes:
            report(at, "rule-type", f"{what}: `{text}`: {mistake}", "compare and combine values of one type")
        if use in CONDITIONS and found not in ("boolean", ANY) and not mistakes:
            message = f"{what}: `{text}` is {WORDS[found]}, and a condition is true or false"
            report(at, "rule-type", message, f"compare it with something, such as `({text}) == …`")
        for warning in compiled.warnings:
            fix = "leave it out: a rule waits for what it does not know, and goes on when it comes"
            report(at, "rule-decides-unknown", f"{what}: `{text}`: {warning}", fix, "warning")
        return [Statement(self.holder, use, what, text, at, compiled, found)]

    def fix_of(self, error: UnknownName, text: str) -> str:
        """What to write instead of a name that is not known; a specification with a dash reads as a subtraction."""
        dashed = next(
            (name for name in self.draft.specifications if name != spelled(name) and name in text), None
        )
        if dashed is not None and f"`{dashed}`" not in text:
            return f"write {self.names.written(dashed)} for {dashed}, as CEL has no such names"
        if not error.near:
            return "read it as a whole"
        quoted = f"; a text needs quotes: '{error.word}'" if text.strip() == error.word else ""
        return f"declare it, or name another{nearest(error.word, error.near)}{quoted}"
