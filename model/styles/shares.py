"""Names with weights, as people write them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from impasto.model.errors import InvalidValue


def parse_shares(entries: Sequence[str]) -> dict[str, float]:
    """["a=0.7", "b=0.3"] or ["a", "b"], which means equal shares of 1 -> {"a": 0.7, "b": 0.3}.

    Raises InvalidValue for a number that is none or below 0, a name twice, or weights for some only.
    """
    pairs = [entry.partition("=") for entry in entries]
    if not any(equals for _, equals, _ in pairs):
        pairs = [(name, "=", str(1 / len(pairs))) for name, _, _ in pairs]
    shares = {}
    for name, _, text in pairs:
        try:
            shares[name] = float(text)
        except ValueError:
            shares[name] = math.nan
        if not 0 <= shares[name] < math.inf:
            raise InvalidValue(f"the weight of {name} is {text!r}, not a number of at least 0; write {name}=0.5")
    if twice := [name for name, count in Counter(name for name, _, _ in pairs).items() if count > 1]:
        raise InvalidValue(f"{', '.join(twice)}: named twice")
    return shares
