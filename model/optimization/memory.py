"""How much memory an optimisation takes, known before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import Optimizer
from impasto.model.optimization.descent import HISTORY
from impasto.model.optimization.schedule import Size
from impasto.model.perception.rectified_convolution import RectifiedConvolution

CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says what a container may take (version 2)."""
COPIES: dict[Optimizer, int] = {"lbfgs": 2 * HISTORY + 12, "adam": 8, "gradient": 6}
"""Copies of the variable that an optimizer keeps, and those that come and go."""
IN_FLIGHT = 3
"""Tensors as large as the largest activation that a backward pass needs at once."""
COMPARED = 6
"""Copies in float32 of what is compared: target, features, difference, its square, and the gradients of these."""
BEYOND = 1.6
"""How much more is taken than is counted, by the allocator and by libraries: on a CPU 1.05 to 1.6 was measured, at
256², 512² and 1024², in both precisions, with shallow layers, deep ones and ten."""
SPARE = 0.9
"""Share of the free memory that may be taken."""


class TooLarge(InvalidValue):
    """The memory is not enough for a picture of that size."""


def check_memory(
    network: nn.Module,
    size: Size,
    optimizer: Optimizer | None,
    device: torch.device,
    *,
    compared: Iterable[str] = (),
    beside: int = 0,
    what: str = "the picture",
) -> None:
    """Raises TooLarge, naming the largest size of that shape that fits, when a picture (height, width) does not.

    compared, beside: see `memory_needed`.
    """
    of_kernels = sum(each.bytes_prepared for each in network.modules() if isinstance(each, RectifiedConvolution))
    needed = memory_needed(network, size, optimizer, compared, beside)
    free = max(0.0, SPARE * memory_free(device) - of_kernels)
    if needed > free:
        factor = (free / needed) ** 0.5
        fits = f"{int(size[1] * factor)} × {int(size[0] * factor)}"
        raise TooLarge(
            f"{what} at {size[1]} × {size[0]} pixels needs about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
            f"free: the largest of that shape that fits is {fits}"
        )


def memory_needed(
    network: nn.Module, size: Size, optimizer: Optimizer | None, compared: Iterable[str] = (), beside: int = 0
) -> int:
    """Bytes at the peak of a step for an image (height, width), beside the network itself.

    compared: see `memory_to_change`. beside: bytes that it takes whatever the size.
    """
    return memory_to_change((1, 3, *size), network, optimizer, compared) + beside


def memory_to_change(
    shape: Sequence[int], network: nn.Module, optimizer: Optimizer | None, compared: Iterable[str] = ()
) -> int:
    """The same for whatever a network takes of some shape.

    optimizer: None when it is only looked at. compared: layers whose values an objective compares one by one.

    What autograd keeps is counted on PyTorch's "meta" device, where tensors have a shape and no memory; on top of it
    comes what is in flight, the gradients around the largest activation.
    """
    shadow = deepcopy(network).to("meta")
    of_network = {_memory(each) for each in [*shadow.parameters(), *shadow.buffers()]}
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[_memory(tensor)] = tensor
        return tensor

    variable = torch.empty(*shape, device="meta", requires_grad=True)
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        features = shadow(variable)
    saved = [tensor.nbytes for memory, tensor in kept.items() if memory not in of_network]
    held = sum(values.nbytes for values in features.values())  # or their gradients, which are found all at once
    if optimizer is not None:
        values = sum(features[layer].numel() for layer in compared)
        held += sum(saved) + COPIES[optimizer] * variable.nbytes + COMPARED * values * torch.float32.itemsize
    return int(BEYOND * (held + IN_FLIGHT * max(saved)))


def _memory(tensor: Tensor) -> int:
    """What tells one piece of memory from another, on the "meta" device too."""
    storage: int = tensor.untyped_storage()._cdata
    return storage


def memory_free(device: torch.device) -> int:
    """Bytes that can be taken without others having to give any back."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + unused)
    free = int(psutil.virtual_memory().available)
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        held = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
    except OSError:
        return free
    cache = int(held.get("inactive_file", 0))  # of files, which Linux gives up before it refuses anything
    return free if limit == "max" else min(free, int(limit) - int(used) + cache)
