"""A catalog written back as the YAML that it could have been read from: the opposite of `catalog.loader`.

What equals its default is left out, so that the text is about as short as a person would write it. Reading it gives the
same catalog, digest and all. The text is made of plain values first (`sections_of`), which import and export work on.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import yaml

from catalog.commerce.model import (
    BundledOffering,
    Candidate,
    Category,
    CharacteristicUse,
    PriceCondition,
    ProductOffering,
    ProductOfferingPrice,
)
from catalog.durations import duration_text
from catalog.model import (
    Catalog,
    CharacteristicSpecification,
    Relationship,
    Specification,
    TaskTemplate,
)
from catalog.parsing import SECTIONS
from catalog.parts.characteristics import UNBOUNDED
from catalog.parts.plans import TIMEOUT_DURATIONS, TIMEOUT_MS_MIN
from catalog.policies.writing import policies_form
from catalog.rules.rule import (
    RULE_ACTIONS_DEFAULT,
    AttributeMapping,
    Compatibility,
    Rule,
    Wait,
)
from catalog.validity import TimePeriod, instant_text

Form = dict[str, Any]
"""An entry as YAML says it."""

_SECTION_OF = {kind: section for section, kind in SECTIONS.items()}
_CANDIDATES = {"service": "serviceCandidates", "resource": "resourceCandidates"}


def yaml_of(catalog: Catalog) -> str:
    """The catalog as one YAML document."""
    return yaml_text(sections_of(catalog))


def yaml_text(sections: Mapping[str, Any]) -> str:
    """Sections as YAML; text that would read as something else is quoted."""
    text: str = yaml.dump(
        dict(sections),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=False,
    )
    return text


def sections_of(catalog: Catalog) -> Form:
    """The whole catalog as YAML says it, section by section."""
    sections: Form = {"catalog": {"name": catalog.name, "version": catalog.version}}
    for offering in catalog.offerings.values():
        sections.setdefault("offerings", {})[offering.id] = _offering(offering)
    for price in catalog.commerce.prices.values():
        sections.setdefault("prices", {})[price.id] = _price(price)
    for category in catalog.commerce.categories.values():
        sections.setdefault("categories", {})[category.id] = _category(category)
    for candidate in catalog.commerce.candidates.values():
        sections.setdefault(_CANDIDATES[candidate.kind], {})[candidate.id] = _candidate(candidate)
    for specification in catalog.specifications.values():
        sections.setdefault(_SECTION_OF[specification.kind], {})[specification.id] = _specification(
            specification
        )
    if catalog.policies is not None:
        sections["policies"] = policies_form(catalog.policies)
    return sections


class _Dumper(yaml.SafeDumper):
    """Repeats values instead of naming them: an alias saves nothing a person would want saved."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whatever it is."""
        return True


def _told(form: Form) -> Form:
    """Without what says nothing: None, empty text, empty collections, false."""
    return {
        name: value
        for name, value in form.items()
        if value not in (None, "", (), [], {}) and value is not False
    }


def _header(part: Any) -> Form:
    return {
        "name": part.name if part.name != part.id else None,
        "version": part.version if part.version != "1.0" else None,
        "lifecycleStatus": part.lifecycle_status if part.lifecycle_status != "Active" else None,
        "validFor": _period(part.valid_for),
        "description": part.description,
    }


def _period(period: TimePeriod | None) -> Form | None:
    if period is None:
        return None
    return _told(
        {
            "startDateTime": instant_text(period.start_ms) if period.start_ms is not None else None,
            "endDateTime": instant_text(period.end_ms) if period.end_ms is not None else None,
        }
    )


def _offering(offering: ProductOffering) -> Form:
    form = _told(
        {
            **_header(offering),
            "statusReason": offering.status_reason,
            "productSpecification": offering.product_specification,
            "bundledOfferings": {child.offering: _bundled(child) for child in offering.bundled},
            "prices": list(offering.prices),
            "categories": list(offering.categories),
            "characteristics": {use.name: _use(use) for use in offering.characteristics},
            "terms": [
                _told(
                    {
                        "name": term.name,
                        "duration": f"{term.amount} {term.units}" if term.units else None,
                        "description": term.description,
                    }
                )
                for term in offering.terms
            ],
            "relatedOfferings": [
                {"type": each.type, "offering": each.offering} for each in offering.relationships
            ],
            "serviceCandidate": offering.service_candidate,
            "resourceCandidate": offering.resource_candidate,
            "channels": list(offering.channels),
            "marketSegments": list(offering.market_segments),
            "places": list(offering.places),
            "agreements": list(offering.agreements),
            "serviceLevelAgreement": offering.service_level_agreement,
        }
    )
    if not offering.is_sellable:
        form["isSellable"] = False
    return form


def _bundled(child: BundledOffering) -> Form:
    form: Form = {
        "minimumQuantity": child.minimum_quantity,
        "defaultQuantity": child.default_quantity,
    }
    if child.maximum_quantity is not None:
        form["maximumQuantity"] = child.maximum_quantity
    if child.characteristics:
        form["characteristics"] = child.characteristics
    if child.prices is not None:
        form["prices"] = list(child.prices)
    return form


def _use(use: CharacteristicUse) -> Form:
    form = _told({"mandatory": use.mandatory, "allowedValues": list(use.allowed_values)})
    return form | _values(default=use.default, valueFrom=use.value_from, valueTo=use.value_to)


def _values(**values: Any) -> Form:
    """Values of characteristics, of which false and empty are values too."""
    return {name: value for name, value in values.items() if value is not None and value is not msgspec.UNSET}


def _price(price: ProductOfferingPrice) -> Form:
    return _told(
        {
            **_header(price),
            "priceType": price.price_type,
            "price": str(price.price) if price.price is not None else None,
            "percentage": _number(price.percentage),
            "taxIncluded": price.tax_included,
            "taxRate": _number(price.tax_rate),
            "taxCategory": price.tax_category,
            "period": f"{price.period_length} {price.period_type}" if price.period_type else None,
            "unitOfMeasure": f"{price.unit_amount:f} {price.unit}" if price.unit_amount is not None else None,
            "perCharacteristic": price.per_characteristic,
            "characteristics": {each.characteristic: _condition(each) for each in price.conditions},
            "actions": list(price.actions),
            "alterations": list(price.alterations),
            "bundledPrices": list(price.bundled),
            "priority": price.priority or None,
            "applicationDuration": price.application_duration or None,
        }
    )


def _number(number: Decimal | None) -> str | None:
    return f"{number:f}" if number is not None else None


def _condition(condition: PriceCondition) -> Form:
    form: Form = {"values": list(condition.values)} if condition.values else {}
    return form | _values(valueFrom=condition.value_from, valueTo=condition.value_to)


def _category(category: Category) -> Form:
    kind = category.kind if category.kind != "product" else None
    return _told({**_header(category), "kind": kind, "parent": category.parent})


def _candidate(candidate: Candidate) -> Form:
    return _told(
        {
            **_header(candidate),
            "specification": candidate.specification,
            "categories": list(candidate.categories),
        }
    )


def _specification(specification: Specification) -> Form:
    return _told(
        {
            **_header(specification),
            "serviceType": specification.service_type if specification.service_type != "CFS" else None,
            "orders": specification.orders,
            "characteristics": {
                each.name: characteristic_form(each) for each in specification.characteristics
            },
            "relationships": [_relationship(each) for each in specification.relationships],
            "mappings": [_mapping(each) for each in specification.mappings],
            "sharingKey": specification.sharing_key,
            "compatibilities": [_compatibility(each) for each in specification.compatibilities],
            "wait": _wait(specification.wait),
            "plans": {action: _plan(tasks) for action, tasks in specification.plans.items()},
        }
    )


def characteristic_form(each: CharacteristicSpecification) -> Form:
    """A characteristic as YAML says it, with its members or elements."""
    usual = None if each.value_type == "array" else 1
    maximum = UNBOUNDED if each.max_cardinality is None else each.max_cardinality
    form = _told(
        {
            "valueType": each.value_type if each.value_type != "string" else None,
            "mandatory": each.mandatory,
            "allowedValues": list(each.allowed_values),
            "ranges": [
                _values(valueFrom=one.value_from, valueTo=one.value_to)
                | ({"rangeInterval": one.interval} if one.interval != "closed" else {})
                for one in each.ranges
            ],
            "regex": each.regex,
            "minCardinality": each.min_cardinality or None,
            "maxCardinality": maximum if each.max_cardinality != usual else None,
            "members": {member.name: characteristic_form(member) for member in each.members},
            "combine": each.combine if each.combine != "equal" else None,
            "unitOfMeasure": each.unit_of_measure,
            "description": each.description,
        }
    )
    if each.element is not None:
        form["element"] = characteristic_form(each.element)
    if not each.configurable:
        form["configurable"] = False
    return form | _values(default=each.default, valueFrom=each.value_from, valueTo=each.value_to)


def _relationship(each: Relationship) -> Form:
    form: Form = {"type": each.type, "target": each.target}
    form |= _told(
        {
            "order": each.order or None,
            "mandatory": each.mandatory,
            "quantityCharacteristic": each.quantity_characteristic,
            "whenShrinking": each.when_shrinking if each.when_shrinking != "ask" else None,
            "mapping": _pairs(each.mapping),
            "after": list(each.after),
            "rules": [_rule(rule) for rule in each.rules],
            "validFor": _period(each.valid_for),
            "description": each.description,
        }
    )
    if each.minimum_quantity != (1 if each.mandatory else 0):
        form["minimumQuantity"] = each.minimum_quantity
    if each.default_quantity != max(1, each.minimum_quantity):
        form["defaultQuantity"] = each.default_quantity
    if each.maximum_quantity is not None:
        form["maximumQuantity"] = each.maximum_quantity
    return form


def _pairs(mapping: tuple[tuple[str, str], ...]) -> Form:
    """Pairs of names; a source that goes to several targets has them in a list."""
    targets: dict[str, list[str]] = {}
    for source, target in mapping:
        targets.setdefault(source, []).append(target)
    return {source: into[0] if len(into) == 1 else into for source, into in targets.items()}


def _rule(rule: Rule) -> Form:
    return {rule.effect: rule.condition, **_common(rule)}


def _common(rule: Rule | AttributeMapping) -> Form:
    return _told(
        {
            "id": rule.id,
            "actions": list(rule.actions) if rule.actions != RULE_ACTIONS_DEFAULT else None,
            "wait": _wait(rule.wait),
            "description": rule.description,
        }
    )


def _mapping(mapping: AttributeMapping) -> Form:
    stated = mapping.target if mapping.action in ("include", "exclude") else mapping.value
    form: Form = {mapping.action: stated}
    if mapping.target_characteristic is not None:
        # A name with a dot of its own is quoted, as CEL quotes it.
        dotted = "." in mapping.target or mapping.target.startswith("`")
        target = f"`{mapping.target}`" if dotted else mapping.target
        form["to"] = f"{target}.{mapping.target_characteristic}"
    form |= _told(
        {
            "when": mapping.condition,
            "precedence": mapping.precedence or None,
            "message": mapping.message,
        }
    )
    return form | _common(mapping)


def _compatibility(each: Compatibility) -> Form:
    return {
        each.type: each.target,
        **_told(
            {
                "id": each.id,
                "when": each.condition,
                "beside": each.beside if each.beside != "order" else None,
                "message": each.message,
                "description": each.description,
            }
        ),
    }


def _wait(wait: Wait | None) -> Form | None:
    if wait is None:
        return None
    form: Form = {"deadline": duration_text(wait.deadline_ms)}
    if wait.reaction != "remind":
        form["reaction"] = wait.reaction
    if wait.reaction == "default":
        form["default"] = wait.default
    return form | _told({"group": wait.group, "escalateTo": list(wait.escalate_to)})


def _plan(tasks: tuple[TaskTemplate, ...]) -> Any:
    """A list where each task waits for the one before; else each says what it waits for."""
    before = [None, *(task.name for task in tasks)]
    if all(
        task.after == ((earlier,) if earlier else ()) for task, earlier in zip(tasks, before, strict=False)
    ):
        return [_task(task) for task in tasks]
    entries = [_task(task) | ({"after": list(task.after)} if task.after else {}) for task in tasks]
    return {"sequence": "parallel", "tasks": entries}


def _task(task: TaskTemplate) -> Form:
    usual = max(TIMEOUT_MS_MIN, TIMEOUT_DURATIONS * task.duration_ms)
    form: Form = {"name": task.name, "target": task.target}
    return form | _told(
        {
            "duration": duration_text(task.duration_ms) if task.duration_ms else None,
            "timeout": duration_text(task.timeout_ms) if task.timeout_ms != usual else None,
            "pointOfNoReturn": task.point_of_no_return,
            "undoes": list(task.undoes),
            "leavesNothing": task.leaves_nothing,
            "gives": dict(task.gives),
            "description": task.description,
        }
    )
