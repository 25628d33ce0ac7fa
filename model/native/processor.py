"""What the CPU computes with."""

from __future__ import annotations

import torch

VNNI = {"AVX512": "avx512_vnni", "AVX2": "avx_vnni"}
"""What PyTorch calls vector units -> and those among them that add up products of integers in one instruction."""


def vector_units() -> str:
    """What the CPU computes with: a key of `building.VECTORS`, or else as PyTorch calls it."""
    units = torch.backends.cpu.get_cpu_capability()
    if has_amx():
        return f"{units}_AMX"
    there = torch.cpu.get_capabilities().get(VNNI.get(units, ""), False)
    return f"{units}_VNNI" if there else units


def has_amx() -> bool:
    """Whether the CPU has units that multiply matrices of bfloat16, and the system lets this process use them."""
    if torch.backends.cpu.get_cpu_capability() != "AVX512":  # PyTorch may have been told of less than there is
        return False
    return bool(torch.cpu.get_capabilities().get("amx_bf16", False)) and bool(torch.cpu._init_amx())
