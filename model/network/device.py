"""Where to compute, and in which precision."""

from __future__ import annotations

from typing import Literal

import psutil
import torch

from impasto.model.errors import InvalidValue
from impasto.model.native.processor import has_amx, vector_units
from impasto.model.network.config import Precision


class DeviceUnavailable(InvalidValue):
    """The device that was asked for is not there."""


def find_device(name: str) -> torch.device:
    """The device of that name, or the best there is for "auto". Raises DeviceUnavailable."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceUnavailable(f"{name!r} is no device; choose auto, cpu, cuda, cuda:N or mps") from None
    there = {
        "cpu": device.index in (None, 0),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(device.type, False):
        raise DeviceUnavailable(f"the device {name!r} was asked for, but PyTorch finds none here")
    return device


def memory_taken(device: torch.device) -> int:
    """Bytes of the device's memory that this process has taken; on the CPU, all that it takes of the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.memory_reserved(device))
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    return int(psutil.Process().memory_info().rss)


def find_precision(precision: Precision, device: torch.device) -> Literal["float32", "bfloat16", "float16"]:
    """The precision itself, or the fastest safe one on the device for "auto"."""
    if precision != "auto":
        return precision
    return "bfloat16" if has_native_bfloat16(device) else "float32"


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether the hardware multiplies bfloat16 matrices itself; emulated, it only costs.

    AVX-512's own bfloat16 (AMD from Zen 4 on) is left out: a tenth faster than float32 by Winograd's algorithm, it is
    not worth what it rounds.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and has_amx()


def trains_in_bfloat16(device: torch.device) -> bool:
    """Whether what follows gradients (training, fits, optimisations) is faster in bfloat16: there AVX-512's own counts
    too, since PyTorch computes the gradients of weights, and all that is as large as the picture."""
    own = device.type == "cpu" and bool(torch.cpu.get_capabilities().get("avx512_bf16", False))
    return own or has_native_bfloat16(device)


def device_name(device: torch.device) -> str:
    """What a device is, for reports: "NVIDIA H100", "2 CPU threads (AVX512_AMX)"."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type != "cpu":
        return device.type
    return f"{torch.get_num_threads()} CPU threads ({vector_units()})"
