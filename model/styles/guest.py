"""A style for one picture: a painting that is given along, known to nobody else and blended as any other.

Among the styles of that picture it goes by the id `painting`. Its vector stands in the picture's recipe, so that
whoever paints it again needs no painting.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Container, Iterable

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable

PAINTING = "painting"
"""Its id; no other style has it."""
VECTOR = "vector:"
"""What a text begins with that is a style vector: as float32, in base64."""
LARGEST = 100.0
"""No number of a vector is larger: those of trained styles are below 6, and much larger ones paint only noise."""


def welcome(styles: StyleTable, vector: Tensor | None = None) -> StyleTable:
    """The styles with the guest among them, of that vector (E,). None: it is still to be predicted, and is zero.

    It takes the place of a style of that id, which stores of before there were guests may have.
    Raises InvalidValue for a vector of another network, by its length.
    """
    size = styles.vectors.shape[1]
    if vector is None:
        vector = torch.zeros(size)
    if len(vector) != size:
        raise InvalidValue(f"{PAINTING}: its vector has {len(vector):,} numbers, and this network's have {size:,}")
    others = styles.without(PAINTING) if PAINTING in styles else styles
    return others.joined([Style(PAINTING, PAINTING)], [vector])


def is_invited(blends: Iterable[Container[str]]) -> bool:
    """Whether one of some blends, of style ids, has the guest."""
    return any(PAINTING in blend for blend in blends)


def is_vector(data: bytes) -> bool:
    """Whether what was given in the place of a painting is its vector, from a recipe."""
    return data.startswith(VECTOR.encode())


def letters(style_size: int) -> int:
    """Of the text of a vector (E,)."""
    return len(VECTOR) + 4 * -(-4 * style_size // 3)


def to_text(vector: Tensor) -> str:
    """A style vector (E,) as a recipe has it."""
    return VECTOR + base64.b64encode(vector.detach().cpu().numpy().astype("<f4").tobytes()).decode()


def checked(text: str) -> str:
    """A vector's text, if it is one. Raises InvalidValue."""
    from_text(text)
    return text


def from_text(text: str) -> Tensor:
    """The vector (E,) back, bit for bit. Raises InvalidValue."""
    try:
        numbers = base64.b64decode(text.removeprefix(VECTOR), validate=True) if text.startswith(VECTOR) else b""
    except (binascii.Error, ValueError):
        numbers = b""
    if not numbers or len(numbers) % 4:
        raise InvalidValue(f"this is no style vector, float32 in base64 after {VECTOR!r}")
    vector = torch.frombuffer(bytearray(numbers), dtype=torch.float32)  # which Python keeps for it alone
    if not bool((vector.abs() <= LARGEST).all()):  # nor is what is no number
        raise InvalidValue(f"its vector has numbers beyond ±{LARGEST:g}, which no style has")
    return vector
