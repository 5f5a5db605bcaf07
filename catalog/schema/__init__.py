"""The JSON Schema of catalog files, for editors: names, shapes and words, with a hint on each field.

What a schema cannot say (references, cycles, types that must agree) is for `catalog.loader.check`.
"""
