"""Keys of people's decisions: by what one that comes twice is known, and another one under its name is told apart.

A key is a name, or a name and the digest of what was decided (``NAME:DIGEST``). Who makes the keys sees to it that two
people never use one name (``gateway/decision_keys.py``).
"""

from collections.abc import Sequence
from typing import Final

SEPARATOR: Final = ":"
KEY_CONFLICT: Final = "keyConflict"
"""The refusal of a decision whose name has decided something else."""


def carried_out(keys: Sequence[str], key: str) -> bool | None:
    """Whether the decision of ``key`` was carried out, ``keys`` being those of the last ones.

    True: this very one; False: another one under its name; None: neither.
    """
    if key in keys:
        return True
    name, separator, _ = key.partition(SEPARATOR)
    if separator and any(known.partition(SEPARATOR)[0] == name for known in keys):
        return False
    return None
