"""A file that somebody may send, and what is right to make of it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

import numpy as np

from impasto.model.pictures.images import ImageError, decode, encode
from tests.pictures import Pixels, opened, photo

PHOTO = photo(1, height=40, width=56)
"""What most files show, (40, 56, 3)."""
MOST_PIXELS = 500_000
"""That are decoded; what has more is refused."""
Refused = type[ImageError]


@cache
def packed(megabytes: int, first: bytes = b"") -> bytes:
    """Bytes, and so many megabytes of zeros, as zlib packs them; they are never in memory."""
    packer = zlib.compressobj(1)
    return b"".join(
        [packer.compress(first), *(packer.compress(bytes(1_000_000)) for _ in range(megabytes)), packer.flush()]
    )


@dataclass(frozen=True)
class Case:
    """A file by name.

    expected: the error that refuses it, or the pixels (H, W, 3 or 4) that are to be seen; None where both are right, a
        refusal and whatever can still be seen.
    tolerance: by which pixels may differ in the mean: formats lose something.
    """

    name: str
    data: bytes
    expected: Refused | Pixels | None
    tolerance: float = 0

    def fault(self) -> str | None:
        """What is wrong with what is made of the file; None if all is right. Lets through what is no `ImageError`."""
        try:
            picture = decode(self.data, max_pixels=MOST_PIXELS)
        except ImageError as error:
            refused = isinstance(self.expected, type) and isinstance(error, self.expected)
            return None if refused or self.expected is None else f"refused: {error}"
        if isinstance(self.expected, type):
            return f"a picture of {picture.size}"
        if opened(encode(picture)).size != picture.size:
            return "written in another size"
        if self.expected is None:
            return None
        seen = picture.pixels.numpy()
        if picture.alpha is not None:
            seen = np.dstack([seen, picture.alpha.numpy()])
        if seen.shape != self.expected.shape:
            return f"{seen.shape} instead of {self.expected.shape}"
        difference = float(np.abs(seen.astype(float) - self.expected).mean())
        return f"{difference:.1f} beside what is right" if difference > self.tolerance else None
