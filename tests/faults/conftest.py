"""What the fault tests share: a network element outside of what is killed, with its ledger on disk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.chaos_system import Element


@pytest.fixture
async def element(tmp_path: Path) -> AsyncIterator[Element]:
    element = Element(tmp_path)
    await element.start()
    yield element
    await element.stop()
