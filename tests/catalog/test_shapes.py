"""The sample catalog gives the five standard loads, and more than them."""

import pytest

from catalog.decompose import LineRequest, decompose
from catalog.door import check_line
from catalog.model import Catalog

VALUES = {
    "managed-wan": {"siteCount": 2, "bandwidth": 100},
    "broadband-basic": {"speed": 100},
    "fibre-internet": {"speed": 1000},
    "sdwan-network": {"siteCount": 3},
    "iot-fleet": {"devices": 4},
    "voice-business": {"channels": 8, "numbers": 10},
    "mpls-vpn-site": {"bandwidth": 100, "site": "Rotterdam"},
    "cloud-connect": {"provider": "blue-cloud", "region": "eu-west-1", "bandwidth": 100},
    "mobile-roaming-pack": {"zone": "europe", "days": 7},
    "office-network": {"bandwidth": 100, "router": "small", "backup": True},
    "office-telephony": {"lines": 20},
    "managed-security": {"users": 50},
}
SHAPES = {
    "mobile": (["mobile-postpaid"], 3, 3),
    "b6": (["broadband-basic"] * 3, 6, 6),
    "triple-play": (["fibre-internet", "tv-premium", "voice-home"], 12, 15),
    "sdwan-200": (["sdwan-hub"] + ["sdwan-site"] * 200, 605, 806),
    "mega-5000": (["broadband-basic"] * 5_000, 10_000, 10_000),
}


def line(offering: str, number: int = 1, action: str = "add") -> LineRequest:
    values = VALUES.get(offering, {})
    return LineRequest(str(number), action, offering, None, 1, values, place={"installation": "site-7"})


@pytest.mark.parametrize("shape", SHAPES)
def test_standard_loads_have_their_size(shape: str, sample: Catalog) -> None:
    offerings, domain_orders, tasks = SHAPES[shape]
    lines = [line(offering, number) for number, offering in enumerate(offerings, start=1)]
    assert [check_line(sample, each) for each in lines] == [()] * len(lines)
    decomposed = [decompose(sample, each) for each in lines]
    assert sum(len(each.domain_orders) for each in decomposed) == domain_orders
    assert sum(len(each.tasks) for each in decomposed) == tasks


def test_a_broadband_line_is_a_service_over_a_resource(sample: Catalog) -> None:
    decomposed = decompose(sample, line("broadband-basic"))
    service, resource = decomposed.domain_orders
    assert (service.kind, service.parent, resource.kind, resource.parent) == (
        "service",
        None,
        "resource",
        service.key,
    )
    assert [(task.domain_order, task.needs) for task in decomposed.tasks] == [
        ("1.2", ()),
        ("1.1", ("1.2.1",)),
    ]
    assert resource.characteristics == {"portSpeed": 100}


def test_every_orderable_offering_is_accepted_and_has_work_for_every_action(sample: Catalog) -> None:
    for offering in sample.offerings.values():
        if offering.lifecycle_status != "Active" or not offering.product_specification:
            continue
        for action in ("add", "modify", "delete"):
            request = line(offering.id, action=action)
            assert check_line(sample, request) == (), offering.id
            decomposed = decompose(sample, request)
            # Where rules decided what was created, only what is installed says what goes.
            by_rules = [held.code for held in decomposed.held_back] == ["installedUnknown"]
            assert decomposed.tasks or (action == "delete" and by_rules), (offering.id, action)
        assert check_line(sample, line(offering.id, action="noChange")) == ()


def test_the_sample_has_breadth(sample: Catalog) -> None:
    kinds = [specification.kind for specification in sample.specifications.values()]
    assert {kind: kinds.count(kind) >= 10 for kind in set(kinds)} == dict.fromkeys(
        ("product", "service", "resource"), True
    )
    assert all(each.name and each.description for each in sample.offerings.values())
