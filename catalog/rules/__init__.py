"""The rule language: CEL over known, unknown and empty values, and the rules a catalog states in it.

The rooms others enter: `rule` holds the rules as values, `expression` compiles and evaluates a CEL text,
`vocabulary` says which names a text may use and what type each has.
"""
