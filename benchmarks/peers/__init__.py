"""The same work in other designs, side by side in one run: what Orderloom is compared with."""
