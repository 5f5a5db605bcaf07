"""What an import goes through a resource with: typed looks at its attributes, and notes on what it leaves behind."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

EXTENSION = "orderloom"
"""The extension attribute: what TM Forum has no attribute for, as our YAML says it."""
_SILENT = frozenset({"id", "href", "lastUpdate", "isBundle", "isRoot", "relatedParty", EXTENSION})

Form = dict[str, Any]
Resource = Mapping[str, Any]


class Notes:
    """What an import could not take over, in sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, where: str, sentence: str) -> None:
        """One thing that was left behind, or read with a guess."""
        self.sentences.append(f"{where}: {sentence}")


class Attributes:
    """The attributes of one resource; what nobody asked for is noted at the end."""

    def __init__(self, resource: Resource, where: str, notes: Notes) -> None:
        self.resource = resource
        self.where = where
        self.notes = notes
        self.asked: set[str] = set()

    def get(self, name: str) -> Any:
        """The attribute; None when it is absent, null or empty text, which some products write for absent."""
        self.asked.add(name)
        value = self.resource.get(name)
        return None if value == "" else value

    def text(self, name: str) -> str | None:
        """The attribute as text."""
        value = self.get(name)
        return None if value is None or isinstance(value, dict | list) else str(value)

    def objects(self, name: str) -> list[Resource]:
        """The objects of an array; one object counts as an array of one."""
        value = self.get(name)
        if isinstance(value, dict):
            value = [value]
        return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []

    def references(self, name: str) -> list[str]:
        """The ids that an array of references names."""
        return [str(each["id"]) for each in self.objects(name) if each.get("id") not in (None, "")]

    def reference(self, name: str) -> str | None:
        """The id that a reference names."""
        return next(iter(self.references(name)), None)

    def extension(self) -> Form:
        """What stands in the extension attribute."""
        value = self.get(EXTENSION)
        return (
            {name: each for name, each in value.items() if name != "@type"} if isinstance(value, dict) else {}
        )

    def period(self, name: str = "validFor") -> Form | None:
        """A time period as `validFor` of our YAML."""
        value = self.get(name)
        if not isinstance(value, dict):
            return None
        form = {}
        for end in ("startDateTime", "endDateTime"):
            text = value.get(end)
            if isinstance(text, str) and text:
                form[end] = self._instant(text)
        return form or None

    def leave(self) -> None:
        """Note the attributes that nobody asked for."""
        left = [
            name
            for name, value in self.resource.items()
            if name not in self.asked | _SILENT
            and not name.startswith("@")
            and value not in ("", None, [], {})
        ]
        if left:
            self.notes.add(self.where, f"not taken over: {', '.join(left)}")

    def _instant(self, text: str) -> str:
        try:
            naive = datetime.fromisoformat(text).tzinfo is None and "T" in text
        except ValueError:
            return text  # the loader says what is wrong with it
        if naive:
            self.notes.add(self.where, f"{text} has no offset and is taken as UTC")
        return f"{text}Z" if naive else text


def extended(kind: str, form: Form, said: Form, read: Callable[[Resource], Form]) -> Form:
    """What was said of a form, with all that reading it back does not give in the extension attribute."""
    back = read(said)
    rest = {name: value for name, value in form.items() if name not in back or back[name] != value}
    surplus = [name for name in back if name not in form]
    if surplus:
        # Read as something although the form says nothing: null takes it away again.
        rest |= dict.fromkeys(surplus)
    return said | {EXTENSION: {"@type": f"Orderloom{kind}", **rest}} if rest else said


def restored(form: Form, extension: Form) -> Form:
    """A form as it was before it was exported."""
    return {name: value for name, value in (form | extension).items() if value is not None}


def told(said: Form) -> Form:
    """Without attributes that say nothing."""
    return {name: value for name, value in said.items() if value not in (None, "", [], {}, ())}


def named(reference: str, names: Mapping[str, str], **more: Any) -> Form:
    """A reference with the name of what it refers to."""
    return {"id": reference, "name": names.get(reference, reference), **more}


def unique(ids: Iterable[str]) -> list[str]:
    """The ids in their order, each once."""
    return list(dict.fromkeys(ids))
