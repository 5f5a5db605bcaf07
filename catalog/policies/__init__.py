"""Policies: what is asked of people before an order is fulfilled, and how urgent it is. Part of a catalog version.

``model`` what a policy is · ``parsing`` from catalog text · ``checks`` against the rest of the catalog · ``concern``
whether any concerns an order · ``facts`` what they read of it · ``conditions`` when a row holds · ``enrichment``,
``approval``, ``priority`` what they decide.
"""
