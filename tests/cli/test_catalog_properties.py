"""`orderloom catalog test`: what it prints, writes and exits with."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import called

CATALOG = """\
catalog: {version: "1"}
offerings: {o: {productSpecification: p}}
productSpecifications:
  p:
    characteristics: {n: {valueType: integer, mandatory: true, valueFrom: 0, valueTo: 9}}
    relationships: [{type: Realized as, target: s, quantityCharacteristic: n, maximumQuantity: 6}]
serviceSpecifications:
  s: {plans: {add: [{name: work, target: t}], delete: [{name: unwork, target: t}]}}
"""


def test_a_counterexample_is_shown_and_can_be_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "catalog.yaml", tmp_path / "found"
    file.write_text(CATALOG, encoding="utf-8")
    code, out, err = called(
        capsys, "catalog", "test", str(file), "--only", "accepted", "--only", "priced", "--to", str(folder)
    )
    assert (code, err) == (1, "")
    assert out.startswith(
        "accepted: does not hold: line 1 (o): p Realized as s: n is 7, at most 6 are possible\n"
    )
    assert out.endswith("priced: holds for 100 drawn orders\n")
    assert [each.name for each in folder.iterdir()] == ["accepted.json"]
    code, out, _ = called(capsys, "catalog", "dry-run", str(folder / "accepted.json"), "--catalog", str(file))
    assert code == 1 and "at most 6 are possible" in out
    code, out, _ = called(capsys, "catalog", "test", str(file), "--only", "accepted", "--json", "--seed", "3")
    (told,) = json.loads(out)
    assert code == 1 and told["holds"] is False and told["order"]["productOrderItem"][0]["id"] == "1"
    file.write_text(CATALOG.replace("maximumQuantity: 6", "maximumQuantity: 9"), encoding="utf-8")
    assert called(capsys, "catalog", "test", str(file), "--examples", "20")[0] == 0


HASTY = """\
catalog: {version: "1"}
offerings: {o: {productSpecification: p}}
productSpecifications: {p: {relationships: [{type: Realized as, target: s}]}}
serviceSpecifications:
  s:
    characteristics: {medium: {allowedValues: [fibre]}}
    relationships:
      - {type: Realized as, target: mast, condition: "!has(s.medium)"}
      - {type: Realized as, target: duct, condition: medium == 'fibre'}
    plans: &plans {add: [{name: work, target: t}], delete: [{name: unwork, target: t}]}
  mast: {plans: *plans}
  duct: {plans: *plans}
"""


def test_what_happened_after_an_order_came_is_shown_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "catalog.yaml", tmp_path / "found"
    file.write_text(HASTY, encoding="utf-8")
    code, out, _ = called(capsys, "catalog", "test", str(file), "--only", "grows", "--to", str(folder))
    assert code == 1
    assert "grows: does not hold: line 1: p.s.mast is created, and not wanted once more is known\n" in out
    assert out.endswith('  then {"line": "1", "values": {"p.s.medium": "fibre"}}\n')
    assert sorted(each.name for each in folder.iterdir()) == ["grows.json", "grows.then.json"]
    assert json.loads((folder / "grows.then.json").read_text()) == [
        {"line": "1", "values": {"p.s.medium": "fibre"}}
    ]


def test_wrong_usage(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, err = called(capsys, "catalog", "test", "--only", "happy")
    assert code == 2 and "there is no invariant 'happy'" in err
    code, _, err = called(capsys, "catalog", "test", "--of", "nothing")
    assert code == 1 and "nothing in this catalog can be ordered" in err
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    code, _, err = called(capsys, "catalog", "test")
    assert code == 1 and "orderloom[catalog-test]" in err
