"""What an order takes along on its way in, beyond what it says itself: nothing, under nearly all catalogs."""

from collections.abc import Coroutine
from typing import Any

from gateway.auth import Principal
from gateway.customer_products import with_customer
from gateway.lanes import Submission, laned
from runtime.port import Runtime


def entering(
    runtime: Runtime, principal: Principal, order: str, message: Submission
) -> Coroutine[Any, Any, Submission]:
    """The message with the lane that the order may still enter, and with what its customer has.

    :raises runtime.errors.Busy: as :func:`gateway.lanes.laned`.
    :raises runtime.errors.Unavailable: nobody can tell at the moment.
    """
    if runtime.catalogs.get(message.catalog).customer_wide:
        return _with_customer(runtime, principal, order, message)
    return laned(runtime, principal, order, message)


async def _with_customer(
    runtime: Runtime, principal: Principal, order: str, message: Submission
) -> Submission:
    return await with_customer(runtime, order, await laned(runtime, principal, order, message))
