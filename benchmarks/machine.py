"""What a figure was measured on: without it no figure means anything."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import psutil


def machine() -> dict[str, Any]:
    """Cores, memory and versions of this machine."""
    return {
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "ray": _version("ray"),
        "orderloom": _version("orderloom"),
    }


def circumstances() -> dict[str, Any]:
    """The machine, the instant, and how busy the machine was before (load average of one minute, in cores)."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "load_average_before": round(os.getloadavg()[0], 2),
        "machine": machine(),
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
