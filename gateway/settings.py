"""What a gateway is told when it starts."""

import msgspec

from actors.order_id import captured_as
from gateway.auth import Principal
from runtime.limits import BODY_BYTES_MAX, LINE_BYTES_MAX, STREAM_UNANSWERED_LINES_MAX

ORDERING_PATH = "/tmf-api/productOrderingManagement/v4"
"""Base path of TMF622 v4."""
INVENTORY_PATH = "/tmf-api/productInventory/v4"
"""Base path of TMF637 v4."""
SERVICE_ORDERING_PATH = "/tmf-api/serviceOrdering/v4"
"""Base path of TMF641 v4."""


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Immutable for the life of the process.

    ``base_url`` starts every href that is answered, without a slash at its end; empty: hrefs are absolute paths.
    ``tokens`` are the principals by bearer token. Sizes are bytes, counts are lines, times are seconds.
    """

    tokens: dict[str, Principal]
    base_url: str = ""
    body_bytes_max: int = BODY_BYTES_MAX
    line_bytes_max: int = LINE_BYTES_MAX
    unanswered_lines_max: int = STREAM_UNANSWERED_LINES_MAX
    unanswered_bytes_max: int = BODY_BYTES_MAX
    """Bytes of unanswered lines of one stream; above it the stream is not read on (one line is always let in)."""
    heartbeat_s: float = 15.0
    subscriber_frames_max: int = 2_048
    """Frames an event subscriber may lag behind the live edge before it is told and closed."""

    def href(self, order: str) -> str:
        """Where an order is found: its ``href`` and the ``Location`` of its creation."""
        if captured_as(order) == "service":
            return f"{self.base_url}{SERVICE_ORDERING_PATH}/serviceOrder/{order}"
        return f"{self.base_url}{ORDERING_PATH}/productOrder/{order}"

    def product_href(self, product: str) -> str:
        """Where an installed product is found."""
        return f"{self.base_url}{INVENTORY_PATH}/product/{product}"
