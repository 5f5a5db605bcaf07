"""Why the catalog refuses a request.

    CatalogRefusal                  the caller's fault; repeating the same request gives the same refusal
    ├── UnknownOffering             no such product offering in this version
    ├── UnknownSpecification        no such specification in this version
    ├── NothingOrdered              the line names neither an offering nor a specification
    ├── UnknownAction               the line's action is none of add, modify, delete, noChange
    ├── QuantityOutOfRange          a count is below the minimum, above the maximum, or no whole number
    └── UnknownCatalogVersion       a version that was never published

Each class has a stable `code`, named for the broken rule and never reused; the message names what was asked,
what was met and what to do.
"""


class CatalogRefusal(Exception):
    """A request this catalog cannot serve; `code` is stable, `message` is for people."""

    code = "catalog-refusal"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class UnknownOffering(CatalogRefusal):
    """The product offering does not exist in this catalog version."""

    code = "unknown-offering"


class UnknownSpecification(CatalogRefusal):
    """The specification does not exist in this catalog version."""

    code = "unknown-specification"


class NothingOrdered(CatalogRefusal):
    """The line names neither a product offering nor a specification."""

    code = "nothing-ordered"


class UnknownAction(CatalogRefusal):
    """The action is none of add, modify, delete, noChange."""

    code = "unknown-action"


class QuantityOutOfRange(CatalogRefusal):
    """A count breaks its bounds; `characteristic` names where it came from, None for the line's."""

    code = "quantity-out-of-range"

    def __init__(self, message: str, characteristic: str | None = None) -> None:
        super().__init__(message)
        self.characteristic = characteristic


class UnknownCatalogVersion(CatalogRefusal):
    """The catalog `version` was never published, or is not known here yet."""

    code = "unknown-catalog-version"

    def __init__(self, message: str, version: str) -> None:
        super().__init__(message)
        self.version = version

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.version)
