"""The catalog as TM Forum's catalog APIs say it (TMF620 v4.1, TMF633 v4.0, TMF634 v4.1), in both directions.

Both directions work on entries as YAML says them (`catalog.writing`). What is exported is read back at once; whatever
TM Forum's attributes did not carry stands in an extension attribute beside them, `orderloom`, with a `@type` of its
own. So an export loses nothing by construction, and one that another product made is read by the same code.
"""
