"""What happens to an order after it came, where neither it nor the catalog says so: drawn by whoever tries it."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from msgspec import UNSET

from catalog.model import CharacteristicSpecification


class Choices(Protocol):
    """Makes the choices of a trial; the same choices give the same trial."""

    def among(self, options: Sequence[Any]) -> Any:
        """One of several; the first is the simplest."""

    def value(self, characteristic: CharacteristicSpecification) -> Any:
        """A value that fits the characteristic; UNSET: it stays unknown."""

    def change(self, offering: str) -> tuple[int, dict[str, Any]]:
        """The quantity and the characteristics that a modify of a product of this offering states."""


class _Simplest:
    """Chooses what is simplest: what waits stays unknown, and nothing is changed."""

    def among(self, options: Sequence[Any]) -> Any:
        """The first."""
        return options[0]

    def value(self, characteristic: CharacteristicSpecification) -> Any:
        """None at all."""
        return UNSET

    def change(self, offering: str) -> tuple[int, dict[str, Any]]:
        """One, of what it is."""
        return 1, {}


SIMPLEST: Final[Choices] = _Simplest()
