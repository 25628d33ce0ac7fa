"""Which format a client would like."""

from __future__ import annotations

from typing import get_args

from model.images import Format


def preferred_format(accept: str, uploaded: Format) -> Format:
    """The format that an Accept header ranks highest; the uploaded one if it is among the highest.

    A header that names none of ours (curl's */*, say) leaves it at the uploaded one.
    """
    ranks: dict[Format, float] = {}
    for entry in accept.lower().split(","):
        media_type, _, parameters = entry.partition(";")
        for name in get_args(Format):
            if media_type.strip() == f"image/{name}":
                ranks[name] = _quality(parameters)
    best = max(ranks.values(), default=0.0)
    if best == 0 or ranks.get(uploaded) == best:
        return uploaded
    return max(ranks, key=ranks.__getitem__)


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
