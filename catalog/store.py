"""The catalog versions a runtime knows: orders keep theirs, new ones take the current."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from catalog.loader import load
from catalog.model import Catalog
from catalog.refusals import UnknownCatalogVersion

SAMPLES = Path(__file__).parent / "samples"


class Catalogs:
    """An immutable set of catalog versions; publishing makes a new set, so a switch is one assignment."""

    __slots__ = ("_current", "_versions")

    def __init__(self, catalog: Catalog) -> None:
        self._current = catalog
        self._versions: Mapping[str, Catalog] = MappingProxyType({catalog.version: catalog})

    @property
    def current(self) -> Catalog:
        """The version new orders are decomposed with."""
        return self._current

    @property
    def versions(self) -> tuple[str, ...]:
        """All known versions, in the order they were first published."""
        return tuple(self._versions)

    def get(self, version: str) -> Catalog:
        """The catalog of a version; raises UnknownCatalogVersion."""
        catalog = self._versions.get(version)
        if catalog is None:
            known = ", ".join(self._versions)
            raise UnknownCatalogVersion(
                f"catalog version {version!r} was never published; known are {known}", version
            )
        return catalog

    def __contains__(self, version: object) -> bool:
        return version in self._versions

    def publish(self, catalog: Catalog) -> "Catalogs":
        """A set with this catalog as the current one.

        Raises ValueError when the version is known with other content: orders are pinned to it. The same
        content again makes it current again, which is how one goes back.
        """
        known = self._versions.get(catalog.version)
        if known is not None and known != catalog:
            raise ValueError(
                f"catalog version {catalog.version} is published with digest {known.digest}, "
                f"not {catalog.digest}; give the changed catalog a version of its own"
            )
        published = Catalogs(known or catalog)
        published._versions = MappingProxyType({**self._versions, catalog.version: known or catalog})
        return published

    def remember(self, catalog: Catalog) -> "Catalogs":
        """A set that knows this catalog, too, with the same current one: orders are pinned to it.

        Raises ValueError as :meth:`publish` does.
        """
        return self.publish(catalog).publish(self._current)

    def __reduce__(self) -> tuple[object, ...]:
        return _republished, (tuple(self._versions.values()), self._current.version)


def sample_catalogs() -> Catalogs:
    """The telecom catalog that comes with Orderloom, as the only and current version."""
    return Catalogs(load([SAMPLES]))


def _republished(catalogs: tuple[Catalog, ...], current: str) -> Catalogs:
    republished = Catalogs(catalogs[0])
    for catalog in catalogs[1:]:
        republished = republished.publish(catalog)
    return republished.publish(republished.get(current))
