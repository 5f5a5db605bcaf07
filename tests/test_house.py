"""The house checks itself: names, sizes, versions, documents. Each failing message names the fix."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from runtime import limits

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("actors", "catalog", "runtime", "gateway", "benchmarks")
PURE_FLOORS = ("actors", "catalog")

ROOM_LINES = 400
"""Past it, ask what lives there that should have its own room."""
ROOM_LINES_MAX = 500
DEBTS: dict[str, int] = {}
"""Rooms over ROOM_LINES_MAX, by path, with the lines they had when they were listed: they may only shrink."""

BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARKS = tuple(first + second for first, second in (("TO", "DO"), ("FIX", "ME"), ("XX", "X")))
REGISTRY = re.compile(
    "|".join(
        (
            r"\b[\w.-]*(?:py"
            r"pi|python"
            r"hosted|npm"
            r"js|crates|rubygems|deb\.debian)\.(?:org|com|io|net)\b",
            r"(?<!no-emit-)\b(?:extra-)?index-url\s*[= ]\s*\S+",
            r"(?<!no-emit-)\bfind-links\s*[= ]\s*\S*/",
        )
    )
)
HOME = re.compile(r"(?<![\w.$}{<>*-])/(?:home|root|Users)/\w")


def files() -> list[Path]:
    """Everything that is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def sources(*folders: str) -> list[Path]:
    return [path for path in files() if path.suffix == ".py" and name(path).split("/")[0] in folders]


def documents() -> list[Path]:
    return [path for path in files() if path.suffix == ".md"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def blocks(*languages: str) -> list[tuple[str, str]]:
    """Code blocks of these languages in all documents, each with the place it stands."""
    found = []
    for document in documents():
        content = text(document)
        for match in BLOCK.finditer(content):
            if match[1] in languages:
                line = content.count("\n", 0, match.start()) + 2
                found.append((f"{name(document)}:{line}", match[2]))
    return found


def complain(faults: list[str], fix: str) -> None:
    if faults:
        pytest.fail(f"{fix}\n  " + "\n  ".join(faults), pytrace=False)


def test_version_is_the_newest_in_the_changelog() -> None:
    version = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]["version"]
    newest = re.search(
        r"^## (\S+) \((\d{4}-\d{2}-\d{2}|unreleased)\)$", text(ROOT / "CHANGELOG.md"), re.MULTILINE
    )
    assert newest, "CHANGELOG.md: head its newest section `## VERSION (YYYY-MM-DD)`"
    assert newest[1] == version, (
        f"pyproject.toml says {version}: give CHANGELOG.md a section for it at the top"
    )


def test_rooms_are_small() -> None:
    faults = []
    large = {}
    for path in sources(*FLOORS, "tests"):
        lines = text(path).count("\n")
        if lines > ROOM_LINES:
            large[name(path)] = lines
        if lines > DEBTS.get(name(path), ROOM_LINES_MAX):
            faults.append(f"{name(path)} has {lines} lines, at most {DEBTS.get(name(path), ROOM_LINES_MAX)}")
    for listed, lines in large.items():
        print(f"past {ROOM_LINES} lines: {listed} ({lines})")
    faults += [
        f"{debt} is paid off: take it out of DEBTS"
        for debt, was in DEBTS.items()
        if large.get(debt, 0) <= ROOM_LINES_MAX and was
    ]
    complain(faults, "Find what lives there that should have a room (a file) of its own, and move it out:")


def test_rooms_are_named_for_what_they_do() -> None:
    vague = re.compile(r"(?:^|_)(?:utils?|helpers?|common|misc|managers?)(?:_|$)")
    faults = [
        name(path)
        for path in sources(*FLOORS, "tests")
        if any(vague.search(Path(part).stem) for part in Path(name(path)).parts)
    ]
    complain(faults, "Name the file for the one thing it does (not utils, helpers, common, manager):")


def test_no_work_is_left_for_later_in_a_comment() -> None:
    faults = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in files()
        if path.suffix in {".py", ".lua", ".md", ".yaml", ".toml", ".html"}
        for number, line in enumerate(text(path).splitlines(), 1)
        if any(re.search(rf"\b{mark}\b", line) for mark in MARKS)
    ]
    complain(faults, "Do it now, or say in docs/decisions why it is not done:")


def test_pure_floors_do_not_read_the_clock_from_datetime() -> None:
    faults = [
        f"{name(path)}:{node.lineno}: {node.func.attr}()"
        for path in sources(*PURE_FLOORS)
        for node in ast.walk(ast.parse(text(path)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
    ]
    complain(faults, "Time comes in as `now`; actors/ and catalog/ never ask for it:")


def test_nothing_points_at_this_machine_or_a_registry() -> None:
    faults = []
    here = str(ROOT)
    for path in files():
        for number, line in enumerate(text(path).splitlines(), 1):
            if here in line or str(Path.home()) + "/" in line or HOME.search(line):
                faults.append(f"{name(path)}:{number}: an absolute path of one machine")
            if REGISTRY.search(line):
                faults.append(f"{name(path)}:{number}: a package registry")
    complain(
        faults, "Use paths relative to the checkout, and leave registries to each machine's own settings:"
    )


def test_lock_is_exact_and_bare() -> None:
    lines = text(ROOT / "requirements.lock").splitlines()
    pin = re.compile(r"[a-z0-9][a-z0-9.-]*==[\w.!+]+( ; .+)?")
    complain(
        [line for line in lines if not pin.fullmatch(line)], "Run `make lock`; these lines are no exact pins:"
    )


def test_lock_has_all_that_the_project_asks_for() -> None:
    project = tomllib.loads(text(ROOT / "pyproject.toml"))["project"]
    locked = {line.split("==")[0] for line in text(ROOT / "requirements.lock").splitlines()}
    asked = {
        re.split(r"[\[<>=~! ]", each)[0].lower().replace("_", "-")
        for each in project["dependencies"] + project["optional-dependencies"]["dev"]
    }
    complain(
        sorted(asked - locked), "Run `make lock`: asked for in pyproject.toml, missing in requirements.lock:"
    )


def test_shell_blocks_parse() -> None:
    faults = []
    for place, block in blocks("sh", "bash", "shell", "console"):
        script = "\n".join(
            line.removeprefix("$ ") for line in block.splitlines() if not re.fullmatch(r"\s*\.\.\.|…", line)
        )
        checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        if checked.returncode:
            faults.append(f"{place}: {checked.stderr.strip()}")
    complain(faults, "Write shell blocks that a reader can paste:")


def test_python_blocks_compile() -> None:
    faults = []
    for place, block in blocks("python", "py"):
        try:
            compile(block, place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            faults.append(f"{place}: {error.msg}")
    complain(faults, "Write python blocks that a reader can paste:")


def test_data_blocks_are_well_formed() -> None:
    faults = []
    for language, parse in (("json", json.loads), ("yaml", yaml.safe_load), ("toml", tomllib.loads)):
        for place, block in blocks(language):
            try:
                parse(block)
            except (ValueError, yaml.YAMLError) as error:
                faults.append(f"{place}: {error}")
    complain(faults, "Write data that parses, or name the block `text`:")


def test_make_targets_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", text(ROOT / "Makefile"), re.MULTILINE))
    faults = [
        f"{name(document)}: make {target}"
        for document in documents()
        for target in re.findall(r"(?:`|^\s*(?:\$ )?)make ([a-z][a-z-]*)\b", text(document), re.MULTILINE)
        if target not in targets
    ]
    complain(faults, "Name a target of the Makefile, or add it there:")


def test_commands_that_documents_name_exist(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gateway.cli import main

    places: dict[str, str] = {}
    for document in documents():
        content = text(document)
        spans = [*re.findall(r"`([^`\n]+)`", content), *(block for _, block in re.findall(BLOCK, content))]
        for span in spans:
            for command in re.findall(
                r"^\s*(?:\S*/)?orderloom ([a-z-]+(?: [a-z][a-z-]*)?)", span, re.MULTILINE
            ):
                places.setdefault(command, name(document))
    faults = []
    for command, document in places.items():
        monkeypatch.setattr("sys.argv", ["orderloom", *command.split(), "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        if ended.value.code:
            faults.append(f"{document}: orderloom {command}")
    capsys.readouterr()
    complain(faults, "Name a command of `orderloom --help`, or add it to gateway/cli.py:")


def test_ci_runs_what_people_run() -> None:
    targets = re.findall(r"^(?:timeout .* )?make ([a-z-]+)$", text(ROOT / ".ci/run"), re.MULTILINE)
    readme = text(ROOT / "README.md")
    missing = [target for target in targets if f"make {target}" not in readme]
    complain(missing, "README.md names every command that .ci/run uses; these are missing there:")


def test_links_between_documents_lead_somewhere() -> None:
    faults = [
        f"{name(document)}: {target}"
        for document in documents()
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", re.sub(BLOCK, "", text(document)))
        if not (document.parent / target).exists()
    ]
    complain(faults, "Repair the link, or write the document it promises:")


def test_limits_that_documents_name_exist() -> None:
    known = set(vars(limits))
    faults = [
        f"{name(document)}: {named}"
        for document in documents()
        for named, value in re.findall(r"`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?: = ([\d_]+))?`", text(document))
        if (named.endswith(("_MAX", "_MIN", "_DEFAULT", "_MS")) and named not in known)
        or (value and named in known and int(value) != getattr(limits, named))
    ]
    complain(faults, "Name limits as in runtime/limits.py, with the value that stands there:")


@pytest.mark.parametrize("folder", FLOORS)
def test_every_module_says_what_it_is_for(folder: str) -> None:
    faults = [
        name(path)
        for path in sources(folder)
        if text(path).strip() and ast.get_docstring(ast.parse(text(path))) is None
    ]
    complain(faults, "Begin the module with a sentence on what it is for:")


@pytest.mark.parametrize("call", ["time.time()", "random.random()", "uuid.uuid4()", "socket.socket()"])
def test_pure_floors_are_stopped_with_a_way_on(guarded: None, call: str) -> None:
    code = compile(f"import {call.split('.', 1)[0]}\n{call}", str(ROOT / "actors" / "line.py"), "exec")
    with pytest.raises(AssertionError, match=r"actors/line\.py: .* comes? in"):
        exec(code, {})
    exec(compile("import time\ntime.time()", str(ROOT / "runtime" / "clock.py"), "exec"), {})
