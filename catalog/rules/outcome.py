"""What an evaluation comes to when it comes to no value, and the mark of a value that does not apply."""

from typing import Any

import msgspec

NOT_APPLICABLE: dict[str, str] = {"@type": "NotApplicable"}
"""In orders, events and contexts: there is no such value here, and none will come. Known, unlike null."""


class Undetermined(msgspec.Struct, frozen=True):
    """The outcome depends on values that are not known yet; `missing` holds their full paths, all that matter."""

    missing: tuple[str, ...]


class Error(msgspec.Struct, frozen=True):
    """The rule cannot be evaluated, whatever comes; `sentence` says why, with the values met."""

    sentence: str


def is_not_applicable(value: Any) -> bool:
    """Whether a value is the mark that it does not apply."""
    return type(value) is dict and value == NOT_APPLICABLE
