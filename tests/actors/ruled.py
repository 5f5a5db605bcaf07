"""A catalog with rules of every kind, and orders over it, for the actors' tests."""

from typing import Any

from catalog.model import Catalog, TaskTemplate
from catalog.rules.rule import Wait
from catalog.store import Catalogs
from tests.catalog.graph.building import (
    boolean,
    catalog,
    copies,
    exclude,
    include,
    integer,
    realized,
    requires,
    specification,
    string,
    task,
)

DAY = 86_400_000
ACCESS = (*string("place"), *integer("speed", combine="max"))


def sites(
    reaction: str = "remind", default: Any = None, group: str = "", escalate_to: tuple[str, ...] = ()
) -> Catalog:
    """A network of sites: what a site gets depends on its model and on what surveying it brings."""
    wait = Wait(DAY, reaction, default, group, escalate_to)  # type: ignore[arg-type]
    survey: dict[str, tuple[TaskTemplate, ...]] = {"add": (task("survey", gives=(("line", "line"),)),)}
    return catalog(
        specification(
            "pnet",
            (*integer("sites"), *string("colour")),
            (
                realized("ssite", quantity_characteristic="sites", maximum_quantity=9),
                realized("sportal", include("colour == 'red'", wait=wait), after=("ssite",)),
            ),
        ),
        specification("sportal", string("colour")),
        specification(
            "ssite",
            string("model", "line"),
            (
                requires("rsurvey"),
                requires("rrouter", include("model == 'x'", wait=wait)),
                requires("rcopper", include("line == 'copper'")),
                requires("rfibre", exclude("line == 'copper'")),
            ),
        ),
        specification(
            "rsurvey", string("line"), plans=survey, mappings=(copies("m", "line", "ssite", "line"),)
        ),
        specification("rrouter", string("model")),
        specification("rcopper"),
        specification("rfibre"),
    )


def shared() -> Catalog:
    """Television and internet over one access per place, whole products without work of their own."""
    return catalog(
        specification("ptv", ACCESS, (realized("sstream"),)),
        specification("pnet", (*ACCESS, *boolean("secure")), (realized("snet"),)),
        specification("sstream", ACCESS, (realized("saccess"),), plans={}),
        specification(
            "snet", (*ACCESS, *boolean("secure")), (realized("saccess"), requires("rwall", include("secure")))
        ),
        specification("saccess", ACCESS, (requires("rport", include("speed >= 100")),), sharing_key="place"),
        specification("rport", integer("speed")),
        specification("rwall"),
    )


def spans() -> Catalog:
    """Links with two ends: at each end a hub per place, which everybody there shares."""
    ends = string("left", "right")
    return catalog(
        specification("plink", ends, (realized("slink"),)),
        specification("slink", ends, (realized("sleft"), realized("sright"))),
        specification("sleft", string("left"), sharing_key="left"),
        specification("sright", string("right"), sharing_key="right"),
    )


SITES = Catalogs(sites())
SPANS = Catalogs(spans())
SHARED = Catalogs(shared())
