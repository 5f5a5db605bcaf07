"""Which values tasks of ours bring: directly, or by way of mappings and relationships."""

from collections.abc import Mapping

from catalog.graph.asking import reachable
from catalog.graph.frames import Frame, frame_of

Place = tuple[str, str]
"""A specification and a characteristic."""


def bringers(catalog_frame: Frame) -> Mapping[Place, str]:
    """For each characteristic below a root that a task will fill: the task, and of which specification it is."""
    catalog, action, intent = catalog_frame.catalog, catalog_frame.action, catalog_frame.intent
    key = ("bringers", catalog_frame.specification.id, action, intent)
    known: dict[Place, str] | None = catalog.compiled.get(key)
    if known is None:
        frames = [
            frame_of(catalog, each, action, intent)
            for each in sorted(reachable(catalog, catalog_frame.specification.id))
        ]
        known = {
            (frame.specification.id, name): f"task {task.name} of {frame.specification.id}"
            for frame in frames
            for task in frame.specification.plans.get(action, ())
            for _, name in task.gives
        }
        ways = _ways(frames) if known else []
        size = -1
        while size != len(known):
            size = len(known)
            for source, target in ways:
                if source in known:
                    known.setdefault(target, known[source])
        catalog.compiled[key] = known
    return known


def _ways(frames: list[Frame]) -> list[tuple[Place, Place]]:
    """From where values go where."""
    ways: list[tuple[Place, Place]] = []
    for frame in frames:
        own = frame.specification.id
        for edge in frame.edges:
            ways += [((own, source), (edge.target, target)) for target, source in edge.flows]
        for each in frame.mappings:
            mapping = each.mapping
            if each.writes and each.value is not None and mapping.target_characteristic is not None:
                target = (mapping.target, mapping.target_characteristic)
                ways += [(path[:2], target) for path in each.value.expression.paths]  # type: ignore[misc]
    return ways
