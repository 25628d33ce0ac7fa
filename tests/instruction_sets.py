"""Kernels for the instruction sets that this machine has, and for machines that have fewer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest
import torch

from impasto.model.native.building import VECTORS
from impasto.model.native.processor import VNNI, vector_units
from impasto.model.network.kernels import Kernels

BUILDING = "impasto.model.native.building.vector_units"
"""What libraries are built for."""
UNITS = [*VECTORS, "DEFAULT"]
MATRICES = "AVX512_AMX"
"""Those with units for matrices."""


def kernels_of(units: str, channels: Iterable[int]) -> Kernels:
    """Those for a machine with some vector units."""
    skip_without(units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BUILDING, lambda: units)
        return Kernels(channels)


def machine_with(units: str, forget: Callable[[], None]) -> Iterator[None]:
    """A fixture's: a library for a machine with some vector units. forget: the one that was found."""
    skip_without(units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BUILDING, lambda: units)
        forget()
        yield
    forget()


def skip_without(units: str) -> None:
    """Skip the test where this machine, or what PyTorch was told of it, does not include some vector units."""
    if not _are_there(units):
        pytest.skip(f"this machine has no {units}")


def _are_there(units: str) -> bool:
    if units == MATRICES:
        return vector_units() == MATRICES
    order = ["DEFAULT", "AVX2", "AVX512"]
    own, base = (name.removesuffix("_VNNI").removesuffix("_AMX") for name in (vector_units(), units))
    if base == "DEFAULT":
        return True
    if own not in order or order.index(base) > order.index(own):
        return False
    return base == units or bool(torch.cpu.get_capabilities().get(VNNI[base]))
