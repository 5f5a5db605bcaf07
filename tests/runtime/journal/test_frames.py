"""The frame codec: today's format, older ones lifted, newer ones refused, positions packed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.journal.faults import JournalDamaged, UnsupportedFormat
from runtime.journal.frames import (
    FRAME_FORMAT,
    LIFT,
    Frame,
    Record,
    decode_frame,
    encode_frame,
    pack_positions,
    unpack_positions,
)

EVENTS = msgspec.msgpack.encode([["order.started", 1, {"at": 5}], ["order.moved", b"\xff"]])


def test_a_frame_comes_back_with_its_events_untouched() -> None:
    records = [
        Record("g1", 1, 5, "agent 7", msgspec.Raw(EVENTS)),
        Record("g2", 9, 6, "", msgspec.Raw(b"\x90")),
    ]
    frame = decode_frame(encode_frame(7, records))
    assert (frame.format, frame.at) == (FRAME_FORMAT, 7)
    assert [bytes(record.events) for record in frame.records] == [EVENTS, b"\x90"]
    assert frame.settled == []
    assert decode_frame(encode_frame(7, records, ["g9"])).settled == ["g9"]
    assert frame.records[0] == records[0] and frame.records[1].sequence == 9


def test_the_first_format_is_still_read() -> None:
    old = bytes.fromhex("9300") + msgspec.msgpack.encode(1_700_000_000_000)
    old += msgspec.msgpack.encode([["g1", 3, 4, msgspec.Raw(EVENTS)], ["g2", 1, 5, []]])
    frame = decode_frame(old)
    assert frame == Frame(
        FRAME_FORMAT,
        1_700_000_000_000,
        [Record("g1", 3, 4, "", msgspec.Raw(EVENTS)), Record("g2", 1, 5, "", msgspec.Raw(b"\x90"))],
    )


def test_each_older_format_is_lifted_by_one_step() -> None:
    assert sorted(LIFT) == list(range(FRAME_FORMAT))


def test_a_newer_format_is_refused_with_a_way_on() -> None:
    with pytest.raises(UnsupportedFormat, match=r"format 2, .* up to 1: .* start that version instead"):
        decode_frame(msgspec.msgpack.encode([2, "whatever", {"records": "may be"}, 4]))


@pytest.mark.parametrize(
    "junk", [b"", b"\xc1", b"\x90", b"\x93\x01", b"\x93\x01\xa1x\x90", b"\x93\xa1x\x00\x90", b"frame"]
)
def test_what_is_no_frame_is_damage(junk: bytes) -> None:
    with pytest.raises(JournalDamaged):
        decode_frame(junk)


@given(st.lists(st.integers(0, 2**50), unique=True).map(sorted))
def test_positions_come_back(positions: list[int]) -> None:
    assert unpack_positions(pack_positions(positions)) == positions


def test_neighbours_cost_a_byte() -> None:
    assert len(pack_positions(range(1_000_000, 1_000_100))) == 3 + 99


def test_positions_rise_and_end_whole() -> None:
    for wrong in ([3, 3], [4, 2], [-1]):
        with pytest.raises(ValueError, match="positions must rise"):
            pack_positions(wrong)
    with pytest.raises(JournalDamaged, match="after 1 whole"):
        unpack_positions(pack_positions([5, 5_000])[:-1])
