"""Policies in the schema."""

from typing import Final

from catalog.model import ACTIONS
from catalog.policies.model import ABOVE, APPROVERS, BANDS, FACTORS, LANES, REACTIONS, URGENCY_RANKS
from catalog.schema.words import Parts, Schema, by_id, count, flag, list_of, one_of, some_of, text, to, words

_RANK: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 100}
_ABOVE: Final[Schema] = {
    "anyOf": [
        {"enum": list(ABOVE)},
        {"type": "object", "additionalProperties": {"enum": list(ABOVE)}},
    ],
    "description": "What becomes of one more: a word for all, or a word by client (`*`: the others).",
}


def policy_parts() -> Parts:
    """The parts of the section `policies`."""
    return {
        "policies": (
            {
                "enrichment": by_id("enrichment", "Tasks for people, for lines that lack something."),
                "approval": by_id("approval", "Who must say yes; the first `auto` row that holds ends it."),
                "compatibility": to("work", "Who decides on incompatible orders that no row asks about."),
                "priority": to("priority", "How urgent orders are."),
            },
            (),
        ),
        "enrichment": (
            {
                **_conditions(),
                **_work(),
                "name": text("What the task is called; the row's id when left out."),
                "fills": words(
                    "What its lines must know before it is done: characteristics, `place.ROLE`, `contact.ROLE`, "
                    "`appointment`, `billingAccount`, `price`. Without any somebody only looks."
                ),
                "together": flag("One task for all lines it holds for."),
                "description": text("For people."),
            },
            ("group",),
        ),
        "approval": (
            {
                **_conditions(),
                **_work(),
                "name": text("What the approval is called; the row's id when left out."),
                "approvers": one_of(APPROVERS, "How many different people; one when left out."),
                "returnTo": text(
                    "The group that reworks what is returned; the approvers' own when left out."
                ),
                "description": text("For people."),
            },
            (),
        ),
        "work": (_work(), ("group",)),
        "priority": (
            {
                "factors": {
                    "type": "object",
                    "properties": {name: to("factor") for name in FACTORS},
                    "additionalProperties": False,
                    "description": "sum(rank * weight) / sum(weight).",
                },
                "lanes": {
                    "type": "object",
                    "properties": {name: to("lane") for name in LANES},
                    "additionalProperties": False,
                    "description": "The first lane that fits is taken; default where none does.",
                },
            },
            (),
        ),
        "factor": (
            {
                "weight": {**_RANK, "description": "0 to 100."},
                "rank": {**_RANK, "description": "0 to 100, where no row holds."},
                "rows": list_of("rank", "The first that holds gives the rank."),
            },
            (),
        ),
        "rank": (
            {
                **_conditions(),
                "rank": {**_RANK, "description": "0 to 100."},
                "weight": {**_RANK, "description": "In place of the factor's own."},
            },
            (),
        ),
        "lane": (
            {
                **_conditions(),
                "bands": some_of(tuple(band for band, _ in BANDS), "Orders of these bands."),
                "capPerHour": count("How many orders of one client may enter it in an hour."),
                "above": _ABOVE,
            },
            (),
        ),
    }


def _conditions() -> dict[str, Schema]:
    urgency: Schema = {"type": "integer", "minimum": 0, "maximum": len(URGENCY_RANKS) - 1}
    return {
        "offering": words("Lines of these offerings."),
        "specification": words("Lines of these product specifications."),
        "action": some_of(ACTIONS, "Lines with these actions."),
        "place": words("Lines at places with these ids."),
        "customer": words("Orders of parties with these ids."),
        "category": words("Orders of these categories."),
        "urgency": {
            "anyOf": [urgency, {"type": "array", "items": urgency}],
            "description": "Orders with these priorities of TMF622, 0 the highest.",
        },
        "when": text("A CEL condition over characteristics, `line.…` and `order.…`."),
    }


def _work() -> dict[str, Schema]:
    return {
        "group": text("Who does it."),
        "deadline": to("duration", "Until when it must be done."),
        "overdue": one_of(REACTIONS, "What happens then; escalate when left out."),
        "escalateTo": words("The groups it goes up to, one after the other."),
        "claimWithin": to("duration", "It goes up unless somebody claims it within this time."),
        "claimLasts": to("duration", "How long a claim lasts; PT4H when left out."),
    }
