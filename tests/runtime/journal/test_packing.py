"""What is stored packed comes back as it was, and what was stored plain is read as it stands."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.journal.faults import JournalDamaged
from runtime.journal.frames import Record, decode_frame, encode_frame
from runtime.journal.packing import PACKED_BYTES_MIN, packed, unpacked


@given(st.binary(max_size=4 * PACKED_BYTES_MIN).filter(lambda data: data[:4] != b"\x28\xb5\x2f\xfd"))
def test_bytes_come_back(data: bytes) -> None:
    assert unpacked(packed(data)) == data


def test_what_is_small_is_stored_plain() -> None:
    data = b"x" * (PACKED_BYTES_MIN - 1)
    assert packed(data) == data


def test_orders_that_resemble_each_other_shrink() -> None:
    body = msgspec.Raw(
        msgspec.msgpack.encode([["submitted", b'{"productOrderItem":[{"action":"add"}]}' * 20]])
    )
    records = [Record(f"o{number}", 1, 1_700_000_000_000, "", body) for number in range(20)]
    plain = msgspec.msgpack.encode(records)
    frame = encode_frame(1_700_000_000_000, records)
    assert len(frame) < len(plain) / 5
    assert decode_frame(frame).records == records


def test_a_plain_frame_of_earlier_is_read() -> None:
    records = [Record("o1", 1, 5, "", msgspec.Raw(b"\x90" + b""))]
    stored = msgspec.msgpack.encode([1, 5, [["o1", 1, 5, "", []]], []])
    assert decode_frame(stored).records == records


def test_damage_within_packed_bytes_is_told() -> None:
    whole = packed(b"a frame of many orders " * 50)
    with pytest.raises(JournalDamaged, match="cannot be unpacked"):
        unpacked(whole[: len(whole) // 2])
