"""The commercial side of the catalog: offerings, bundles, prices, categories and candidates (TMF620, 633, 634)."""
