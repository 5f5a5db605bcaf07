"""What grows holds no circles: graphs are grown for steps of many orders, and the collector would find them all."""

import gc

from catalog.graph.lines import grow
from catalog.graph.settling import Order
from catalog.lines import LineRequest
from catalog.model import Catalog


def test_growing_leaves_nothing_to_the_garbage_collector(sample: Catalog) -> None:
    place = {"installation": "site-7"}
    network = {"bandwidth": 100, "router": "small", "backup": True}
    lines = {
        "1": LineRequest("1", "add", "office-network", characteristics=network, place=place),
        "2": LineRequest("2", "add", "office-telephony", characteristics={"lines": 3}, place=place),
        "3": LineRequest("3", "add", "managed-wan", characteristics={"siteCount": 2, "bandwidth": 100}),
    }
    order = Order(sample, lines)
    assert len(grow(order, lines).nodes) > 6, "and all that is compiled once is compiled by now"
    gc.collect()
    gc.disable()
    try:
        grow(order, lines)
        assert gc.collect() == 0
    finally:
        gc.enable()
