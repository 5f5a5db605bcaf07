"""Publishing catalogs over HTTP: whole or not at all, with every finding, and by whom."""

from typing import Any

import httpx
import pytest

from catalog.findings import CatalogError
from catalog.loader import CatalogText, load_texts
from catalog.store import SAMPLES
from tests.gateway.conftest import Served, order
from tests.gateway.recording_runtime import RecordingRuntime
from tests.gateway.test_product_ordering import PATH as ORDERS

PATH = "/api/v1/catalog"
YAML = {"Content-Type": "application/yaml"}
READER = {"Authorization": "Bearer reader-token"}
TEA = """
catalog: {name: tea, version: tea-1}
offerings:
  assam: {productSpecification: tea}
productSpecifications:
  tea: {characteristics: {leaf: {valueType: string}}}
"""
BROKEN = """
catalog: {name: tea, version: tea-2}
offerings:
  assam: {productSpecification: coffee}
  darjeeling: {}
productSpecifications:
  tea: {characteristics: {leaf: {valueType: leaves}}}
"""


def sample_files(version: str) -> list[dict[str, str]]:
    """The sample catalog under another version."""
    files = [
        {"name": file.name, "text": file.read_text(encoding="utf-8")}
        for file in sorted(SAMPLES.glob("*.yaml"))
    ]
    for file in files:
        file["text"] = file["text"].replace(CURRENT_HEADER, f'version: "{version}"')
    return files


CURRENT_HEADER = next(
    line.strip()
    for line in (SAMPLES / "catalog.yaml").read_text(encoding="utf-8").splitlines()
    if line.strip().startswith("version:")
)


async def versions(http: httpx.AsyncClient) -> Any:
    return (await http.get(PATH)).json()


async def test_the_start_is_the_first_publication(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    told = await versions(http)
    current = runtime.catalogs.current
    assert told["current"] == current.version
    (only,) = told["versions"]
    assert (only["digest"], only["current"]) == (current.digest, True)
    assert [(each["number"], each["source"]) for each in only["published"]] == [(1, "start")]
    assert "by" not in only["published"][0]


async def test_a_catalog_is_published_and_new_orders_take_it(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    before = runtime.catalogs.current.version
    old = (await http.post(ORDERS, json=order(1))).json()["id"]
    answer = await http.post(PATH, json={"files": sample_files("next")})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["version"], told["outcome"], told["dryRun"]) == ("next", "new", False)
    new = (await http.post(ORDERS, json=order(2))).json()["id"]
    assert (runtime.groups[old].order.catalog, runtime.groups[new].order.catalog) == (before, "next")
    runtime.complete(old)
    runtime.complete(new)
    shown = [(await http.get(f"/api/v1/order/{each}/explanation")).json()["catalog"] for each in (old, new)]
    assert shown == [before, "next"]
    listed = await versions(http)
    assert (listed["current"], [each["version"] for each in listed["versions"]]) == ("next", [before, "next"])
    (act,) = listed["versions"][1]["published"]
    assert (act["number"], act["source"], act["by"], act["client"]) == (2, "api", "ann", "shop")
    assert (await http.get("/api/v1/status")).json()["catalog"] == "next"


async def test_one_text_of_yaml_is_a_catalog_too_and_going_back_is_publishing_again(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    sample = runtime.catalogs.current.version
    assert (await http.post(PATH, content=TEA, headers=YAML)).status_code == 201
    assert (await http.post(PATH, content=TEA, headers=YAML)).status_code == 200, "nothing changes"
    assert (await http.post(ORDERS, json=order(1))).status_code == 400, "tea only"
    back = await http.get(f"{PATH}/{sample}", headers={"Accept": "application/yaml"})
    assert back.headers["content-type"].startswith("application/yaml")
    answer = await http.post(PATH, content=back.content, headers=YAML)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "known")
    assert (await http.post(ORDERS, json=order(1))).status_code == 201
    told = await versions(http)
    assert told["current"] == sample
    assert [each["number"] for each in told["versions"][0]["published"]] == [1, 3]


async def test_a_bad_catalog_is_refused_whole_with_every_finding(
    http: httpx.AsyncClient, runtime: RecordingRuntime
) -> None:
    before = await versions(http)
    files = [{"name": "good.yaml", "text": "prices: {}\n"}, {"name": "bad.yaml", "text": BROKEN}]
    answer = await http.post(PATH, json={"files": files})
    told = answer.json()
    with pytest.raises(CatalogError) as direct:
        load_texts(CatalogText(**each) for each in files)
    expected = [(each.file, each.line, each.code, each.fix) for each in direct.value.findings]
    assert len(expected) >= 3
    assert (answer.status_code, told["code"], told["@type"]) == (400, "invalidCatalog", "Error")
    assert [(each["file"], each["line"], each["code"], each["fix"]) for each in told["findings"]] == expected
    errors = [each for each in told["findings"] if each["severity"] == "error"]
    assert [each["code"] for each in told["violations"]] == [each["code"] for each in errors]
    assert {each["pointer"] for each in told["violations"]} == {"/files/1/text"}
    assert f"{len(errors)} errors" in told["reason"]
    assert await versions(http) == before
    assert (await http.post(ORDERS, json=order(1))).status_code == 201, "the running version stays"


async def test_a_dry_run_tells_all_of_it_and_publishes_nothing(http: httpx.AsyncClient) -> None:
    before = await versions(http)
    answer = await http.post(PATH, params={"dryRun": "true"}, content=TEA, headers=YAML)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["dryRun"]) == (200, "new", True)
    bad = await http.post(PATH, params={"dryRun": "true"}, content=BROKEN, headers=YAML)
    assert bad.status_code == 400 and bad.json()["findings"]
    assert await versions(http) == before


@pytest.mark.parametrize("dry_run", ["true", "false"])
async def test_a_version_cannot_get_other_content(http: httpx.AsyncClient, dry_run: str) -> None:
    assert (await http.post(PATH, content=TEA, headers=YAML)).status_code == 201
    other = TEA.replace("leaf", "blend")
    answer = await http.post(PATH, params={"dryRun": dry_run}, content=other, headers=YAML)
    assert (answer.status_code, answer.json()["code"]) == (409, "catalogVersionTaken")
    assert "a version of its own" in answer.json()["reason"]


async def test_who_may_publish(http: httpx.AsyncClient, served: Served) -> None:
    answer = await http.post(PATH, content=TEA, headers={**YAML, **READER})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "publisher or operator" in answer.json()["reason"]
    assert (await http.get(PATH, headers=READER)).status_code == 200
    assert (await http.post(PATH, content=TEA, headers={"Authorization": "Bearer none"})).status_code == 401


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{}", {"Content-Type": "application/json"}, 400),
        (b'{"files": [{"name": "a"}]}', {"Content-Type": "application/json"}, 400),
        (b'{"files": []}', {"Content-Type": "application/json"}, 400),
        (b"\xff", YAML, 400),
        (b"catalog", {"Content-Type": "text/csv"}, 415),
    ],
)
async def test_bodies_that_hold_no_catalog(
    http: httpx.AsyncClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await http.post(PATH, content=body, headers=headers)
    assert answer.status_code == status and answer.json()["@type"] == "Error"


async def test_one_version(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    await http.post(PATH, content=TEA, headers=YAML)
    told = (await http.get(f"{PATH}/tea-1")).json()
    assert (told["name"], told["current"], told["offerings"], told["specifications"]) == (
        "tea",
        True,
        ["assam"],
        ["tea"],
    )
    assert (await http.get(f"{PATH}/tea-9")).status_code == 404


async def test_a_full_disk_takes_no_catalog(http: httpx.AsyncClient, runtime: RecordingRuntime) -> None:
    runtime.room = False
    answer = await http.post(PATH, content=TEA, headers=YAML)
    assert (answer.status_code, answer.json()["code"]) == (503, "diskFull")
