"""The archive: whole segments or none, every changed byte found, one reader over archive and stream."""

import os
from pathlib import Path
from typing import Any

import pytest

from runtime.journal.archive import Archive
from runtime.journal.contract import Commit
from runtime.journal.faults import BeforeHorizon, JournalDamaged, UnsupportedFormat
from runtime.journal.redis_journal import RedisJournal


def some(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(position, b"frame %d " % position * position) for position in range(first, last + 1)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


def test_what_was_written_is_read_by_range_and_one_by_one(archive: Archive) -> None:
    archive.write(3, some(1, 10))
    archive.write(3, some(11, 12))
    assert archive.read(3, 0, 100, 64) == some(1, 10), "a batch ends with its segment"
    assert archive.read(3, 4, 8, 64) == some(5, 8)
    assert archive.read(3, 4, 8, 2) == some(5, 6)
    assert archive.read(3, 10, 11, 64) == some(11, 11)
    assert archive.frames(3, [12, 1, 11, 1]) == {p: frame for p, frame in some(1, 12) if p in (1, 11, 12)}
    assert archive.verify(3) == 12 and archive.verify(4) == 0
    assert [segment.path.name for segment in archive.segments(3)] == [
        "000000000001-000000000010.segment",
        "000000000011-000000000012.segment",
    ]


def test_positions_written_twice_are_read_once(archive: Archive) -> None:
    archive.write(0, some(1, 10))
    archive.write(0, some(1, 14))
    archive.write(0, some(5, 20))
    found: list[Any] = []
    while len(found) < 20:
        found += archive.read(0, len(found), 20, 3)
    assert found == some(1, 20)


def test_what_is_missing_is_said(archive: Archive) -> None:
    with pytest.raises(JournalDamaged, match="frame 1: neither in the stream nor in"):
        archive.read(0, 0, 5, 64)
    archive.write(0, some(5, 6))
    with pytest.raises(BeforeHorizon, match="frame 1: before the retention horizon, the archive begins at 5"):
        archive.read(0, 0, 6, 64)
    with pytest.raises(JournalDamaged, match="frame 7: neither"):
        archive.frames(0, [5, 7])


def test_every_changed_byte_is_found(archive: Archive) -> None:
    path = archive.write(0, some(1, 4)).path
    whole = path.read_bytes()
    for offset in range(len(whole)):
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 0x10]) + whole[offset + 1 :])
        with pytest.raises((JournalDamaged, UnsupportedFormat)) as caught:
            archive.verify(0)
        assert str(path) in str(caught.value) and "offset" in str(caught.value)


def test_every_torn_end_is_found(archive: Archive) -> None:
    path = archive.write(0, some(1, 4)).path
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(JournalDamaged, match="offset"):
            archive.verify(0)


def test_a_damaged_frame_does_not_hide_its_neighbours(archive: Archive) -> None:
    path = archive.write(0, some(1, 4)).path
    path.write_bytes(path.read_bytes().replace(b"frame 3 ", b"frame X ", 1))
    assert archive.frames(0, [2, 4]) == dict(some(1, 4)[1::2])
    with pytest.raises(JournalDamaged, match="frame 3 does not match its checksum"):
        archive.read(0, 0, 4, 64)


def test_a_file_of_another_shard_is_no_segment_of_this(archive: Archive) -> None:
    path = archive.write(0, some(1, 4)).path
    other = archive.write(1, some(1, 4)).path
    other.write_bytes(path.read_bytes())
    with pytest.raises(JournalDamaged, match="of shard 0"):
        archive.read(1, 0, 4, 64)


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_while_writing_leaves_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    archive.write(0, some(1, 4))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail) if step == "fsync" else monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="No space left"):
        archive.write(0, some(5, 9))
    assert [path.name for path in (archive.folder / "s000").iterdir()] == [
        "000000000001-000000000004.segment"
    ]


def test_a_file_left_aside_by_a_crash_is_no_segment(archive: Archive) -> None:
    archive.write(0, some(1, 4))
    (archive.folder / "s000" / ".writing-abc").write_bytes(b"half")
    assert archive.verify(0) == 4


class Crash(BaseException):
    """The process ends here."""


async def test_a_crash_between_archive_and_trim_shows_each_frame_once(
    embedded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await RedisJournal.connect(embedded_url, shards=1, archive=tmp_path, namespace="crash-in-trim")
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    expected = some(1, 30)
    for position, frame in expected:
        await journal.commit([Commit(0, 1, position - 1, b"%d" % position, frame, recovery=position)])
    whole = journal._calls.trim

    def crash(*_: object) -> bytes:
        raise Crash

    monkeypatch.setattr(journal._calls, "trim", crash)
    with pytest.raises(Crash):
        await journal.trim(0, epoch=1, up_to=20)
    assert journal.archive.verify(0) == 20, "the archive has them, the stream too"

    async def everything() -> list[tuple[int, bytes]]:
        return [entry async for entry in journal.read(0, after=0)]

    assert await everything() == expected
    assert await journal.frames(0, [20, 1, 21]) == [expected[n - 1] for n in (20, 1, 21)]
    monkeypatch.setattr(journal._calls, "trim", whole)
    assert await journal.trim(0, epoch=1, up_to=25) == 25
    assert await everything() == expected
    assert [(p, f) for _, p, f in await journal.follow({0: 0}, block_ms=0)][:16] == expected[:16]
    await journal.close()


async def test_a_segment_lost_from_under_the_reader_is_reported(embedded_url: str, tmp_path: Path) -> None:
    journal = await RedisJournal.connect(embedded_url, shards=1, archive=tmp_path, namespace="lost-segment")
    await journal.acquire(0, epoch=1, owner="host 1", coordinator=1)
    for position, frame in some(1, 9):
        await journal.commit([Commit(0, 1, position - 1, b"%d" % position, frame, recovery=position)])
    await journal.trim(0, epoch=1, up_to=5)
    journal.archive.segments(0)[0].path.unlink()
    with pytest.raises(JournalDamaged, match="frame 1: neither"):
        [entry async for entry in journal.read(0, after=0)]
    with pytest.raises(JournalDamaged):
        await journal.frames(0, [7, 3])
    await journal.close()
