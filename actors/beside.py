"""What stands beside an order, as its compatibilities see it: what it names, and what its customer has besides."""

from collections.abc import Iterator, Mapping

import msgspec

from actors.captured import products_beside, products_changed
from actors.compatibility_state import Seen
from actors.customer_products import CustomerProducts
from actors.order_id import tenant_tag_of
from actors.product_id import origin_of
from actors.situation import surroundings
from actors.states import S
from catalog.installed import InstalledProduct
from catalog.lines import LineRequest
from catalog.model import Catalog
from catalog.policies.compatibility import compatibility_findings
from catalog.policies.facts import OrderFacts
from catalog.policies.fitting import CompatibilityFinding
from catalog.policies.horizontal import holds_any
from catalog.policies.sides import Side, installed_sides


class Beside(msgspec.Struct, frozen=True):
    """An order's document and what is to be known of installed products to compare it with them."""

    order: str
    document: bytes
    customer: CustomerProducts

    def named(self) -> tuple[str, ...]:
        """Installed products that the order names and does not change."""
        return tuple(product for product in products_beside(self.document) if self._visible(product))

    def products(self) -> tuple[str, ...]:
        """Those, and then the others of its customer."""
        named = self.named()
        apart = {*named, *products_changed(self.document).values()}
        others = [
            product for product in self.customer.products if product not in apart and self._visible(product)
        ]
        return (*named, *others)

    def changed(self, catalog: Catalog, facts: OrderFacts) -> dict[str, str]:
        """By line, the installed product that it changes or ends, where it has to do with a compatibility."""
        products = products_changed(self.document)
        return {
            line.line: products[line.line]
            for line in facts.lines
            if line.line in products
            and holds_any(catalog, line.specification)
            and self._visible(products[line.line])
        }

    def _visible(self, product: str) -> bool:
        """Whether it can be an installed product of the order's tenant, made by another order."""
        origin = origin_of(product)
        return (
            origin is not None
            and origin[0] != self.order
            and tenant_tag_of(origin[0]) == tenant_tag_of(self.order)
        )

    def sides(self, seen: Mapping[str, Seen]) -> Iterator[Side]:
        """What stands beside the order of what was seen, or is being built by another one."""
        named = frozenset(products_beside(self.document))
        for product in self.products():
            each = seen.get(product)
            if each is None:
                continue
            picture = each.stands or each.coming
            if picture is not None:
                yield from installed_sides(
                    picture,
                    leaving=each.state is S.PENDING_TERMINATE,
                    named=product in named,
                    coming=each.stands is None,
                )

    def over(self, pictures: Mapping[str, InstalledProduct]) -> dict[str, LineRequest]:
        """The requests of lines over the installed products that they change or end; ``pictures`` go by line."""
        requests, _ = surroundings(self.document, self.order)
        return {
            line: msgspec.structs.replace(
                requests[line],
                quantity=requests[line].quantity or sum(not node.parent for node in picture.nodes),
                product=picture.id,
                installed=picture,
            )
            for line, picture in pictures.items()
        }

    def findings(
        self, catalog: Catalog, facts: OrderFacts, seen: Mapping[str, Seen]
    ) -> tuple[CompatibilityFinding, ...]:
        """What stands against the order as it is to become."""
        if not catalog.horizontal:
            return ()
        pictures = {}
        for line, product in self.changed(catalog, facts).items():
            each = seen.get(product)
            if each is not None and each.state is not S.PENDING_ACTIVE:
                # Of what is gone, or never was, there is nothing to take away.
                pictures[line] = each.stands or InstalledProduct(product, ())
        found = compatibility_findings(catalog, facts, self.sides(seen), self.over(pictures))
        return (*found, *self.unseen(catalog, facts))

    def unseen(self, catalog: Catalog, facts: OrderFacts) -> Iterator[CompatibilityFinding]:
        """For each line concerned, that not all of what its customer has was looked at."""
        unseen = self.customer.unseen
        if not unseen:
            return
        for line in facts.lines:
            if line.action != "noChange" and holds_any(catalog, line.specification, wide=True):
                sentence = f"line {line.line}: {unseen}: whether it fits the others is not known"
                yield CompatibilityFinding(f"{line.line}:customer", line.line, sentence)
