"""Orders and installed products side by side, with the messages between them delivered as a test wishes."""

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from actors.events_of_products import (
    ProductFolded,
    ProductFree,
    ProductHeld,
    ProductMoved,
    ProductWanted,
    SharedHeld,
)
from actors.group import OrderGroupKind
from actors.installed_group import InstalledProductKind
from actors.installed_product import Installed
from actors.lifting import decode_events
from actors.message import Message
from actors.messages import AnyMessage, GiveUp, TaskResult, TaskResults, Undeliverable
from actors.product_id import product_id
from actors.shared_group import SharedServiceKind
from actors.shared_service import Shared
from actors.states import INSTALLED_PRODUCT, State
from actors.structure import OrderGroup
from actors.waiting import waits_for
from catalog.store import Catalogs
from tests.actors.drawn import NOW, SAMPLE, drafted, item, submission
from tests.actors.judging import Watched, encode

S = State
PRODUCT = product_id("o1", "1")
SPEEDS = count(200)


def change(line: str = "1", product: str = PRODUCT, **more: Any) -> dict[str, Any]:
    """A line that asks for another speed than ever before."""
    more.setdefault("characteristics", {"speed": next(SPEEDS)})
    return item(line, action="modify", product=product, **more)


def delete(line: str = "1", product: str = PRODUCT, **more: Any) -> dict[str, Any]:
    return item(line, action="delete", product=product, characteristics={}, **more)


class Base:
    """A small world of groups. Messages between two groups keep their order, as the runtime's outboxes do."""

    def __init__(self, catalogs: Catalogs = SAMPLE) -> None:
        self.catalogs = catalogs
        self.orders: dict[str, Watched] = {}
        self.products: dict[str, Installed] = {}
        self.journals: dict[str, list[bytes]] = {}
        self.kind = InstalledProductKind()
        self.services: dict[str, Shared] = {}
        self.shared_kind = SharedServiceKind()
        self.post: dict[tuple[str, str], deque[AnyMessage]] = {}
        self.folds: list[tuple[str, ProductFolded]] = []
        self.now = NOW

    # -- what clients and targets do ----------------------------------------------------------------------------

    def order(
        self, name: str, *items: dict[str, Any], quiet: bool = True, draft: bool = False, **more: Any
    ) -> OrderGroup:
        """Submit an order; ``quiet`` delivers all messages that follow."""
        self.orders[name] = Watched(OrderGroupKind(self.catalogs), self.now, name, alone=False)
        made = submission(list(items), self.catalogs, **more)
        self.tell(name, drafted(made) if draft else made)
        if quiet:
            self.deliver()
        return self.group(name)

    def answer(self, name: str, outcome: str = "completed", *, line: str = "") -> bool:
        """Let targets answer what is out (for one line)."""
        tasks = self.group(name).orchestration.tasks
        out = [k for k, task in tasks.items() if task.state is S.IN_PROGRESS and k.startswith(line)]
        if out:
            self.tell(
                name, TaskResults(tuple(TaskResult(k, tasks[k].generation, outcome, code="E") for k in out))
            )
            self.deliver()
        return bool(out)

    def out(self, name: str) -> list[str]:
        """The tasks of an order that are out at their targets."""
        return [k for k, t in self.group(name).orchestration.tasks.items() if t.state is S.IN_PROGRESS]

    def finish(self, name: str, *, line: str = "") -> None:
        """Let targets answer until nothing is out."""
        while self.answer(name, line=line):
            pass

    def give_up(self, name: str) -> None:
        """Decide that nothing that is held in an order will be done."""
        tasks = self.group(name).orchestration.tasks
        for key in [key for key, task in tasks.items() if task.state in (S.HELD, S.PENDING)]:
            self.tell(name, GiveUp(key, "no"))
        self.deliver()

    # -- what the runtime does ----------------------------------------------------------------------------------

    def tell(self, name: str, message: Message) -> Any:
        """One message to one group, judged; what it sends waits in its outbox."""
        if name in self.orders:
            self.orders[name].now = self.now
            decision = self.orders[name].tell(message)
        elif name.startswith("p"):
            decision = self._tell_product(name, message)
        elif name.startswith("s"):
            decision = self._tell_service(name, message)
        else:
            raise KeyError(name)
        for to, sent in decision.sends:
            self.post.setdefault((name, to), deque()).append(sent)
        return decision

    def deliver(
        self, choose: Callable[[list[tuple[str, str]]], tuple[str, str]] = lambda ways: ways[0]
    ) -> None:
        """Deliver everything; ``choose`` says which way goes next."""
        while ways := sorted(self.post):
            self.deliver_one(choose(ways))

    def deliver_one(self, way: tuple[str, str]) -> None:
        """The next message from one group to another."""
        sender, to = way
        message = self.post[way].popleft()
        if not self.post[way]:
            del self.post[way]
        known = to in self.orders or to in self.products or to in self.services
        if known or (to[0] != "o" and (self.kind.creates(message) or self.shared_kind.creates(message))):
            self.tell(to, message)
        else:
            self.tell(sender, Undeliverable(to))

    def _tell_product(self, name: str, message: Message) -> Any:
        before = self.products.get(name)
        state, decision = self.kind.handle(name, None if before is None else _copy(before), message, self.now)
        if decision.events:
            record = encode(decision.events)
            self.journals.setdefault(name, []).append(record)
            shadow = before
            for event in decode_events(record):
                if isinstance(event, ProductMoved):
                    assert shadow is not None
                    assert INSTALLED_PRODUCT.may(shadow.state, event.state), (shadow.state, event.state)
                if isinstance(event, ProductHeld):
                    assert shadow is not None and shadow.holder is None, "a product is held by one line"
                    head = shadow.queue[0]
                    assert (head.order, head.line) == (event.order, event.line), "first come, first served"
                if isinstance(event, ProductWanted):
                    assert shadow is not None
                    asking = {(each.order, each.line) for each in (shadow.holder, *shadow.queue) if each}
                    assert (event.order, event.line) not in asking, "a line asks once"
                if isinstance(event, ProductFolded):
                    assert shadow is not None and shadow.holder is not None
                    assert (shadow.holder.order, shadow.holder.line) == (event.order, event.line)
                    self.folds.append((name, event))
                if isinstance(event, ProductFree):
                    assert shadow is not None
                    known = {(each.order, each.line) for each in (shadow.holder, *shadow.queue) if each}
                    assert (event.order, event.line) in known
                shadow = self.kind.evolve(shadow, event, self.now)
            assert encode(shadow) == encode(state), "replay gives the same state"
            assert state is not None
            self.products[name] = state
        return decision

    def _tell_service(self, name: str, message: Message) -> Any:
        before = self.services.get(name)
        state, decision = self.shared_kind.handle(
            name, None if before is None else _copied(before), message, self.now
        )
        shadow = before
        for event in decode_events(encode(decision.events)):
            if isinstance(event, SharedHeld):
                assert shadow is not None and not shadow.holder, "a shared service is held by one order"
                assert shadow.queue[0] == event.order, "first come, first served"
            shadow = self.shared_kind.evolve(shadow, event, self.now)
        assert encode(shadow) == encode(state), "replay gives the same state"
        assert state is not None
        self.services[name] = state
        return decision

    # -- looking ------------------------------------------------------------------------------------------------

    def group(self, name: str) -> OrderGroup:
        """An order as it stands."""
        state = self.orders[name].state
        assert state is not None
        return state

    def state(self, name: str) -> str:
        """Where an order stands."""
        return str(self.group(name).order.state)

    def lines(self, name: str) -> dict[str, str]:
        """Where its lines stand."""
        return {line.id: str(line.state) for line in self.group(name).lines.values()}

    def product(self, order: str, line: str = "1") -> Installed:
        """The product that an order's line made, once someone has named it."""
        return self.products[product_id(order, line)]

    def stated(self, name: str) -> str:
        """The sentence an order says it waits for."""
        reason = waits_for(self.group(name), self.now).stated
        assert reason is not None
        return reason.sentence


def _copied(state: Shared) -> Shared:
    return msgspec.msgpack.decode(encode(state), type=Shared)


def _copy(state: Installed) -> Installed:
    return msgspec.msgpack.decode(encode(state), type=Installed)
