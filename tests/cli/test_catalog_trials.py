"""`orderloom catalog dry-run` and `diff`: over files alone, with exit codes for CI."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.store import SAMPLES
from tests.cli.test_commands import called
from tests.gateway.conftest import order

AT = ("--at", "2026-01-01T00:00:00Z")


def written(folder: Path, name: str, content: Any) -> str:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(file)


def changed_catalog(folder: Path, *changes: tuple[str, str]) -> str:
    other = folder / "other"
    other.mkdir(exist_ok=True)
    for file in SAMPLES.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        for before, after in changes:
            text = text.replace(before, after)
        (other / file.name).write_text(text, encoding="utf-8")
    return str(other)


def test_a_dry_run_in_words_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = {"id": "1", "action": "add", "productOffering": {"id": "home-triple-play"}}
    file = written(
        tmp_path, "order.json", order(productOrderItem=[bundle], requestedStartDate="2026-02-01T00:00:00Z")
    )
    code, out, err = called(capsys, "catalog", "dry-run", file, *AT)
    assert (code, err) == (0, "")
    assert out.startswith("catalog 2025.1: from 2026-02-01T00:00:00Z to 2026-02-01T00:00:00.290Z\n")
    assert "  1:fibre-internet.1 add service fibre-internet-service\n" in out
    assert "1:voice-home.1.1 activate-voice @ voice-core, point of no return" in out
    assert "  total oneTime: 49.00 without tax, 58.31 with tax EUR\n" in out
    code, out, _ = called(capsys, "catalog", "dry-run", file, *AT, "--json")
    run = json.loads(out)
    assert code == 0 and run["start"] == "2026-02-01T00:00:00Z"
    assert run["lines"][1] == {
        "line": "1:fibre-internet",
        "action": "add",
        "start": "2026-02-01T00:00:00Z",
        "end": "2026-02-01T00:00:00.290Z",
        "heldBack": [],
    }
    assert run["price"]["orderTotalPrice"][0]["price"]["dutyFreeAmount"] == {"unit": "EUR", "value": 49.0}
    assert {task["needs"] == [] for task in run["tasks"]} == {True, False}


def test_a_service_order_can_be_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent = {
        "serviceOrderItem": [
            {
                "id": "1",
                "action": "add",
                "service": {
                    "serviceSpecification": {"id": "internet-access-service"},
                    "serviceCharacteristic": [{"name": "downstreamSpeed", "value": 100}],
                },
            }
        ]
    }
    code, out, _ = called(capsys, "catalog", "dry-run", written(tmp_path, "service.json", sent), *AT)
    assert code == 0, out
    assert "1.1 add service internet-access-service" in out and "price: none" in out


@pytest.mark.parametrize(
    ("items", "subject"), [("productOrderItem", "product"), ("serviceOrderItem", "service")]
)
def test_what_is_installed_is_not_known_where_a_catalog_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], items: str, subject: str
) -> None:
    lines = [{"id": id_, "action": "delete", subject: {"id": f"p7.{id_}"}} for id_ in ("1", "2")]
    file = written(tmp_path, "order.json", {items: lines})
    code, out, err = called(capsys, "catalog", "dry-run", file, *AT)
    reason = "nothing is installed where a catalog is tried: name the offering or specification beside it"
    told = [f": p7.{id_}: {reason} [unknown-{subject}]\n" for id_ in ("1", "2")]
    assert (code, err) == (1, "") and sorted(out.splitlines(keepends=True)) == told
    code, out, _ = called(capsys, "catalog", "dry-run", file, *AT, "--json")
    assert code == 1 and {each["code"] for each in json.loads(out)["violations"]} == {f"unknown-{subject}"}


def test_an_order_that_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        tmp_path,
        "order.json",
        order(productOrderItem=[{"id": "1", "action": "add", "productOffering": {"id": "nothing"}}]),
    )
    code, out, _ = called(capsys, "catalog", "dry-run", file)
    assert code == 1
    assert out == (
        "/productOrderItem/0/productOffering/id: catalog 2025.1 has no product offering 'nothing' "
        "[unknown-offering]\n"
    )
    code, out, _ = called(capsys, "catalog", "dry-run", file, "--json")
    assert code == 1 and json.loads(out)["violations"][0]["code"] == "unknown-offering"


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("order.json", "{", "cannot be read as JSON"),
        ("order.json", [order(1), order(2)], "holds 2 orders"),
        ("order.json", [7], "is no JSON object"),
    ],
)
def test_files_that_hold_no_order(
    name: str, content: Any, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = called(capsys, "catalog", "dry-run", written(tmp_path, name, content))
    assert code in (1, 2) and sentence in err


def test_an_instant_has_an_offset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "order.json", order())
    for text in ("2026-01-01T00:00:00", "tomorrow"):
        code, _, err = called(capsys, "catalog", "dry-run", file, "--at", text)
        assert code == 2 and "--at" in err


def test_the_same_catalog_makes_no_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = written(tmp_path, "orders.ndjson", "\n".join(json.dumps(order(n)) for n in range(3)) + "\n\n")
    assert called(capsys, "catalog", "diff", str(SAMPLES), str(SAMPLES), "--orders", orders) == (
        0,
        "0 of 3 order(s) differ\n",
        "",
    )


def test_differences_are_told_order_by_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    written(folder, "a.json", order(1))
    written(
        folder,
        "b.ndjson",
        json.dumps(
            order(2, productOrderItem=[{"id": "1", "action": "add", "productOffering": {"id": "tv-stream"}}])
        ),
    )
    other = changed_catalog(
        tmp_path, ("29.90 EUR", "31.90 EUR"), ("name: assign-access-port", "name: assign-port")
    )
    arguments = ("catalog", "diff", str(SAMPLES), other, "--orders", str(folder), *AT)
    code, out, err = called(capsys, *arguments)
    assert (code, err) == (1, "")
    assert out.splitlines()[0] == f"{folder / 'a.json'} (test-1)"
    assert "  removed task 1: internet-access-service/access-port: assign-access-port" in out
    assert "  added task 1: internet-access-service/access-port: assign-port" in out
    assert '  changed price 1: broadband-monthly: dutyFree: "14.95" -> "15.95"' in out
    assert out.endswith("1 of 2 order(s) differ\n")
    code, out, _ = called(capsys, *arguments, "--json")
    told = json.loads(out)
    assert (code, told["orders"], told["differing"]) == (1, 2, 1)
    assert {each["change"] for each in told["differences"][0]["differences"]} == {
        "added",
        "removed",
        "changed",
    }


def test_an_order_that_only_one_version_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = written(tmp_path, "order.json", order())
    other = changed_catalog(tmp_path, ("allowedValues: [50, 100, 250, 1000]", "allowedValues: [250, 1000]"))
    code, out, _ = called(capsys, "catalog", "diff", str(SAMPLES), other, "--orders", orders)
    assert code == 1
    assert "changed order acceptance: accepted: true -> false; violations: null -> " in out


def test_what_cannot_be_compared_is_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = written(tmp_path, "order.json", order())
    broken = written(tmp_path, "broken.yaml", "catalog: {}\n")
    code, _, err = called(capsys, "catalog", "diff", str(SAMPLES), broken, "--orders", orders)
    assert code == 2 and "the catalog has 1 error(s)" in err
    empty = tmp_path / "empty"
    empty.mkdir()
    code, _, err = called(capsys, "catalog", "diff", str(SAMPLES), str(SAMPLES), "--orders", str(empty))
    assert code == 2 and "no orders in" in err


def test_rules_read_places_and_the_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalog = written(
        tmp_path,
        "catalog.yaml",
        """\
catalog: {version: "1"}
offerings: {o: {productSpecification: p}}
productSpecifications:
  p:
    relationships:
      - {type: Realized as, target: s, condition: "line.place.installation == 'A' && order.category == 'B2C'"}
serviceSpecifications: {s: {plans: {add: [{name: a, target: t}], delete: [{name: d, target: t}]}}}
""",
    )
    for place, made in (("A", True), ("B", False)):
        line = {
            "id": "1",
            "action": "add",
            "productOffering": {"id": "o"},
            "product": {"place": [{"role": "installation", "id": place}]},
        }
        sent = written(tmp_path, "order.json", order(productOrderItem=[line]))
        code, out, _ = called(capsys, "catalog", "dry-run", sent, "--catalog", catalog, *AT)
        assert code == 0 and "held back" not in out, out
        assert (" add service s" in out) is made
