"""What is worked out once for a whole version, worked out before anybody waits for it.

What belongs to one offering or specification (its tree, its door) is compiled when it is first ordered: that takes less
than a millisecond, where these look at every entry of a catalog.
"""

from catalog.commerce.bundles import needs_care
from catalog.door import sells_by_date
from catalog.model import Catalog
from catalog.policies.concern import concerned
from catalog.policies.conditions import reads_price
from catalog.policies.horizontal import holds_any
from catalog.rules.vocabulary import names_of


def warm(catalog: Catalog) -> None:
    """Work it out for a version that nobody uses yet: in whatever thread it was read in."""
    sells_by_date(catalog)
    needs_care(catalog)
    concerned(catalog, ())
    reads_price(catalog)
    holds_any(catalog, "")
    holds_any(catalog, "", wide=True)
    names_of(catalog)
