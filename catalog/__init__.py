"""The catalog: what can be ordered, how an order line decomposes, and the plan that fulfils it.

Pure: no clock, no chance, no network. The rooms others enter: `loader` reads YAML, `store` holds the versions
that orders are pinned to, `door` checks a line, `decompose` turns it into domain orders and tasks and
explains them.
"""
