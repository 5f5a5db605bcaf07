"""The shared service actor: one installed service that several products refer to, and who may change it now.

It comes into being when the first order names it, and is had by one order at a time, for all its lines, first come,
first served: so whoever is told that he is the last referrer is the last one until his line has ended, and whoever
joins meets it built or gone, never half of either. It stands from the fold that builds it to the fold of the last
referrer's going, and can be built again. Rule: D5 with installed instances.

Orders at work that wait press: they come before those that have not begun, and whoever has the service hears of it, so
that he gives it back where he has not begun with it, and circles are found (``actors/pressing.py``).
"""

import msgspec

from actors.behaviour import Decision, refused
from actors.cause import Cause
from actors.events_of_products import SharedFolded, SharedFree, SharedHeld, SharedNamed, SharedWanted
from actors.message import Message
from actors.messages import AnyMessage
from actors.messages_of_products import (
    FoldShared,
    PressShared,
    ReserveShared,
    SharedBusy,
    SharedPressed,
    SharedReserved,
)
from catalog.folding_shared import shared_after
from catalog.installed import InstalledShared


class Shared(msgspec.Struct):
    """What the actor holds; its encoding is the group's snapshot and the answer to a read."""

    id: str
    specification: str
    sharing_key: str
    since: int
    version: int = 0
    picture: InstalledShared | None = None
    """None while nothing stands."""
    holder: str = ""
    """The order that has it now."""
    queue: tuple[str, ...] = ()
    causes: tuple[Cause, ...] = ()
    pressing: tuple[str, ...] = ()
    """Those of the queue that are at work; they are its head."""

    @property
    def referrers(self) -> dict[str, dict[str, object]]:
        """Who refers to it, each with what it asks, by ``product/place``."""
        return self.picture.nodes[0].referrers if self.picture is not None else {}


class SharedServiceActor:
    """Decides for one shared service; knows nothing but its own :class:`Shared`."""

    def decide(self, shared: Shared | None, message: Message, now: int, group: str) -> Decision:
        """Decide one message. ``shared`` is None while nobody has named it; ``now`` in ms since 1970 UTC."""
        if isinstance(message, ReserveShared):
            return self._reserve(shared, message, group)
        if shared is None:
            return refused("unknownService", f"there is no shared service {group}")
        if isinstance(message, FoldShared):
            return self._fold(shared, message)
        if isinstance(message, PressShared):
            return _passed_on(shared, message)
        return refused("unknownMessage", f"a shared service does not understand {type(message).__name__}")

    @staticmethod
    def _reserve(shared: Shared | None, message: ReserveShared, group: str) -> Decision:
        order, decision = message.order, Decision()
        if shared is not None and shared.holder == order:
            return decision  # it was given to it while it began to press
        if shared is None:
            decision.events.append(SharedNamed(group, message.specification, message.sharing_key))
        decision.events.append(SharedWanted(order, message.pressing))
        if shared is None or not shared.holder:
            decision.events.append(SharedHeld(order))
            decision.sends.append((order, SharedReserved(group, shared.picture if shared else None)))
            return decision
        before = _ahead(shared.holder, shared.queue)
        after = _ahead(shared.holder, queued(shared, order, pressing=message.pressing))
        decision.sends += [
            (each, SharedBusy(group, ahead)) for each, ahead in after.items() if before.get(each) != ahead
        ]
        if message.pressing:
            decision.sends.append((shared.holder, SharedPressed(group, (order,))))
        return decision

    @staticmethod
    def _fold(shared: Shared, message: FoldShared) -> Decision:
        if message.order != shared.holder:
            return _leave(shared, message) if message.release else Decision()
        decision = Decision()
        picture, change = shared.picture, message.change
        if change is not None:
            folded = SharedFolded(
                message.order,
                message.line,
                message.action,
                shared.version + 1,
                change.nodes,
                change.gone,
                change.referrers,
                change.left,
            )
            decision.events.append(folded)
            picture = fold_picture(shared, folded)
        if message.release:
            decision.events.append(SharedFree(message.order))
            if shared.queue:
                decision.events.append(SharedHeld(shared.queue[0]))
                decision.sends.append((shared.queue[0], SharedReserved(shared.id, picture)))
                decision.sends += [
                    (shared.queue[0], SharedPressed(shared.id, (order,))) for order in shared.pressing[1:]
                ]
        return decision


def queued(shared: Shared, order: str, *, pressing: bool) -> tuple[str, ...]:
    """The queue with an order in it: those that press come first, each kind first come, first served."""
    others = tuple(each for each in shared.queue if each != order)
    place = sum(each in shared.pressing for each in others) if pressing else len(others)
    return (*others[:place], order, *others[place:])


def fold_picture(shared: Shared, folded: SharedFolded) -> InstalledShared | None:
    """The shared service with what a line did to it; None when nothing of it stands any more."""
    before = shared.picture or InstalledShared(shared.specification, shared.sharing_key, ())
    return shared_after(
        before, shared.id, folded.nodes, folded.gone, folded.referrers, folded.left, folded.version
    )


def _leave(shared: Shared, message: FoldShared) -> Decision:
    """An order that waited waits no more; the one behind it moves up."""
    if message.order not in shared.queue:
        return Decision()
    decision = Decision([SharedFree(message.order)])
    place = shared.queue.index(message.order)
    ahead = shared.queue[place - 1] if place else shared.holder
    behind: list[tuple[str, AnyMessage]] = [
        (each, SharedBusy(shared.id, ahead)) for each in shared.queue[place + 1 : place + 2]
    ]
    decision.sends += behind
    return decision


def _ahead(holder: str, queue: tuple[str, ...]) -> dict[str, str]:
    """Who is directly ahead of each that waits."""
    return dict(zip(queue, (holder, *queue), strict=False))


def _passed_on(shared: Shared, message: PressShared) -> Decision:
    """Somebody waits for one who waits here: whoever has the service hears of both."""
    if message.order not in shared.queue or not shared.holder:
        return Decision()
    return Decision(sends=[(shared.holder, SharedPressed(shared.id, message.orders))])
