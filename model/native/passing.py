"""What a library is passed."""

from __future__ import annotations

import ctypes

from torch import Tensor


def pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    """To a tensor's first number, or to none."""
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())
