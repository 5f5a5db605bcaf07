"""A bundle's line lives by the lines of what it bundles: it has no work of its own."""

from catalog.commerce.bundles import completed
from tests.actors.drawn import SAMPLE
from tests.actors.test_fulfilment import finish, lines, order, state

BUNDLE = {"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}


def test_a_bundle_is_done_when_what_it_bundles_is() -> None:
    whole, unfit = completed(SAMPLE.current, {"productOrderItem": [BUNDLE]})
    assert unfit == ()
    watched = order(*whole["productOrderItem"])
    assert set(lines(watched)) == {"1", "1:fibre-internet", "1:tv-premium", "1:voice-home"}
    finish(watched, line="1:voice-home")
    assert (lines(watched)["1:voice-home"], lines(watched)["1"]) == ("completed", "inProgress")
    finish(watched)
    assert set(lines(watched).values()) == {"completed"}
    assert state(watched) == "completed"
