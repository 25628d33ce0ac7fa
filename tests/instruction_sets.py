"""Kernels for the instruction sets that this machine has, and for machines that have fewer."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch

from impasto.model.network.device import VNNI, vector_units
from impasto.model.network.kernels import VECTORS, Kernels

UNITS = [*VECTORS, "DEFAULT"]


def kernels_of(units: str, channels: Iterable[int]) -> Kernels:
    """Those for a machine with some vector units; the test is skipped where this one, or what PyTorch was told of it,
    does not include them."""
    if not _are_there(units):
        pytest.skip(f"this machine has no {units}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("impasto.model.network.kernels.vector_units", lambda: units)
        return Kernels(channels)


def _are_there(units: str) -> bool:
    own, order = vector_units().removesuffix("_VNNI"), ["DEFAULT", "AVX2", "AVX512"]
    base = units.removesuffix("_VNNI")
    if base == "DEFAULT":
        return True
    if own not in order or order.index(base) > order.index(own):
        return False
    return base == units or bool(torch.cpu.get_capabilities().get(VNNI[base]))
