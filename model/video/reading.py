"""reading.cpp, built for this machine and called. Where it cannot be, OpenCV reads frames, and takes longer."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from impasto.model.native.building import BUILT, LANES, build_all, load_or_warn
from impasto.model.video.affine import Affine, inverse

SOURCES = [Path(__file__).with_name("reading.cpp")]
UPRIGHT = 0.7
"""How much of a step down is one in the picture too, at least: two passes lose what is turned further."""


def read(image: npt.NDArray[np.float32], place: Affine, size: tuple[int, int]) -> npt.NDArray[np.float32] | None:
    """An image (h, w, 3) as a map of its pixels places them, mirrored beyond its border, in [0, 1].

    size: height and width of what is read. None where it cannot be: without a compiler, or for maps that turn far.
    """
    library, back = _library(), inverse(place)
    if library is None or size[1] < LANES or abs(back[1, 1]) < UPRIGHT:
        return None
    found, source, back = np.empty((*size, 3), np.float32), np.ascontiguousarray(image), np.ascontiguousarray(back[:2])
    sizes = [map(ctypes.c_int64, each) for each in (image.shape[:2], size)]
    library.read_affine(_pointer(source), *sizes[0], _pointer(back), *sizes[1], _pointer(found))
    return found


def build(folder: Path = BUILT) -> list[Path]:
    """For every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    return build_all(SOURCES, folder=folder)


@cache
def _library() -> ctypes.CDLL | None:
    return load_or_warn(SOURCES, "films take longer without their kernel")


def _pointer(array: npt.NDArray[np.float32] | Affine) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)
