"""VGG-16, the loss network: frozen features that say how far two pictures differ.

Used for training and fitting only, never for serving. The weights are the original ones (Simonyan,
Zisserman, 2014, converted from Caffe), which torchvision publishes as
`VGG16_Weights.IMAGENET1K_FEATURES`: RGB × 255 minus a mean, *no* division by a standard deviation.
torchvision's other VGG weights expect that division; the loss weights used here do not carry over.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from pickle import UnpicklingError
from typing import Literal

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

# torchvision takes four seconds to import, and a service only looks whether the file is there: imported where used.
URL = "https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth"
"""Of `VGG16_Weights.IMAGENET1K_FEATURES`."""

LAYERS = {
    f"relu{block}_{conv}": index
    for block, conv, index in (
        (1, 1, 1), (1, 2, 3),
        (2, 1, 6), (2, 2, 8),
        (3, 1, 11), (3, 2, 13), (3, 3, 15),
        (4, 1, 18), (4, 2, 20), (4, 3, 22),
        (5, 1, 25), (5, 2, 27), (5, 3, 29),
    )
}  # fmt: skip
"""Name of each activation in the papers -> its index in torchvision's `features`."""


Pooling = Literal["average", "max"]


class LossNetworkMissing(RuntimeError):
    """The loss network's weights are neither cached, whole, nor to be downloaded."""


def weights_file() -> Path:
    """Where torchvision keeps (or would put) the weights; moved by the environment's TORCH_HOME."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(URL).name)


def is_there(path: Path) -> bool:
    """Whether the weights are in a file of `save_weights`, or else in torchvision's cache."""
    return path.is_file() or weights_file().is_file()


def save_weights(weights: dict[str, Tensor], layers: Iterable[str], path: Path) -> None:
    """Write the weights that these layers need, and no others, as a file for `load_weights`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(save(_needed(weights, max(LAYERS[layer] for layer in layers))))
    unfinished.replace(path)


def load_weights(path: Path | None = None) -> dict[str, Tensor]:
    """The state dict of VGG-16's `features`, from a file of `save_weights`, or torchvision's cache or download.

    Raises LossNetworkMissing, naming the file and where to put it, when that is not possible.
    """
    if path is not None:
        try:
            return load_file(path)
        except (OSError, SafetensorError) as error:
            raise LossNetworkMissing(
                f"{path} does not hold the loss network ({error}); scripts/fetch_loss_network.py writes it anew"
            ) from error
    from torchvision.models import VGG16_Weights

    try:
        state = VGG16_Weights.IMAGENET1K_FEATURES.get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise LossNetworkMissing(
            f"VGG-16's weights are not at {weights_file()}, or broken, and could not be downloaded ({error}). "
            f"Put {URL} there, or set TORCH_HOME to the folder that has "
            f"hub/checkpoints/{weights_file().name}."
        ) from error
    prefix = "features."
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


class LossNetwork(nn.Module):
    """The named activations of VGG-16, each computed once and no deeper than needed.

    layers: names such as "relu3_3".
    pooling: "average" as in the papers (smoother gradients) or "max" as the network was trained.
    weights: the state dict of `features`; `load_weights()` gives the real one.
    """

    mean: Tensor

    def __init__(
        self,
        layers: Iterable[str],
        weights: dict[str, Tensor],
        *,
        pooling: Pooling = "average",
    ) -> None:
        from torchvision.models import vgg16

        super().__init__()
        self.layers = {LAYERS[name]: name for name in sorted(layers, key=LAYERS.__getitem__)}
        with torch.device("meta"):  # spares the memory of the classifier, and the time to initialise it
            features = vgg16(weights=None, init_weights=False).features[: max(self.layers) + 1]
        features.load_state_dict(_needed(weights, max(self.layers)), assign=True)
        for index, module in enumerate(features):
            if isinstance(module, nn.MaxPool2d) and pooling == "average":
                features[index] = nn.AvgPool2d(kernel_size=2, stride=2)
            if isinstance(module, nn.ReLU):
                module.inplace = False
        self.features = features.eval().requires_grad_(False)
        self.register_buffer("mean", torch.tensor([123.68, 116.779, 103.939]).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor, deepest: str | None = None) -> dict[str, Tensor]:
        """(B, 3, H, W), RGB in [0, 1] -> name of the layer: features (B, C, H', W').

        deepest: stop at this layer; default is the deepest one of `layers`.
        """
        x = images * 255 - self.mean
        last = max(self.layers) if deepest is None else LAYERS[deepest]
        found = {}
        for index, module in enumerate(self.features[: last + 1]):
            x = module(x)
            if index in self.layers:
                found[self.layers[index]] = x
        return found


def _needed(weights: dict[str, Tensor], deepest: int) -> dict[str, Tensor]:
    """The weights up to an index of `features`."""
    return {key: value for key, value in weights.items() if int(key.split(".")[0]) <= deepest}
