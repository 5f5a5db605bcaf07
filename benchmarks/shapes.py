"""The six standard loads as TMF622 v4 orders: realistic, varied, and the same for the same seed.

Order ``n`` of a shape depends on shape, seed and ``n`` only, never on how many are asked for. Customers, addresses and
characteristics vary; what a shape decomposes into does not, so that figures of two runs compare:

============  =====  =============  =====
shape         lines  domain orders  tasks
============  =====  =============  =====
mobile            1              3      3
b6                3              6      6
triple-play       3             12     15
office            2              4      5
sdwan-200       200            600    800
mega-5000      5000          10000  10000
============  =====  =============  =====

The lines of ``office`` have rules and share an access, an installed service of its own; the others have neither.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Literal, get_args

import msgspec

Shape = Literal["mobile", "b6", "triple-play", "office", "sdwan-200", "mega-5000"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

Order = dict[str, Any]
Item = dict[str, Any]

FIRST_NAMES = (
    "Aino Amara Anna Bilal Carla Chidi Deniz Elena Emil Farah Greta Hugo Ines Ivo Jana Jonas Kaito Lea Liam Lucia "
    "Malik Mara Mei Milan Nadia Noah Nora Omar Oskar Petra Priya Rafael Rosa Samuel Sofia Tariq Tessa Uma Viktor Yara"
).split()
LAST_NAMES = (
    "Abara Andersen Becker Bianchi Costa Dahl Demir Dubois Eriksen Fischer Garcia Haddad Horvat Ibarra Jansen Kaya "
    "Keller Kovac Laine Lopez Martin Meyer Moreau Nagy Novak Okafor Olsen Patel Petrov Quinn Rossi Sato Schmid Silva "
    "Tanaka Urban Vogel Weber Wolf Zhang"
).split()
COMPANIES = (
    "Alder Birch Cedar Dune Ember Fjord Grove Harbour Isle Juniper Kestrel Lumen Meadow Northwind".split()
)
TRADES = (
    "Logistics",
    "Retail",
    "Clinics",
    "Foods",
    "Energy",
    "Hotels",
    "Pharma",
    "Banking",
    "Textiles",
    "Motors",
)
STREETS = (
    "Harbour Road",
    "Linden Avenue",
    "Mill Lane",
    "Station Street",
    "Orchard Way",
    "Canal Row",
    "Park Hill",
)
CITIES = (
    "Northport",
    "Eastbridge",
    "Lakeside",
    "Stonefield",
    "Rivermouth",
    "Highcliff",
    "Westhaven",
    "Oldtown",
)
CHANNELS = (
    {"id": "web", "name": "Web shop"},
    {"id": "shop", "name": "Shop"},
    {"id": "call", "name": "Call centre"},
)
VALUE_TYPES = {bool: "boolean", int: "integer", str: "string", list: "array"}

SDWAN_LINES = 200
MEGA_LINES = 5_000
LINES: dict[Shape, int] = {
    "mobile": 1,
    "b6": 3,
    "triple-play": 3,
    "office": 2,
    "sdwan-200": SDWAN_LINES,
    "mega-5000": MEGA_LINES,
}
"""Lines of an order of each shape."""


def orders(shape: Shape, count: int, seed: int = 0, salt: str = "") -> Iterator[Order]:
    """The first ``count`` orders of a shape; ``salt`` makes their external ids new to a system that knows them.

    :raises ValueError: there is no such shape.
    """
    if shape not in MAKERS:
        raise ValueError(f"there is no shape {shape!r}; there are {', '.join(SHAPES)}")
    for number in range(count):
        yield MAKERS[shape](Random(f"{shape}/{seed}/{number}"), f"{salt}{shape}-{seed}-{number}")


def order_lines(shape: Shape, count: int, seed: int = 0, salt: str = "") -> Iterator[bytes]:
    """The same orders as NDJSON: one line each, with its line end."""
    encode = msgspec.json.Encoder().encode
    for order in orders(shape, count, seed, salt):
        yield encode(order) + b"\n"


def _mobile(draw: Random, external_id: str) -> Order:
    characteristics: dict[str, Any] = {
        "dataAllowance": draw.choice((5, 20, 50, 100, 500)),
        "simType": draw.choice(("esim", "physical")),
        "roaming": draw.random() < 0.8,
    }
    if draw.random() < 0.3:
        characteristics |= {"msisdn": _number(draw), "portedIn": True}
    item = _item("1", "mobile-postpaid", "Mobile Postpaid", characteristics, None)
    return _consumer_order(draw, external_id, "Mobile subscription", [item])


def _b6(draw: Random, external_id: str) -> Order:
    return _consumer_order(draw, external_id, "Broadband at three homes", _broadband(draw, 3))


def _triple_play(draw: Random, external_id: str) -> Order:
    home = _place(draw)
    keeps_number = draw.random() < 0.4
    voice: dict[str, Any] = {"tariff": draw.choice(("minute", "national-flat", "world-flat"))}
    if keeps_number:
        voice |= {"number": _number(draw), "portedIn": True}
    items = [
        _item(
            "1",
            "fibre-internet",
            "Fibre Internet",
            {
                "speed": draw.choice((250, 500, 1000, 2000)),
                "site": home["id"],
                "fixedAddress": draw.random() < 0.1,
                "wifiName": f"{draw.choice(STREETS)} {draw.randrange(1, 99)}",
            },
            home,
        ),
        _item(
            "2",
            "tv-premium",
            "TV Premium",
            {
                "package": draw.choice(("family", "sport", "cinema", "all")),
                "resolution": draw.choice(("HD", "UHD")),
                "site": home["id"],
                "parentalPin": f"{draw.randrange(10_000):04}",
            },
            home,
        ),
        _item("3", "voice-home", "Voice Home", voice, home),
    ]
    return _consumer_order(draw, external_id, "Internet, television and telephone", items)


def _office(draw: Random, external_id: str) -> Order:
    office = _place(draw)
    network = {
        "bandwidth": draw.choice((100, 500)),
        "router": draw.choice(("small", "large")),
        "backup": True,
    }
    items = [
        _item("1", "office-network", "Office Network", network, office),
        _item("2", "office-telephony", "Office Telephony", {"lines": draw.randrange(1, 41)}, office),
    ]
    return _company_order(draw, external_id, "Network and telephony for an office", items)


def _sdwan(draw: Random, external_id: str) -> Order:
    items = []
    for line in range(1, SDWAN_LINES + 1):
        place = _place(draw)
        characteristics = {
            "bandwidth": draw.choice((50, 100, 200, 500, 1000)),
            "site": place["id"],
            "deviceModel": draw.choice(("edge-100", "edge-500", "edge-2000")),
            "segments": draw.choice((["office"], ["office", "guest"], ["office", "voice", "payment"])),
        }
        items.append(_item(str(line), "sdwan-site", "SD-WAN Site", characteristics, place))
    return _company_order(draw, external_id, "Software-defined network for all branches", items)


def _mega(draw: Random, external_id: str) -> Order:
    return _company_order(draw, external_id, "Broadband for every home office", _broadband(draw, MEGA_LINES))


MAKERS: dict[Shape, Callable[[Random, str], Order]] = {
    "mobile": _mobile,
    "b6": _b6,
    "triple-play": _triple_play,
    "office": _office,
    "sdwan-200": _sdwan,
    "mega-5000": _mega,
}


def _broadband(draw: Random, lines: int) -> list[Item]:
    items = []
    for line in range(1, lines + 1):
        place = _place(draw)
        characteristics = {
            "speed": draw.choice((50, 100, 250, 1000)),
            "site": place["id"],
            "contention": draw.choice(("standard", "business")),
        }
        items.append(_item(str(line), "broadband-basic", "Broadband Basic", characteristics, place))
    return items


def _item(line: str, offering: str, name: str, characteristics: dict[str, Any], place: Item | None) -> Item:
    product: Item = {
        "productCharacteristic": [
            {"name": each, "valueType": VALUE_TYPES[type(value)], "value": value}
            for each, value in characteristics.items()
        ]
    }
    if place is not None:
        product["place"] = [place]
    return {
        "id": line,
        "quantity": 1,
        "action": "add",
        "productOffering": {"id": offering, "name": name},
        "product": product,
    }


def _consumer_order(draw: Random, external_id: str, description: str, items: list[Item]) -> Order:
    customer = f"C{draw.randrange(10_000_000):07}"
    party = {
        "id": customer,
        "name": f"{draw.choice(FIRST_NAMES)} {draw.choice(LAST_NAMES)}",
        "role": "customer",
        "@referredType": "Individual",
    }
    return _order(draw, external_id, "B2C", description, party, draw.choice(CHANNELS), items)


def _company_order(draw: Random, external_id: str, description: str, items: list[Item]) -> Order:
    party = {
        "id": f"E{draw.randrange(100_000):05}",
        "name": f"{draw.choice(COMPANIES)} {draw.choice(TRADES)}",
        "role": "customer",
        "@referredType": "Organization",
    }
    account_team = {"id": "account-team", "name": "Account team"}
    return _order(draw, external_id, "B2B", description, party, account_team, items)


def _order(
    draw: Random,
    external_id: str,
    category: str,
    description: str,
    party: Item,
    channel: dict[str, str],
    items: list[Item],
) -> Order:
    return {
        "externalId": external_id,
        "@type": "ProductOrder",
        "category": category,
        "description": description,
        "priority": str(draw.randrange(5)),
        "requestedStartDate": f"2026-{draw.randrange(1, 11):02}-{draw.randrange(1, 29):02}T08:00:00Z",
        "channel": [channel],
        "billingAccount": {"id": f"BA-{party['id']}"},
        "relatedParty": [party],
        "productOrderItem": items,
    }


def _place(draw: Random) -> Item:
    return {
        "id": f"addr-{draw.randrange(100_000_000):08}",
        "name": f"{draw.randrange(1, 250)} {draw.choice(STREETS)}, {draw.choice(CITIES)}",
        "role": "installation",
        "@referredType": "GeographicAddress",
    }


def _number(draw: Random) -> str:
    return f"+49{draw.randrange(150_0000000, 180_0000000)}"
