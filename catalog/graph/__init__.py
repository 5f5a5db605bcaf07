"""Decomposition with rules: from order lines to one graph of domain orders, and what it still waits for.

The rooms others enter: `lines` grows lines and says what came of it, `results` holds what comes out, `wiring` makes
the plan. Trees without rules never come here: they are compiled whole (`catalog.tree`).
"""
