"""A catalog while it is being read: its parts so far, where each stands, and all that was found wrong."""

from catalog.located import Findings, Located
from catalog.model import ProductOffering, Specification


class Draft:
    """What was read, with the place of each part; sound only after `catalog.checks` has looked at it."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.header: Located | None = None
        self.name = ""
        self.version = ""
        self.offerings: dict[str, ProductOffering] = {}
        self.specifications: dict[str, Specification] = {}
        self.places: dict[tuple[str | int, ...], Located] = {}
