"""Styles outside the network: their names, their vectors, and blends of them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a style id looks like: lower-case words joined by single hyphens."""

LONGEST_ID = 64


@dataclass(frozen=True)
class Style:
    """What is known of a style besides its vector.

    source: where its painting is from.
    Raises ValueError for an id that is no slug.
    """

    id: str
    title: str
    artist: str = ""
    year: str = ""
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.id) or len(self.id) > LONGEST_ID:
            raise ValueError(
                f"a style id is lower-case letters and digits joined by hyphens, at most {LONGEST_ID}, not {self.id!r}"
            )


def slug(text: str) -> str:
    """The style id nearest to a text such as a file's name: "Sérusier (1888)" -> "serusier-1888".

    Raises ValueError when nothing is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # é is e and an accent: e
    result = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:LONGEST_ID].strip("-")
    if not result:
        raise ValueError(f"no style id can be made of {text!r}: it has no letter a-z and no digit")
    return result
