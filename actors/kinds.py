"""Every kind of group there is: what a host, a simulated one and a benchmark run."""

from actors.group import OrderGroupKind
from actors.installed_group import InstalledProductKind
from actors.shared_group import SharedServiceKind


def kinds_with(orders: OrderGroupKind) -> tuple[OrderGroupKind, InstalledProductKind, SharedServiceKind]:
    """All kinds; ``orders`` decides for orders in the runtime's chosen placement."""
    return orders, InstalledProductKind(), SharedServiceKind()
