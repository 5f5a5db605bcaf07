"""A picture of what is installed, indexed for growing over it."""

from collections.abc import Iterable, Mapping
from typing import Final

from catalog.installed import InstalledNode

_NOTHING: Final[Mapping[int, InstalledNode]] = {}


class Picture:
    """Installed nodes by where they stand; an empty one for what is new."""

    __slots__ = ("_below", "nodes", "roots")

    def __init__(self, nodes: Iterable[InstalledNode] = ()) -> None:
        self.nodes = tuple(nodes)
        self.roots = {node.ordinal: node for node in self.nodes if not node.parent}
        self._below: dict[tuple[str, str], dict[int, InstalledNode]] = {}
        for node in sorted(self.nodes, key=lambda node: node.ordinal):
            if node.parent:
                self._below.setdefault((node.parent, node.edge), {})[node.ordinal] = node

    def root(self, ordinal: int) -> InstalledNode | None:
        """The installed root of this number."""
        return self.roots.get(ordinal)

    def first_root(self) -> InstalledNode | None:
        """The installed root of the lowest number."""
        return self.roots[min(self.roots)] if self.roots else None

    def below(self, node: InstalledNode | None, edge: str) -> Mapping[int, InstalledNode]:
        """What stands below a node by one edge, by ordinal, the lowest first."""
        return self._below.get((node.id, edge), _NOTHING) if node is not None else _NOTHING

    def specification(self, id_: str) -> str:
        """The specification of an installed node; "" when it is not in the picture."""
        return next((node.specification for node in self.nodes if node.id == id_), "")

    def child(self, node: InstalledNode | None, edge: str, ordinal: int) -> InstalledNode | None:
        """One of them."""
        return self.below(node, edge).get(ordinal)


NOTHING_INSTALLED: Final = Picture()
