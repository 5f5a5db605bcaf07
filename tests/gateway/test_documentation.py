"""The pages a browser opens: nothing on them comes from another server."""

import re

import httpx


async def test_the_documentation_comes_from_here(http: httpx.AsyncClient) -> None:
    page = await http.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    places = re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(places) >= 3
    for place in places:
        assert place.startswith("/"), f"{place} is on another server: a page that is given a token loads none"
        assert (await http.get(place)).status_code == 200
    assert "://" not in page.text
    script = next(place for place in places if place.endswith(".js"))
    assert "SwaggerUIBundle" in (await http.get(script)).text


async def test_who_opens_the_gateway_is_led_to_the_documentation(http: httpx.AsyncClient) -> None:
    answer = await http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
    assert "/" not in (await http.get("/openapi.json")).json()["paths"]
    assert (await http.get("/docs/assets/../../pyproject.toml")).status_code == 404


async def test_a_path_or_method_that_is_not_served_says_what_is(http: httpx.AsyncClient) -> None:
    nowhere = await http.get("/elsewhere")
    assert nowhere.json()["reason"] == "there is nothing at /elsewhere; /docs lists what there is"
    orders = "/tmf-api/productOrderingManagement/v4/productOrder"
    answer = await http.delete(orders)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, POST"
    assert answer.json()["reason"] == f"{orders} takes GET, POST, not DELETE"
