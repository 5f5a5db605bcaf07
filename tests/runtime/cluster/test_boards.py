"""The ready-made boards and alerts of docs/operations ask for metrics that there are."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from ray.util.metrics import Histogram

from runtime.cluster.metrics import HostMetrics

FOLDER: Final = Path(__file__).parents[3] / "docs" / "operations"
HISTOGRAM_PARTS: Final = ("_bucket", "_count", "_sum")


def _metrics() -> dict[str, Any]:
    """What a host declares, by name; gathering them starts no Ray."""
    host = HostMetrics("Host 1.1")
    values = [*vars(host).values(), *host._counters.values()]
    return {value.info["name"]: value for value in values if hasattr(value, "info")}


METRICS: Final = _metrics()
DECLARED: Final = frozenset(METRICS)


def _asked(text: str) -> set[str]:
    return set(re.findall(r"\bray_(orderloom_\w+)", text))


def _known() -> set[str]:
    names = set()
    for name, metric in METRICS.items():
        parts = HISTOGRAM_PARTS if isinstance(metric, Histogram) else ("",)
        names |= {name + part for part in parts}
    return names


@pytest.mark.parametrize("file", ["grafana-orderloom.json", "alerts.yml"])
def test_what_is_asked_for_is_exported(file: str) -> None:
    asked = _asked((FOLDER / file).read_text())
    assert asked
    assert asked - _known() == set()


def test_every_metric_is_on_the_board() -> None:
    asked = _asked((FOLDER / "grafana-orderloom.json").read_text())
    shown = {re.sub("|".join(f"{part}$" for part in HISTOGRAM_PARTS), "", name) for name in asked}
    assert DECLARED - shown == set()


def test_the_board_is_one_that_grafana_imports() -> None:
    board = json.loads((FOLDER / "grafana-orderloom.json").read_text())
    assert board["title"] and board["uid"] and board["schemaVersion"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places)
    for panel in board["panels"]:
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")")


def test_prometheus_reads_the_alerts_and_what_ray_tells_of_its_nodes() -> None:
    settings = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    for name in settings["rule_files"]:
        groups = yaml.safe_load((FOLDER / name).read_text())["groups"]
        assert all(rule["alert"] and rule["expr"] for group in groups for rule in group["rules"])
    (job,) = settings["scrape_configs"]
    (files,) = job["file_sd_configs"]
    assert files["files"] == ["/tmp/ray/prom_metrics_service_discovery.json"]
