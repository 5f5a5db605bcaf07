"""The list of service orders: captured ones and those that decomposition made, page by page, each exactly once."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from actors.group import OrderGroup
from actors.states import PRODUCT_ORDER, State
from gateway.tmf import service_order_list
from gateway.tmf.cursor import Cursor, read_cursor
from tests.gateway.conftest import Shop, item, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH as PRODUCT_PATH
from tests.gateway.test_service_ordering import LATER, PATH, line, service_order

NORTH = {"Authorization": "Bearer north-token"}
STATES = [str(state) for state in PRODUCT_ORDER.states if state is not State.DRAFT]
LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')


def links(answer: httpx.Response) -> dict[str, str]:
    return {rel: url for url, rel in LINK.findall(answer.headers["link"])}


def total(answer: httpx.Response) -> int | None:
    given = answer.headers.get("x-total-count")
    return None if given is None else int(given)


async def listed(http: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await http.get(PATH, params={"limit": 1_000, **query})
    assert answer.status_code == 200, answer.text
    shown = list(answer.json())
    assert total(answer) == len(shown) == int(answer.headers["x-result-count"])
    assert "next" not in links(answer)
    return shown


async def followed(http: httpx.AsyncClient, **query: Any) -> list[list[dict[str, Any]]]:
    """Every page, by the links to the next one."""
    answer = await http.get(PATH, params=query)
    pages: list[list[dict[str, Any]]] = []
    while True:
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        assert answer.headers["x-result-count"] == str(len(pages[-1]))
        following = links(answer).get("next")
        if following is None:
            return pages
        assert total(answer) is None and "last" not in links(answer)
        (offset,) = parse_qs(urlsplit(following).query)["offset"]
        assert int(offset) == sum(map(len, pages))
        answer = await http.get(following)


def ids(shown: Sequence[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in shown]


class Filled:
    """Orders of both kinds in several states."""

    def __init__(self, http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
        self.http = http
        self.runtime = runtime
        self.orders: list[str] = []

    async def fill(self) -> None:
        product = await self.placed(PRODUCT_PATH, order(1, productOrderItem=[item("1"), item("2")]))
        self.runtime.complete(product)
        held = await self.placed(PATH, service_order(2, serviceOrderItem=[line("1"), line("2")]))
        self.hold(held)
        await self.placed(PATH, service_order(3, requestedStartDate=LATER))
        asked = await self.placed(PRODUCT_PATH, order(4))
        self.runtime.answer(asked)
        self.runtime.answer(asked, "pending", "noSite", "which floor?")
        self.runtime.answer(await self.placed(PRODUCT_PATH, order(5)))
        done = await self.placed(PATH, service_order(6))
        self.runtime.complete(done)
        await self.placed(PRODUCT_PATH, order(7, requestedStartDate=LATER))

    def hold(self, order: str) -> None:
        """Its resource orders are done, its service orders fail."""
        self.runtime.answer(order)
        self.runtime.answer(order, "failed", "noPort", "none is free")

    async def placed(self, path: str, body: dict[str, Any], **headers: Any) -> str:
        answer = await self.http.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        self.orders.append(answer.json()["id"])
        return self.orders[-1]

    def expected(self) -> list[tuple[str, str]]:
        """Ids and states, straight from the orders."""
        groups = sorted(self.runtime.groups.values(), key=lambda each: (each.order.order_date, each.order.id))
        found: list[tuple[str, str]] = []
        for group in groups:
            if group.order.id.startswith("os-"):
                found.append((group.order.id, str(group.order.state)))
            found += [
                (f"{group.order.id}.{key}", str(each.state))
                for key, each in group.decomposition.domain_orders.items()
                if each.kind == "service"
            ]
        return found


@pytest.fixture
async def filled(http: httpx.AsyncClient, runtime: RecordingRuntime) -> Filled:
    made = Filled(http, runtime)
    await made.fill()
    return made


async def test_both_kinds_are_shown(http: httpx.AsyncClient, filled: Filled) -> None:
    shown = await listed(http)
    assert [(each["id"], each["state"]) for each in shown] == filled.expected()
    whose = {each["id"]: each["orderRelationship"][0]["id"] for each in shown if "." in each["id"]}
    assert whose and all(made.partition(".")[0] == source for made, source in whose.items())
    assert {source[:3] == "os-" for source in whose.values()} == {True, False}
    for each in shown:
        assert (await http.get(each["href"])).json() == each
    assert ids(await listed(http, externalId="service-2")) == [filled.orders[1]]
    few = await listed(http, fields="state")
    assert few == [{"id": each["id"], "state": each["state"]} for each in shown]


@pytest.mark.parametrize("state", STATES)
async def test_a_state_finds_both_kinds(http: httpx.AsyncClient, filled: Filled, state: str) -> None:
    right = [made for made, stands in filled.expected() if stands == state]
    assert ids(await listed(http, state=state)) == right
    assert [made for page in await followed(http, state=state, limit=1) for made in ids(page)] == right
    filled.hold(await filled.placed(PRODUCT_PATH, order(8)))
    tasks = filled.runtime.groups[filled.orders[1]].orchestration.tasks
    for key in [key for key, task in tasks.items() if task.state is State.HELD]:
        answer = await http.post(f"/api/v1/order/{filled.orders[1]}/task/{key}/giveUp", json={"reason": "x"})
        assert answer.status_code == 200, answer.text
    right = [made for made, stands in filled.expected() if stands == state]
    assert ids(await listed(http, state=state)) == right


async def test_one_that_is_held_is_found_without_reading_the_others(
    http: httpx.AsyncClient, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(10, 40):
        await filled.placed(PRODUCT_PATH, order(number))
    filled.hold(filled.orders[-9])
    read = _reading(filled.runtime, monkeypatch)
    held = ids(await listed(http, state="held"))
    assert [made.partition(".")[0] for made in held if "." in made][-1] == filled.orders[-9]
    assert sorted(set(read)) == sorted({filled.orders[1], filled.orders[-9]})


@pytest.mark.parametrize("query", [{}, {"state": "completed"}, {"state": "inProgress"}, {"state": "held"}])
async def test_pages_cover_everything_once(
    http: httpx.AsyncClient, filled: Filled, query: dict[str, str]
) -> None:
    whole = ids(await listed(http, **query))
    assert whole
    for limit in (1, 2, 3, len(whole), len(whole) + 1):
        pages = await followed(http, limit=limit, **query)
        assert [made for page in pages for made in ids(page)] == whole
        assert all(len(page) == limit for page in pages[:-1])
        for offset in range(len(whole) + 2):
            answer = await http.get(PATH, params={**query, "offset": offset, "limit": limit})
            assert ids(answer.json()) == whole[offset : offset + limit]
            known = offset + limit >= len(whole)
            assert total(answer) == (len(whole) if known else None)
            assert ("next" in links(answer), "last" in links(answer)) == (not known, known)
            assert ("prev" in links(answer)) == bool(offset)
    answer = await http.get(PATH, params={**query, "limit": 0})
    assert (answer.json(), total(answer)) == ([], len(whole))


async def test_a_page_goes_on_where_the_last_one_ended(
    http: httpx.AsyncClient, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await listed(http)
    first = await http.get(PATH, params={"limit": 4, "orderDate.gt": "2000-01-01T00:00:00Z"})
    await filled.placed(PRODUCT_PATH, order(8))
    read = _reading(filled.runtime, monkeypatch)
    following = links(first)["next"]
    second = await http.get(following)
    assert ids(second.json()) == ids(whole[4:8])
    assert filled.orders[0] not in read, "what lies before is not read again"
    assert set(links(second)) == {"self", "first", "next"}
    assert links(second)["self"] == following and "after" not in links(second)["first"]
    assert "orderDate.gt" in links(second)["next"]
    rest = await http.get(PATH, params={"limit": 1_000, "after": _after(first)})
    assert len(rest.json()) == len(whole) - 4 + 1
    assert total(rest) is None, "what stands before was not counted"


async def test_dates_narrow_both_kinds(http: httpx.AsyncClient, filled: Filled) -> None:
    whole = await listed(http)
    dates = sorted({each["orderDate"] for each in whole})
    for date in dates:
        later = [each["id"] for each in whole if each["orderDate"] > date]
        assert ids(await listed(http, **{"orderDate.gt": date})) == later
        assert ids(await listed(http, **{"orderDate.lte": date})) == ids(whole)[: len(whole) - len(later)]


async def test_a_request_reads_no_more_than_its_bound(
    http: httpx.AsyncClient, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ids(await listed(http))
    completed = ids(await listed(http, state="completed"))
    monkeypatch.setattr(service_order_list, "LIST_ORDERS_READ_MAX", 2)
    read = _reading(filled.runtime, monkeypatch)
    pages = await followed(http)
    assert len(pages) > 2 and [made for page in pages for made in ids(page)] == whole
    pages = await followed(http, state="completed", limit=2)
    assert [] in pages and [made for page in pages for made in ids(page)] == completed
    read.clear()
    answer = await http.get(PATH, params={"offset": len(whole) - 1})
    (fault,) = answer.json()["violations"]
    assert (answer.status_code, answer.json()["code"]) == (400, "invalidQuery")
    assert fault["pointer"] == "?offset" and "next" in fault["message"] and "orderDate" in fault["message"]
    assert len(read) == 2
    answer = await http.get(PATH, params={"limit": 0})
    assert (answer.status_code, answer.json(), total(answer)) == (200, [], None)
    assert ids((await http.get(PATH, params={"offset": 2})).json()), "as far as it reads"


async def test_a_tenant_sees_its_own(http: httpx.AsyncClient, filled: Filled) -> None:
    ours = ids(await listed(http))
    theirs = [
        await filled.placed(PRODUCT_PATH, order(1), **NORTH),
        await filled.placed(PATH, service_order(1), **NORTH),
    ]
    for their_order in theirs:
        filled.hold(their_order)
    assert ids(await listed(http)) == ours
    for query in ({}, {"state": "held"}):
        seen = await http.get(PATH, params=query, headers=NORTH)
        assert {made.partition(".")[0] for made in ids(seen.json())} == set(theirs)
    group = filled.runtime.groups[theirs[0]]
    forged = Cursor(group.order.order_date, theirs[0], "gone").text
    rest = await http.get(PATH, params={"after": forged})
    assert rest.status_code == 200 and not set(theirs) & {made.partition(".")[0] for made in ids(rest.json())}
    beginning = await http.get(PATH, params={"after": Cursor(0, "", "").text, "limit": 1_000})
    assert ids(beginning.json()) == ours


async def test_what_moved_meanwhile_is_not_missed(http: httpx.AsyncClient, filled: Filled) -> None:
    whole = ids(await listed(http))
    group = filled.runtime.groups[filled.orders[0]]
    key = next(key for key, each in group.decomposition.domain_orders.items() if each.kind == "service")
    after = Cursor(group.order.order_date, group.order.id, key)
    rest = await http.get(PATH, params={"after": after.text})
    assert ids(rest.json()) == whole[1:]
    gone = await http.get(PATH, params={"after": msgspec.structs.replace(after, key="gone").text})
    assert ids(gone.json()) == whole, "its order has no such one any more: all of it is shown again"
    elsewhere = await http.get(PATH, params={"after": after.text, "state": "held"})
    assert ids(elsewhere.json()) == ids(await listed(http, state="held"))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        "!",
        "é",
        "AAAA",
        Cursor(5, "o1", "").text + "=",
        Cursor(5, "o1", "").text[:-1],
        Cursor(-1, "o1", "").text,
        Cursor(10**13, "o1", "").text,
        Cursor(5, "o\0", "").text,
        Cursor(5, "o1", "").text + "AA",
    ],
)
async def test_a_bad_cursor_is_told_with_all_else(http: httpx.AsyncClient, bad: str) -> None:
    answer = await http.get(PATH, params={"after": bad, "state": "lost", "limit": "x"})
    assert answer.status_code == 400
    assert {each["pointer"] for each in answer.json()["violations"]} == {"?after", "?state", "?limit"}


async def test_a_cursor_is_for_this_list_alone(http: httpx.AsyncClient) -> None:
    cursor = Cursor(5, "o1", "1.1")
    assert read_cursor(cursor.text) == cursor
    assert (await http.get(PATH, params={"after": cursor.text})).json() == []
    twice = await http.get(PATH, params=[("after", cursor.text), ("after", cursor.text)])
    assert [each["code"] for each in twice.json()["violations"]] == ["not-unique"]
    for path, query in (
        (PRODUCT_PATH, {}),
        (PATH, {"externalId": "x"}),
        (PATH, {"orderRelationship.id": "o1"}),
    ):
        answer = await http.get(path, params={"after": cursor.text, **query})
        assert [each["pointer"] for each in answer.json()["violations"]] == ["?after"], path


async def test_the_kernel_keeps_the_index_of_it(shop: Shop) -> None:
    done = await shop.completed(item("1"))
    (made,) = (await shop.http.get(PATH, params={"state": "completed"})).json()
    assert made["orderRelationship"][0]["id"] == done["id"]
    for state in ("held", "cancelled", "inProgress"):
        found = await shop.http.get(PATH, params={"state": state})
        assert (found.json(), total(found)) == ([], 0)


def _after(answer: httpx.Response) -> str:
    (after,) = parse_qs(urlsplit(links(answer)["next"]).query)["after"]
    return after


def _reading(runtime: RecordingRuntime, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The orders that are read from now on."""
    found: list[str] = []
    read = runtime.read

    async def reading(groups: Sequence[str]) -> list[OrderGroup | None]:
        found.extend(groups)
        return await read(groups)

    monkeypatch.setattr(runtime, "read", reading)
    return found
