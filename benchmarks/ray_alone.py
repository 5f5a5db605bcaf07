"""A Ray on this machine for what is measured without a system of ours, and actors on it."""

import logging
from typing import Any, Final

import ray

CPUS: Final = 4


def start_ray(**settings: Any) -> None:
    """Start one without a dashboard; ``ray.shutdown`` ends it. ``settings`` are those of ``ray.init``."""
    ray.init(address="local", include_dashboard=False, num_cpus=CPUS, logging_level=logging.ERROR, **settings)


def actor(process: type, **options: Any) -> Any:
    """A class as an actor that reserves no CPU."""
    made: Any = ray.remote(process)
    return made.options(num_cpus=0, **options)
