"""The judge of installed products: what the journal says of each, against what the orders in the journal did."""

from typing import Any

from actors.events_of_products import ProductFolded, ProductFree, ProductHeld, ProductLearned, ProductMoved
from actors.fact import Event
from actors.product_id import PREFIX, origin_of
from actors.shared_service import Shared
from actors.states import FINAL, INSTALLED_PRODUCT, State
from actors.structure import OrderGroup
from runtime.journal.frames import Record
from runtime.simulation.books import Book, Books, Broken, arc

S = State
Holder = tuple[str, str, str]
"""(order, line, action)"""


class Products:
    """``installed``: one line at a time has a product, each folds once what it did and nothing else, and a product
    stands as its last completed line left it; a shared service lives if and only if a live product refers to it."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.holders: dict[str, Holder] = {}
        self.folded: dict[str, bool] = {}
        """Whether the line that has the product has folded."""
        self.states: dict[str, State] = {}

    def recorded(self, news: list[tuple[Book, Record, list[Event]]]) -> None:
        """New records stand in the journal."""
        for _, record, events in news:
            if record.group.startswith(PREFIX):
                for event in events:
                    self._fact(record.group, event)

    def _fact(self, product: str, event: Event) -> None:
        if isinstance(event, ProductMoved):
            arc(product, INSTALLED_PRODUCT, self.states.get(product, S.CREATED), event.state)
            self.states[product] = event.state
        elif isinstance(event, ProductLearned):
            self._learned(product)
        elif isinstance(event, ProductHeld):
            if product in self.holders:
                raise Broken("installed", f"{product} is given to {event} and {self.holders[product]} has it")
            self.holders[product] = (event.order, event.line, event.action)
            self.folded[product] = False
        elif isinstance(event, ProductFolded):
            if self.holders.get(product) != (event.order, event.line, event.action):
                raise Broken(
                    "installed", f"{product}: {event.order} folds, {self.holders.get(product)} has it"
                )
            if self.folded[product]:
                raise Broken("installed", f"{product}: {event.order} line {event.line} folds twice")
            self.folded[product] = True
        elif isinstance(event, ProductFree):
            holder = self.holders.get(product)
            if holder is not None and holder[:2] == (event.order, event.line):
                self._freed(product, holder)
                del self.holders[product]

    def _order(self, order: str) -> OrderGroup | None:
        book = self.books.groups.get(order)
        return None if book is None else book.state

    def _learned(self, product: str) -> None:
        order, line = origin_of(product) or ("", "")
        group = self._order(order)
        if group is None or line not in group.lines or group.lines[line].state not in FINAL:
            raise Broken("installed", f"{product} was told the end of a line that has not ended")

    def _freed(self, product: str, holder: Holder) -> None:
        order, line, action = holder
        group = self._order(order)
        assert group is not None
        completed = group.lines[line].state is S.COMPLETED and action != "hold"
        if completed and not self.folded[product]:
            raise Broken("installed", f"{product}: {order} line {line} was completed and left no trace")
        if action == "delete" and completed is not (self.states[product] is S.TERMINATED):
            raise Broken(
                "installed",
                f"{product} is {self.states[product]} after the delete of {order}, completed: {completed}",
            )

    def at_rest(self) -> None:
        """Everything has ended or rightly waits.

        :raises Broken: when a product is kept from others by a line that has ended, or stands otherwise than told.
        """
        for product, holder in self.holders.items():
            group = self._order(holder[0])
            if group is None or group.lines[holder[1]].state in FINAL:
                raise Broken("installed", f"{product} is still held by {holder}, which has ended")
        for name, book in self.books.groups.items():
            if name.startswith(PREFIX):
                self._stands(name, book.live.state)
        for name, service in self.books.services.items():
            self._shared(name, service)

    def _shared(self, name: str, service: Shared) -> None:
        """A shared service lives if and only if a live product refers to it."""
        if service.holder:
            holder = self._order(service.holder)
            if holder is None or holder.order.state in FINAL:
                raise Broken("installed", f"{name} is still held by {service.holder}, which has ended")
            return
        if service.picture is not None and not service.referrers:
            raise Broken("installed", f"{name} stands, and nobody refers to it")
        for referrer in service.referrers:
            product = referrer.partition("/")[0]
            order, line = origin_of(product) or ("", "")
            group = self._order(order)
            made = group.lines[line].state if group is not None and line in group.lines else None
            if made not in (S.COMPLETED, S.PARTIAL) or self.states.get(product) is S.TERMINATED:
                raise Broken("installed", f"{name} is referred to by {product}, which does not live")

    def _stands(self, name: str, product: Any) -> None:
        group = self._order(product.order)
        made = group.lines[product.line].state if group is not None and product.line in group.lines else None
        if not product.known or made is None:
            # Whoever asks again is told anew.
            expected = {S.CREATED, S.PENDING_ACTIVE}
        elif made is S.COMPLETED:
            expected = {S.ACTIVE, S.PENDING_TERMINATE, S.TERMINATED}
        elif made in FINAL:
            expected = {S.CANCELLED, S.ABORTED, S.PENDING_TERMINATE, S.TERMINATED}
        else:
            expected = {S.CREATED, S.PENDING_ACTIVE}
        if product.state not in expected:
            raise Broken("installed", f"{name} is {product.state}, and the line that made it is {made}")
