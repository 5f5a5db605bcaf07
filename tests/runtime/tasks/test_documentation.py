"""The page on tasks says what is so: its settings load, its Python runs."""

import re
from pathlib import Path
from typing import Any

from runtime.tasks.targets import Targets, TargetsSettings, read_targets

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "tasks.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_settings_load(tmp_path: Path) -> None:
    (block,) = blocks("yaml")
    (tmp_path / "targets.yaml").write_text(block)
    targets = read_targets(tmp_path / "targets.yaml")
    assert set(targets.settings.targets) == {"olt-controller", "line-test"}
    # What the page shows as the default is the default.
    shown, default = targets.settings.targets["olt-controller"], TargetsSettings().default
    for same in ("path", "timeout_s", "poll_s", "state_field", "breaker", "retry"):
        assert getattr(shown, same) == getattr(default, same), same
    assert (
        Targets(TargetsSettings.model_validate({"default": {"kind": "http", "url": shown.url}}))
        .named("any")
        .gate.concurrency
        == shown.concurrency
    )


def test_the_python_runs() -> None:
    world: dict[str, Any] = {}
    for block in blocks("python"):
        exec(compile(block, "docs/tasks.md", "exec"), world)
