"""Latencies of millions of orders in bounded memory, and their percentiles."""

from collections import Counter

from hdrh.histogram import HdrHistogram

RESOLUTION_S = 0.0001
HIGHEST_S = 3_600
SIGNIFICANT_DIGITS = 3
PERCENTILES = {"p50": 50.0, "p99": 99.0, "p999": 99.9}


class Latencies:
    """Counts by tenth of a millisecond while a load runs (0.2 µs each); the histogram is made when asked for."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()
        self._longest = 0.0

    def add(self, seconds: float) -> None:
        """One latency; what is shorter than the resolution counts as the resolution."""
        self._counts[int(seconds / RESOLUTION_S)] += 1
        if seconds > self._longest:  # noqa: PLR1730 - max() costs four times as much
            self._longest = seconds

    def longest_ms(self) -> float:
        """The longest since this was last asked, in milliseconds."""
        longest, self._longest = self._longest, 0.0
        return round(longest * 1_000, 1)

    def percentiles_ms(self) -> dict[str, float]:
        """``p50``, ``p99`` and ``p999`` in milliseconds; 0.0 each when there was nothing."""
        histogram = HdrHistogram(1, int(HIGHEST_S / RESOLUTION_S), SIGNIFICANT_DIGITS)
        for tenths, times in self._counts.items():
            histogram.record_value(min(max(1, tenths), int(HIGHEST_S / RESOLUTION_S)), times)
        if not self._counts:
            return dict.fromkeys(PERCENTILES, 0.0)
        return {
            name: round(histogram.get_value_at_percentile(percentile) * RESOLUTION_S * 1_000, 1)
            for name, percentile in PERCENTILES.items()
        }
