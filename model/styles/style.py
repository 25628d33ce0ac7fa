"""What is known of a style besides its vector, checked wherever it comes from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import asdict, dataclass

from impasto.model.errors import InvalidValue

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What a style id looks like: lower-case words joined by single hyphens."""

LONGEST_ID = 64
LONGEST_TEXT = 200
"""Characters of a title, an artist, a year and a licence."""
LONGEST_SOURCE = 1000


class InvalidStyle(InvalidValue):
    """What is said of a style is of a wrong type, too long, or cannot be shown; the message names the field."""


@dataclass(frozen=True)
class Style:
    """What is known of a style besides its vector.

    source: where its painting is from.
    Raises InvalidStyle, whether it came from a form, a pack, a table or a checkpoint.
    """

    id: str
    title: str
    artist: str = ""
    year: str = ""
    licence: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not isinstance(value, str):
                raise InvalidStyle(f"{name}: a text is needed, not {type(value).__name__}")
            longest = LONGEST_SOURCE if name == "source" else LONGEST_TEXT
            if len(value) > longest:
                raise InvalidStyle(f"{name}: at most {longest} characters, not {len(value)}")
            if any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in value):
                raise InvalidStyle(f"{name}: control characters, line breaks and halves of characters cannot be shown")
        if not SLUG.fullmatch(self.id) or len(self.id) > LONGEST_ID:
            raise InvalidStyle(
                f"a style id is lower-case letters and digits joined by hyphens, at most {LONGEST_ID}, not {self.id!r}"
            )


def slug(text: str) -> str:
    """The style id nearest to a text such as a file's name: "Sérusier (1888)" -> "serusier-1888".

    Raises InvalidStyle when nothing is left.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()  # é is e and an accent: e
    result = "-".join(re.findall(r"[a-z0-9]+", plain.lower()))[:LONGEST_ID].strip("-")
    if not result:
        raise InvalidStyle(f"no style id can be made of {text!r}: it has no letter a-z and no digit")
    return result
