"""Each finding has its code, its line and a fix; a catalog with an error is refused whole."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.findings import CatalogError, Finding
from catalog.loader import check, load
from catalog.model import Catalog
from catalog.store import SAMPLES

TASK = "{name: work, target: system}"
CASES = {
    "unknown-field": "offering: {}",
    "wrong-shape": "offerings: []",
    "missing-field": "serviceSpecifications: {s: {relationships: [{type: Requires}]}}",
    "unknown-lifecycle-status": "serviceSpecifications: {s: {lifecycleStatus: Alive}}",
    "unknown-reference": "serviceSpecifications: {s: {relationships: [{type: Requires, target: r}]}}",
    "unknown-service-type": "serviceSpecifications: {s: {serviceType: XFS}}",
    "duplicate-id": "serviceSpecifications: {s: {}}\nresourceSpecifications: {s: {}}",
    "duplicate-key": "serviceSpecifications: {s: {}, s: {}}",
    "bad-key": "serviceSpecifications: {[s]: {}}",
    "bad-scalar": "serviceSpecifications: {s: {name: !!int many}}",
    "yaml-syntax": "serviceSpecifications: {s: {}",
    "nested-too-deep": "offerings: " + "[" * 70 + "]" * 70,
    "unknown-alias": "offerings: &a\n  o: *a",
    "several-documents": "offerings: {}\n---\nofferings: {}",
    "unknown-value-type": "resourceSpecifications: {r: {characteristics: {c: {valueType: text}}}}",
    "value-of-wrong-type": """
        resourceSpecifications: {r: {characteristics: {c: {valueType: integer, default: x}}}}
        """,
    "default-not-allowed": """
        resourceSpecifications: {r: {characteristics: {c: {allowedValues: [a, b], default: z}}}}
        """,
    "facet-not-applicable": """
        resourceSpecifications: {r: {characteristics: {c: {valueType: boolean, valueTo: 2}}}}
        """,
    "range-reversed": """
        resourceSpecifications: {r: {characteristics: {c: {valueType: integer, valueFrom: 9, valueTo: 2}}}}
        """,
    "bad-regex": "resourceSpecifications: {r: {characteristics: {c: {regex: '(['}}}}",
    "unknown-relationship-type": "serviceSpecifications: {s: {relationships: [{type: Needs, target: r}]}}",
    "illegal-pair": """
        serviceSpecifications: {s: {relationships: [{type: Bundles, target: r}]}}
        resourceSpecifications: {r: {plans: {add: [TASK]}}}
        """,
    "duplicate-relationship": """
        serviceSpecifications:
          s: {relationships: [{type: Requires, target: r}, {type: Requires, target: r}]}
        resourceSpecifications: {r: {plans: {add: [TASK]}}}
        """,
    "cycle": """
        serviceSpecifications:
          s: {relationships: [{type: Realized as, target: t}]}
          t: {relationships: [{type: Bundles, target: s}]}
        """,
    "relationship-after-unknown": """
        serviceSpecifications: {s: {relationships: [{type: Requires, target: r, after: [q]}]}}
        resourceSpecifications: {r: {}}
        """,
    "relationship-after-cycle": """
        serviceSpecifications:
          s:
            relationships:
              - {type: Requires, target: r, after: [q]}
              - {type: Requires, target: q, after: [r]}
        resourceSpecifications: {r: {}, q: {}}
        """,
    "quantity-order": """
        serviceSpecifications:
          s: {relationships: [{type: Requires, target: r, minimumQuantity: 3, maximumQuantity: 2}]}
        resourceSpecifications: {r: {}}
        """,
    "quantity-mandatory": """
        serviceSpecifications:
          s: {relationships: [{type: Requires, target: r, mandatory: true, minimumQuantity: 0}]}
        resourceSpecifications: {r: {}}
        """,
    "quantity-characteristic-unknown": """
        serviceSpecifications: {s: {relationships: [{type: Requires, target: r, quantityCharacteristic: n}]}}
        resourceSpecifications: {r: {}}
        """,
    "quantity-characteristic-type": """
        serviceSpecifications:
          s:
            characteristics: {n: {valueType: number}}
            relationships: [{type: Requires, target: r, quantityCharacteristic: n}]
        resourceSpecifications: {r: {}}
        """,
    "mapping-unknown-characteristic": """
        serviceSpecifications: {s: {relationships: [{type: Requires, target: r, mapping: {a: b}}]}}
        resourceSpecifications: {r: {}}
        """,
    "mapping-type-mismatch": """
        serviceSpecifications:
          s: {characteristics: {a: {}}, relationships: [{type: Requires, target: r}]}
        resourceSpecifications: {r: {characteristics: {a: {valueType: integer}}}}
        """,
    "mapping-conflict": """
        serviceSpecifications:
          s:
            characteristics: {a: {}, b: {}}
            relationships: [{type: Requires, target: r, mapping: {a: c, b: c}}]
        resourceSpecifications: {r: {characteristics: {c: {}}}}
        """,
    "unknown-action": "resourceSpecifications: {r: {plans: {move: [TASK]}}}",
    "unknown-sequence": "resourceSpecifications: {r: {plans: {add: {sequence: random, tasks: [TASK]}}}}",
    "duplicate-task": "resourceSpecifications: {r: {plans: {add: [TASK, TASK]}}}",
    "after-unknown": "resourceSpecifications: {r: {plans: {add: [{name: a, target: t, after: [b]}]}}}",
    "gives-unknown": """
        resourceSpecifications:
          r: {characteristics: {port: {}}, plans: {add: [{name: a, target: t, gives: {number: prot}}]}}
        """,
    "after-cycle": """
        resourceSpecifications:
          r: {plans: {add: [{name: a, target: t, after: [b]}, {name: b, target: t, after: [a]}]}}
        """,
    "bad-duration": "resourceSpecifications: {r: {plans: {add: [{name: a, target: t, duration: 5 min}]}}}",
    "timeout-below-duration": """
        resourceSpecifications: {r: {plans: {add: [{name: a, target: t, duration: PT5M, timeout: PT1M}]}}}
        """,
    "unreachable": "resourceSpecifications: {r: {plans: {add: [TASK]}}}",
    "nothing-to-do": "resourceSpecifications: {r: {}}",
    "bad-instant": "serviceSpecifications: {s: {validFor: {startDateTime: 2025-01-01T00:00:00}}}",
    "period-reversed": """
        offerings:
          o:
            productSpecification: p
            validFor: {startDateTime: 2026-01-01T00:00:00Z, endDateTime: 2025-01-01T00:00:00Z}
        productSpecifications: {p: {}}
        """,
    "cardinality-reversed": """
        resourceSpecifications: {r: {characteristics: {c: {minCardinality: 3, maxCardinality: 2}}}}
        """,
    "unknown-range-interval": """
        resourceSpecifications:
          r: {characteristics: {c: {valueType: number, ranges: [{valueFrom: 1, rangeInterval: half}]}}}
        """,
    "range-empty": """
        resourceSpecifications:
          r: {characteristics: {c: {valueType: integer, ranges: [{valueFrom: 1, valueTo: 1, rangeInterval: open}]}}}
        """,
    "unknown-combination": "resourceSpecifications: {r: {characteristics: {c: {combine: least}}}}",
    "unknown-shrinking": """
        serviceSpecifications: {s: {relationships: [{type: Requires, target: r, whenShrinking: oldest}]}}
        resourceSpecifications: {r: {plans: {add: [TASK]}}}
        """,
    "delete-plan-missing": "serviceSpecifications: {s: {plans: {add: [TASK]}}}",
    "delete-not-reversing": """
        serviceSpecifications:
          s: {plans: {add: [TASK, {name: b, target: elsewhere}], delete: [TASK]}}
        """,
    "no-way-back": """
        serviceSpecifications:
          s: {plans: {add: [TASK, {name: b, target: elsewhere}], delete: [TASK]}}
        """,
    "undoes-unknown": """
        serviceSpecifications:
          s: {plans: {add: [TASK], delete: [{name: b, target: system, undoes: [wrok]}]}}
        """,
    "undoes-outside-delete": """
        serviceSpecifications:
          s: {plans: {add: [TASK], modify: [{name: b, target: system, undoes: [work]}], delete: [TASK]}}
        """,
}
WARNINGS = {"unreachable", "nothing-to-do", "delete-plan-missing", "delete-not-reversing", "no-way-back"}
ELSEWHERE = {"duplicate-header", "no-files", "unreadable-file", "missing-header", "tree-too-large"}


@pytest.mark.parametrize("code", CASES)
def test_each_mistake_is_found(code: str, check_text: Callable[[str], list[Finding]]) -> None:
    found = [finding for finding in check_text(CASES[code].replace("TASK", TASK)) if finding.code == code]
    assert found, f"{code} was not found"
    assert all(finding.fix and finding.message and finding.line > 1 for finding in found)
    assert {finding.severity for finding in found} == {"warning" if code in WARNINGS else "error"}


def test_each_code_in_the_source_has_a_case() -> None:
    rooms = [SAMPLES.parent / f"{room}.py" for room in ("loader", "parsing", "checks", "located")]
    rooms += (SAMPLES.parent / "parts").glob("*.py")
    calls = [
        node
        for room in rooms
        for node in ast.walk(ast.parse(room.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    reported = {
        argument.value
        for call in calls
        for place, argument in enumerate(call.args)
        if isinstance(argument, ast.Constant)
        and ((call.func.attr == "report" and place == 1) or (call.func.attr == "choice" and place == 3))
    }
    assert reported == CASES.keys() | ELSEWHERE


def test_two_headers_are_one_too_many(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text('catalog: {version: "1"}\n', encoding="utf-8")
    (finding,) = check([tmp_path])
    assert (finding.code, finding.line, Path(finding.file).name) == ("duplicate-header", 1, "b.yml")


def test_a_header_must_be_somewhere(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("offerings: {}\n", encoding="utf-8")
    assert [finding.code for finding in check(tmp_path)] == ["missing-header"]


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    assert [finding.code for finding in check(tmp_path)] == ["no-files"]
    assert "unreadable-file" in {finding.code for finding in check(tmp_path / "nowhere.yaml")}
    (tmp_path / "latin.yaml").write_bytes("name: Köln".encode("latin-1"))
    assert "unreadable-file" in {finding.code for finding in check(tmp_path)}


@pytest.mark.parametrize("depth, width", [(14, 2), (45, 1)])
def test_trees_that_fan_out_are_refused_without_being_grown(
    depth: int, width: int, check_text: Callable[[str], list[Finding]]
) -> None:
    levels = [
        f"  s{level}-{place}: {{relationships: ["
        + ", ".join(f"{{type: Bundles, target: s{level + 1}-{below}}}" for below in range(width))
        + "]}"
        for level in range(depth)
        for place in range(width)
    ]
    last = [f"  s{depth}-{place}: {{plans: {{add: [{TASK}]}}}}" for place in range(width)]
    found = check_text("serviceSpecifications:\n" + "\n".join([*levels, *last]))
    assert "tree-too-large" in {finding.code for finding in found}


def test_everything_is_reported_at_once_and_in_place(
    check_text: Callable[[str], list[Finding]], load_text: Callable[[str], Catalog]
) -> None:
    text = """\
        offerings:
          shop:
            productSpecification: televison
        productSpecifications:
          television:
            characteristics:
              size: {valueType: integr}
        """
    found = {finding.code: finding for finding in check_text(text)}
    assert found["unknown-reference"].line == 3
    assert "did you mean 'television'" in found["unknown-reference"].fix
    assert found["unknown-value-type"].line == 8
    with pytest.raises(CatalogError, match="2 error") as caught:
        load_text(text)
    assert {finding.code for finding in caught.value.findings} >= {"unknown-reference", "unknown-value-type"}
    assert "fix:" in str(caught.value)


def test_the_sample_is_without_a_finding() -> None:
    assert check([SAMPLES]) == []


def test_text_fields_keep_their_spelling(load_text: Callable[[str], Catalog]) -> None:
    catalog = load_text(
        """
        offerings: {o: {productSpecification: p, version: 1.10}}
        productSpecifications:
          p:
            characteristics: {answer: {allowedValues: [yes, no, 007, 2025-01-01]}}
        """
    )
    assert catalog.offerings["o"].version == "1.10"
    allowed = catalog.specifications["p"].characteristics[0].allowed_values
    assert allowed == ("yes", "no", "007", "2025-01-01")


def test_the_digest_is_of_the_content_not_of_the_writing(load_text: Callable[[str], Catalog]) -> None:
    one = load_text("serviceSpecifications: {s: {name: S}}\nresourceSpecifications: {r: {}}")
    other = load_text(
        "# the same\nresourceSpecifications:\n  r: {}\nserviceSpecifications:\n  s:\n    name: S\n"
    )
    third = load_text("serviceSpecifications: {s: {name: T}}\nresourceSpecifications: {r: {}}")
    assert one == other and one.digest == other.digest and hash(one) == hash(other)
    assert one not in (third, "catalog")
    spelled = load_text(
        'serviceSpecifications: {s: {name: S, version: "1.0", lifecycleStatus: Active, serviceType: CFS}}\n'
        "resourceSpecifications: {r: {name: r, description: null}}"
    )
    assert spelled.digest == one.digest


def test_a_path_may_be_given_alone_or_in_a_list() -> None:
    assert load(SAMPLES) == load([SAMPLES]) == load(str(SAMPLES))


def test_thousands_of_specifications_load(tmp_path: Path) -> None:
    parts = ['catalog: {version: "1"}\nresourceSpecifications:\n']
    for number in range(1_000):
        parts.append(
            f"  r{number}:\n    characteristics:\n      speed: {{valueType: integer, valueFrom: 1}}\n"
            f"    plans:\n      add:\n        - {{name: work, target: system, duration: PT1S}}\n"
        )
    (tmp_path / "large.yaml").write_text("".join(parts), encoding="utf-8")
    assert len(load(tmp_path).specifications) == 1_000
