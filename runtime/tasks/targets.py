"""The targets tasks go to: their settings, and what the executor makes of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from runtime.tasks.breaker import Breaker
from runtime.tasks.bucket import TokenBucket
from runtime.tasks.gate import Gate
from runtime.tasks.handlers import Deliver, Handler, HandlerUnknown, Word, handler_named
from runtime.tasks.http_transport import HttpTransport
from runtime.tasks.simulated import STATES, SimulatedElement, Simulation
from runtime.tasks.transport import Transport
from runtime.tasks.world import World

UNNAMED_TARGETS_MAX = 10_000
"""Targets the settings do not name get a simulated element each on first use; beyond this, the oldest goes."""
SIMULATED_CONCURRENCY = 1_000_000
Positive = Annotated[float, Field(gt=0)]


class TargetsUnreadable(ValueError):
    """The settings of the targets cannot be used; the text says where and why."""


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class RateSettings(_Settings):
    """At most so many calls a second, by each executor."""

    per_second: Positive
    burst: Annotated[int, Field(ge=1)] = 1


class BreakerSettings(_Settings):
    """When a target is left alone, and for how long."""

    failures: Annotated[int, Field(ge=1)] = 5
    """In a row: no answer or 5xx."""
    open_s: Positive = 10.0


class RetrySettings(_Settings):
    """How failures that pass by themselves are waited out within one dispatch."""

    retries: Annotated[int, Field(ge=0)] = 20
    """In a row, before the failure is called permanent."""
    back_off_s: Positive = 0.2
    """Doubled with every retry, less up to half by chance."""
    back_off_s_max: Positive = 10.0


class TargetSettings(_Settings):
    """One target. Limits hold for each executor by itself."""

    kind: Literal["simulated", "http"] = "simulated"
    url: str = ""
    path: str = "/tasks"
    headers: dict[str, SecretStr] = {}
    """Sent with every call; for credentials."""
    handler: str = ""
    """Name of a registered handler or ``module:function``; empty posts the request to ``path``."""
    states: dict[str, Word] = {}
    """The target's state words and what each means."""
    state_field: str = "state"
    poll_s: Positive = 1.0
    timeout_s: Positive = 30.0
    concurrency: Annotated[int, Field(ge=1)] | None = None
    """Calls under way at a time; unlimited for simulated targets, else 64."""
    rate: RateSettings | None = None
    breaker: BreakerSettings = BreakerSettings()
    retry: RetrySettings = RetrySettings()
    simulation: Simulation = Simulation()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "http" and not self.url.startswith(("http://", "https://")):
            raise ValueError("a target of kind http needs a url that begins with http:// or https://")
        if self.kind == "simulated" and self.url:
            raise ValueError("a simulated target has no url: write kind: http")
        if not self.path.startswith("/"):
            raise ValueError("path begins with /")
        if self.handler:
            try:
                handler_named(self.handler)
            except HandlerUnknown as error:
                raise ValueError(str(error)) from error
        return self


class TargetsSettings(_Settings):
    """All targets; ``default`` is for those without settings of their own."""

    default: TargetSettings = TargetSettings()
    targets: dict[str, TargetSettings] = {}


class Target:
    """A target as the executor uses it."""

    __slots__ = (
        "back_off_s", "back_off_s_max", "gate", "handler", "name", "retries", "settings", "timeout_s", "transport",
    )  # fmt: skip

    def __init__(
        self, name: str, settings: TargetSettings, transport: Transport | None, world: World
    ) -> None:
        simulated = settings.kind == "simulated"
        self.name = name
        self.settings = settings
        self.timeout_s = settings.timeout_s
        self.retries = settings.retry.retries
        self.back_off_s = settings.retry.back_off_s
        self.back_off_s_max = settings.retry.back_off_s_max
        self.transport: Transport = transport or (
            SimulatedElement(name, settings.simulation, world)
            if simulated
            else HttpTransport(settings.url, {k: v.get_secret_value() for k, v in settings.headers.items()})
        )
        states: Mapping[str, Word] = settings.states or (STATES if simulated and not transport else {})
        self.handler: Handler = (
            handler_named(settings.handler)
            if settings.handler
            else Deliver(settings.path, states, settings.state_field, settings.poll_s)
        )
        rate = settings.rate
        self.gate = Gate(
            name,
            concurrency=settings.concurrency or (SIMULATED_CONCURRENCY if simulated else 64),
            breaker=Breaker(settings.breaker.failures, settings.breaker.open_s),
            bucket=TokenBucket(rate.per_second, rate.burst, world.clock()) if rate else None,
            world=world,
        )


class Targets:
    """The targets of one executor; each is made when a task first names it.

    :param transport: answers for every target, in place of what the settings say: the seam for tests.
    :param transports: the same by target.
    """

    def __init__(
        self,
        settings: TargetsSettings | None = None,
        *,
        transport: Transport | None = None,
        transports: Mapping[str, Transport] | None = None,
        world: World | None = None,
    ) -> None:
        self.settings = settings or TargetsSettings()
        self.world = world or World()
        self._transport = transport
        self._transports = dict(transports or {})
        self._made: dict[str, Target] = {}

    def named(self, name: str) -> Target:
        """The target of this name; every name has one."""
        return self._made.get(name) or self._make(name)

    @property
    def made(self) -> tuple[Target, ...]:
        """Those that were used so far."""
        return tuple(self._made.values())

    async def close(self) -> None:
        """Close connections."""
        for target in self._made.values():
            target.gate.close()
            if isinstance(target.transport, HttpTransport):
                await target.transport.close()

    def _make(self, name: str) -> Target:
        if len(self._made) >= UNNAMED_TARGETS_MAX:
            for old in self._made:
                if old not in self.settings.targets and not self._made[old].gate.inside:
                    del self._made[old]
                    break
        settings = self.settings.targets.get(name, self.settings.default)
        target = Target(name, settings, self._transports.get(name, self._transport), self.world)
        self._made[name] = target
        return target


def read_targets(path: str | Path) -> Targets:
    """Targets from a YAML or JSON file.

    :raises TargetsUnreadable: naming the file, the place and what would be right.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        return Targets(TargetsSettings.model_validate(content if content is not None else {}))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TargetsUnreadable(f"{path}: {error}") from error
    except ValidationError as error:
        faults = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
        raise TargetsUnreadable(f"{path}: " + "; ".join(faults)) from error
