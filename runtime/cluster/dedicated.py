"""Dedicated placement: each living order and each of its lines has a Ray actor of its own.

The literal reading of the model, for study and for isolating single orders: some 50 MB and half a second an actor. The
actors decide; state, epoch and commit stay with the order's group in its shard, so that lists, event feed, archive and
recovery are the same as in pooled placement (``docs/decisions`` tells why). A lost actor is made again and asked again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import ray
import structlog
from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

from actors.behaviour import Decision
from actors.group import OrderGroup, OrderGroupKind
from actors.line import Line, OrderLineActor
from actors.message import Message
from catalog.refusals import UnknownCatalogVersion
from catalog.store import Catalogs
from runtime.errors import Unavailable
from runtime.limits import DEDICATED_LINE_ACTORS_MAX

log = structlog.get_logger()
ATTEMPTS = 3
LINE_PATIENCE_S = 30.0
"""How long a line's actor may take, its start included; one that hangs is killed and made again."""
ORDER_PATIENCE_S = 2 * ATTEMPTS * LINE_PATIENCE_S
"""The same for an order's, which may start actors for its lines meanwhile."""
_encode = msgspec.msgpack.Encoder().encode
_state = msgspec.msgpack.Decoder(OrderGroup).decode


def order_name(order: str) -> str:
    """The name under which an order's actor shows in Ray's dashboard."""
    return f"Order {order}"


def line_name(order: str, line: str) -> str:
    """The name under which a line's actor shows in Ray's dashboard."""
    return f"Order {order} line {line}"


class LineProcess:
    """A line's Ray actor: asked for decisions, keeps no truth."""

    def __init__(self, order: str, line: str) -> None:
        self._name = line_name(order, line)
        self._behaviour = OrderLineActor()

    def __repr__(self) -> str:
        return self._name

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.decide`."""
        return self._behaviour.decide(line, message, now)

    def roll_up(self, lines: list[Line], now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.roll_up`."""
        return self._behaviour.roll_up(lines, now)


class _Lines:
    """Decides for the lines of one order through their actors; beyond the bound, here."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._actors: dict[str, Any] = {}
        self._here = OrderLineActor()

    def decide(self, line: Line, message: Message, now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.decide`."""
        return self._asked(line.id, lambda actor: actor.decide, line, message, now)

    def roll_up(self, lines: Sequence[Line], now: int) -> Decision:
        """As :meth:`actors.line.OrderLineActor.roll_up`, each line by its own actor."""
        all_of_them = Decision()
        for line in lines:
            decision = self._asked(line.id, lambda actor: actor.roll_up, [line], now)
            all_of_them.events += decision.events
            all_of_them.inside += decision.inside
        return all_of_them

    def _asked(self, line: str, method: Callable[[Any], Any], *arguments: Any) -> Decision:
        for _ in range(ATTEMPTS):
            actor = self._actors.get(line)
            if actor is None:
                if len(self._actors) >= DEDICATED_LINE_ACTORS_MAX:
                    break
                process: Any = ray.remote(LineProcess)
                named = process.options(name=line_name(self._order, line), num_cpus=0, get_if_exists=True)
                actor = self._actors[line] = named.remote(self._order, line)
            try:
                decision: Decision = _answer(actor, method(actor).remote(*arguments), LINE_PATIENCE_S)
                return decision
            except RayActorError as lost:
                log.warning("line actor lost", order=self._order, line=line, reason=type(lost).__name__)
                self._actors.pop(line, None)
        here: Decision = method(self._here)(*arguments)
        return here


class OrderProcess:
    """An order's Ray actor: runs the turn of its group on the state it is given."""

    def __init__(self, order: str, catalogs: Catalogs) -> None:
        self._name = order_name(order)
        self._kind = OrderGroupKind(catalogs, _Lines(order))

    def __repr__(self) -> str:
        return self._name

    def use(self, catalogs: Catalogs) -> None:
        """As :meth:`actors.group.OrderGroupKind.use`."""
        self._kind.use(catalogs)

    def handle(self, group: str, state: bytes | None, message: Message, now: int) -> Decision:
        """Decide one message on an encoded state."""
        _, decision = self._kind.handle(group, None if state is None else _state(state), message, now)
        return decision


class DedicatedOrders(OrderGroupKind):
    """The kind of group whose turns run in actors of their own. Its ``handle`` blocks: step the kernel in a thread."""

    def __init__(self, catalogs: Catalogs) -> None:
        super().__init__(catalogs)
        self._catalogs = catalogs
        self._actors: dict[str, Any] = {}
        self._told: dict[str, Any] = {}
        """The set that each order's actor works with, as Ray knows it: it is told of another with the next message."""
        self._shared: tuple[Catalogs, Any] | None = None
        """A set, and what Ray knows it as: put into its store when it is first sent."""

    def use(self, catalogs: Catalogs) -> None:
        """See :class:`actors.group.OrderGroupKind`."""
        super().use(catalogs)
        self._catalogs = catalogs

    def handle(
        self, group: str, state: OrderGroup | None, message: Message, now: int
    ) -> tuple[OrderGroup | None, Decision]:
        """Let the order's actor decide, fold what it decided.

        :raises Unavailable: its actor was lost several times in a row.
        :raises catalog.refusals.UnknownCatalogVersion: the order's version has not reached this host yet.
        """
        catalogs = self._reference()
        encoded = None if state is None else _encode(state)
        for _ in range(ATTEMPTS):
            actor = self._actors.get(group)
            if actor is None:
                process: Any = ray.remote(OrderProcess)
                named = process.options(name=order_name(group), num_cpus=0, get_if_exists=True)
                actor = self._actors[group] = named.remote(group, catalogs)
            if self._told.get(group) is not catalogs:
                # One that was found by its name may have been made with another set. Calls keep their order.
                actor.use.remote(catalogs)
                self._told[group] = catalogs
            try:
                asked = actor.handle.remote(group, encoded, message, now)
                decision: Decision = _answer(actor, asked, ORDER_PATIENCE_S)
            except RayActorError as lost:
                log.warning("order actor lost", order=group, reason=type(lost).__name__)
                self._forget(group)
                continue
            except RayTaskError as failed:
                if isinstance(failed.cause, UnknownCatalogVersion):
                    raise failed.cause from None
                raise
            for event in decision.events:
                state = self.evolve(state, event, now)
            if state is None or self.ended(state):
                # Its lines' actors go with it: it owns them.
                ray.kill(self._forget(group))
            return state, decision
        raise Unavailable(f"the actor of order {group} was lost {ATTEMPTS} times in a row")

    def _reference(self) -> Any:
        # Read once: another set may come while this one is sent, for turns run in a thread.
        catalogs, shared = self._catalogs, self._shared
        if shared is None or shared[0] is not catalogs:
            shared = self._shared = catalogs, ray.put(catalogs)
        return shared[1]

    def _forget(self, group: str) -> Any:
        self._told.pop(group, None)
        return self._actors.pop(group, None)


def _answer(actor: Any, reference: Any, patience_s: float) -> Any:
    """What an actor answered (:raises RayActorError: it is lost, or was killed because it hangs)."""
    try:
        return ray.get(reference, timeout=patience_s)
    except GetTimeoutError:
        log.warning("actor hangs, it is killed", seconds=patience_s)
        ray.kill(actor)
        raise RayActorError from None
