"""Which catalog a system starts with: its files against what was published before."""

import asyncio
from pathlib import Path

import pytest

from catalog.content import content_of
from catalog.loader import load
from catalog.model import catalog_of
from catalog.store import sample_catalogs
from runtime.catalogs import MemoryCatalogs, Publication
from runtime.cluster.options import ClusterOptions
from runtime.cluster.start_catalog import RUN, StartCatalog, started_with
from tests.runtime.cluster.conftest import FakeJournal, World


class Start:
    """A store and a registry, and systems that are started on them one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = FakeJournal()
        self.store: MemoryCatalogs = self.journal.catalogs
        self.runs = 0

    def file(self, version: str, name: str = "shop") -> Path:
        path = self.folder / "catalog.yaml"
        path.write_text(f"catalog: {{name: {name}, version: '{version}'}}\n", encoding="utf-8")
        return path

    async def begin(self, *files: Path, run: str = "") -> StartCatalog:
        self.runs += 1
        options = ClusterOptions(
            data=str(self.folder),
            journal_url="",
            catalog=tuple(str(file) for file in files),
            run=run or f"run {self.runs}",
        )
        start = StartCatalog(options, self.journal.registry, self.store, lambda: 7)  # type: ignore[arg-type]
        await start.decide()
        return start

    async def current(self) -> str:
        current = await self.store.current()
        return "" if current is None else current.version


@pytest.fixture
def start(tmp_path: Path) -> Start:
    return Start(tmp_path)


async def test_an_empty_system_takes_its_files_or_the_sample(start: Start, tmp_path: Path) -> None:
    assert (await start.begin()).refusal == ""
    assert await start.current() == sample_catalogs().current.version
    other = Start(tmp_path)
    await other.begin(other.file("1"))
    assert await other.current() == "1"
    (act,) = await other.store.log()
    assert (act.by, act.at, act.digest) == ("", 7, load(tmp_path / "catalog.yaml").digest)


async def test_new_files_become_current_at_the_next_start(start: Start) -> None:
    await start.begin(start.file("1"))
    await start.begin(start.file("2"))
    assert [each.version for each in await start.store.log()] == ["1", "2"]


async def test_without_files_what_is_current_stays(start: Start) -> None:
    await start.begin(start.file("1"))
    await start.begin()
    assert await start.current() == "1" and len(await start.store.log()) == 1


async def test_known_files_do_not_take_the_catalog_back(start: Start) -> None:
    """The same start command after a crash must not undo what was published since."""
    await start.begin(start.file("1"))
    await start.begin(start.file("2"))
    again = await start.begin(start.file("1"))
    assert await start.current() == "2"
    assert again.refusal == "" and "2 stays current" in again.remark
    assert (await start.begin(start.file("2"))).remark == ""


async def test_files_with_other_content_under_a_known_version_end_the_start(start: Start) -> None:
    await start.begin(start.file("1"))
    refused = await start.begin(start.file("1", name="other"))
    assert "a version of its own" in refused.refusal
    assert await start.journal.registry.remembered(RUN) == ["run 1"], "nobody goes on"


async def test_bad_files_end_the_start(start: Start) -> None:
    file = start.file("1")
    file.write_text("offerings: {o: {}}\n", encoding="utf-8")
    refused = await start.begin(file)
    assert "missing-header" in refused.refusal and await start.current() == ""


async def test_a_run_decides_once_whatever_becomes_of_its_files(start: Start) -> None:
    await start.begin(start.file("1"), run="the run")
    await start.begin(start.file("2"), run="the run")
    assert await start.current() == "1"


async def test_hosts_wait_for_the_start(start: Start) -> None:
    waiting = asyncio.create_task(started_with(start.journal.registry, "run 1"))  # type: ignore[arg-type]
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await start.begin()
    await asyncio.wait_for(waiting, 5)


async def test_a_journal_that_is_away_is_waited_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.cluster.start_catalog.PAUSE_S", 0.01)
    start.journal.registry.away = True
    deciding = asyncio.create_task(start.begin())
    await asyncio.sleep(0.05)
    assert not deciding.done()
    start.journal.registry.away = False
    await asyncio.wait_for(deciding, 5)
    assert await start.current()


async def test_a_coordinator_publishes_at_its_start_and_tells_everybody_of_more(world: World) -> None:
    await world.begin()
    await world.until(world.kept)
    store, sample = world.journal.catalogs, sample_catalogs().current
    await world.until(lambda: world.coordinator._table().catalog == 1)
    assert [each.version for each in await store.log()] == [sample.version]
    table = world.coordinator._table()
    watching = asyncio.create_task(world.coordinator.watch((table.coordinator, table.version)))
    newer = catalog_of("shop", "newer", (), ())
    await store.publish(Publication("newer", newer.digest, "shop", 1, "ann"), content_of(newer))
    assert (await asyncio.wait_for(watching, 5)).catalog == 2
