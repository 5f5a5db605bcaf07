"""What the id of an order tells: its tenant, and which kind of order it was captured as."""

from typing import Final

from catalog.model import Kind

ORDER_ID_LENGTH: Final = 25
"""Characters of an order id without the mark of its kind and its tenant's tag."""
SERVICE_MARK: Final = "s-"
"""Stands behind the first letter of the ids of service orders that were captured as such (TMF641)."""


def captured_as(order: str) -> Kind:
    """The kind of order that this was captured as, which its id tells."""
    return "service" if order.startswith(SERVICE_MARK, 1) else "product"


def tenant_tag_of(order: str) -> str:
    """The tag of the tenant an order belongs to, which its id ends with; empty for the tenant ``default``."""
    if order.startswith(SERVICE_MARK, 1):
        return order[ORDER_ID_LENGTH + len(SERVICE_MARK) :]
    return order[ORDER_ID_LENGTH:]


def tenanted(tag: str, attribute: str, kind: Kind = "product") -> str:
    """The name under which lists find orders of one tenant and kind by an attribute: no list meets another's."""
    if kind != "product":
        attribute = f"{kind}.{attribute}"
    return f"{tag}.{attribute}" if tag else attribute
