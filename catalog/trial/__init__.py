"""Trying a catalog out: what would become of an order, what another version would make of it, what must always hold."""
