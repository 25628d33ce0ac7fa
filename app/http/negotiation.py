"""Which format a client would like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

AnyFormat = TypeVar("AnyFormat", bound=str)


def preferred_format(accept: str, uploaded: AnyFormat, formats: Sequence[AnyFormat]) -> AnyFormat:
    """The one of some formats that an Accept header ranks highest; the uploaded one if it is among the highest.

    A header that names none of them (curl's */*, say) leaves it at the uploaded one, unless that is
    refused by q=0.
    """
    ranks: dict[AnyFormat, float] = {}
    for entry in accept.lower().split(","):
        media_type, _, parameters = entry.partition(";")
        for name in formats:
            if media_type.strip() == f"image/{name}":
                ranks[name] = _quality(parameters)
    wanted = {name: rank for name, rank in ranks.items() if rank > 0}
    if wanted:
        best = max(wanted.values())
        return uploaded if wanted.get(uploaded) == best else max(wanted, key=wanted.__getitem__)
    return next((name for name in (uploaded, *formats) if name not in ranks), uploaded)


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
