"""The loss network, VGG-16 or VGG-19: frozen features that say how far two pictures differ.

Used for training, fitting and optimisation only, never for serving. VGG-16 has its original weights (Simonyan,
Zisserman, 2014, converted from Caffe), which torchvision publishes as `VGG16_Weights.IMAGENET1K_FEATURES`:
RGB × 255 minus a mean, *no* division by a standard deviation. torchvision's other VGG weights, and so its only ones
of VGG-19, expect that division; losses of the one do not carry over to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.files import write_whole
from impasto.model.perception.config import LossNetworkName, Pooling
from impasto.model.perception.rectified_convolution import RectifiedConvolution

# torchvision takes four seconds to import, and a service only looks whether the file is there: imported where used.


@dataclass(frozen=True)
class Architecture:
    """A network, and the weights of it that are used.

    convolutions: in each block, before its pooling.
    weights: torchvision's name of the weights. url: where they are published.
    scale, mean: pictures in [0, 1] come to the network as (picture × scale − mean), for red, green and blue.
    """

    convolutions: tuple[int, ...]
    weights: str
    url: str
    scale: tuple[float, float, float]
    mean: tuple[float, float, float]

    @property
    def layers(self) -> dict[str, int]:
        """LossNetworkName of each activation in the papers -> its index in torchvision's `features`."""
        names = [
            name
            for block, count in enumerate(self.convolutions, start=1)
            for name in [*(f"{kind}{block}_{n}" for n in range(1, count + 1) for kind in ("conv", "relu")), "pool"]
        ]
        return {name: index for index, name in enumerate(names) if name.startswith("relu")}


ARCHITECTURES = {
    "vgg16": Architecture(
        convolutions=(2, 2, 3, 3, 3),
        weights="VGG16_Weights.IMAGENET1K_FEATURES",
        url="https://download.pytorch.org/models/vgg16_features-amdegroot-88682ab5.pth",
        scale=(255, 255, 255),
        mean=(123.68, 116.779, 103.939),
    ),
    "vgg19": Architecture(
        convolutions=(2, 2, 4, 4, 4),
        weights="VGG19_Weights.IMAGENET1K_V1",
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        scale=(1 / 0.229, 1 / 0.224, 1 / 0.225),
        mean=(0.485 / 0.229, 0.456 / 0.224, 0.406 / 0.225),
    ),
}
LAYERS = ARCHITECTURES["vgg16"].layers


class LossNetworkMissing(ImpastoError):
    """The loss network's weights are neither cached, whole, nor to be downloaded."""


def cached(url: str) -> Path:
    """Where torchvision keeps (or would put) a file of weights; moved by the environment's TORCH_HOME."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(url).name)


def weights_file(name: LossNetworkName = "vgg16") -> Path:
    """Where torchvision keeps (or would put) the weights of VGG."""
    return cached(ARCHITECTURES[name].url)


def is_there(path: Path) -> bool:
    """Whether the weights are in a file of `save_weights`, or else in torchvision's cache."""
    return path.is_file() or weights_file().is_file()


def save_weights(weights: dict[str, Tensor], layers: Iterable[str], path: Path) -> None:
    """Write the weights that these layers need, and no others, as a file for `load_weights`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, save(_needed(weights, max(LAYERS[layer] for layer in layers))))


def load_weights(
    kept: Path | None = None, name: LossNetworkName = "vgg16", *, layers: Iterable[str] = (), download: bool = True
) -> dict[str, Tensor]:
    """The state dict of the `features` of VGG, from the first of: a file of `save_weights`, torchvision's cache, a
    download.

    kept: the file, of VGG-16; looked for elsewhere when it is not there, or ends before the deepest of `layers`.
    download: whether it may be downloaded; VGG-19, which nothing but a choice of optimisation needs, never is.
    Raises LossNetworkMissing, which says what to do.
    """
    if kept is not None and name == "vgg16" and kept.is_file():
        try:
            weights = load_file(kept)
        except (OSError, SafetensorError) as error:
            raise LossNetworkMissing(
                f"{kept} does not hold the loss network ({error}); `impasto fetch` writes it anew"
            ) from error
        if all(f"{LAYERS.get(layer, 1) - 1}.weight" in weights for layer in layers):
            return weights
    from torchvision.models import get_weight

    architecture, file = ARCHITECTURES[name], weights_file(name)
    try:
        if not file.is_file() and not (download and name == "vgg16"):
            raise FileNotFoundError("they are not downloaded on the way")
        state = get_weight(architecture.weights).get_state_dict(progress=False, check_hash=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        fetch = "`impasto fetch` downloads and keeps them. Otherwise put" if name == "vgg16" else "Put"
        raise LossNetworkMissing(
            f"the loss network is missing: {name.upper().replace('VGG', 'VGG-')}'s weights are not at {file}, or "
            f"broken ({error}). {fetch} {architecture.url} there, or set TORCH_HOME to the folder that has "
            f"hub/checkpoints/{file.name}."
        ) from error
    prefix = "features."
    return {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}


class LossNetwork(nn.Module):
    """The named activations of VGG, each computed once and no deeper than needed.

    layers: names such as "relu3_3". Raises InvalidValue for one that the network does not have.
    pooling: "average" as in the papers (smoother gradients) or "max" as the network was trained.
    weights: the state dict of `features`; `load_weights()` gives the real one.
    """

    scale: Tensor
    mean: Tensor

    def __init__(
        self,
        layers: Iterable[str],
        weights: dict[str, Tensor],
        *,
        pooling: Pooling = "average",
        name: LossNetworkName = "vgg16",
    ) -> None:
        from torchvision.models import get_model

        super().__init__()
        architecture = ARCHITECTURES[name]
        self._indices = architecture.layers
        wanted = set(layers)
        if unknown := sorted(wanted - set(self._indices)):
            raise InvalidValue(f"{name} has no layer {', '.join(unknown)}; it has {', '.join(self._indices)}")
        self.layers = {self._indices[layer]: layer for layer in sorted(wanted, key=self._indices.__getitem__)}
        if f"{max(self.layers) - 1}.weight" not in weights:
            raise LossNetworkMissing(
                f"the weights of the loss network end before {self.layers[max(self.layers)]}; "
                "`impasto fetch` writes them anew"
            )
        with torch.device("meta"):  # spares the memory of the classifier, and the time to initialise it
            features = get_model(name, weights=None, init_weights=False).features[: max(self.layers) + 1]
        features.load_state_dict(_needed(weights, max(self.layers)), assign=True)
        for index, module in enumerate(features):
            if isinstance(module, nn.MaxPool2d) and pooling == "average":
                features[index] = nn.AvgPool2d(kernel_size=2, stride=2)
            if isinstance(module, nn.Conv2d):
                features[index], features[index + 1] = RectifiedConvolution(module), nn.Identity()
        self.features = features.eval().requires_grad_(False)
        self.register_buffer("scale", torch.tensor(architecture.scale).view(3, 1, 1), persistent=False)
        self.register_buffer("mean", torch.tensor(architecture.mean).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor, deepest: str | None = None) -> dict[str, Tensor]:
        """(B, 3, H, W), RGB in [0, 1] -> name of the layer: features (B, C, H', W'), in the weights' precision.

        deepest: stop at this layer; default is the deepest one of `layers`.
        """
        x = (images * self.scale - self.mean).to(self.features[0].convolution.weight.dtype)
        last = max(self.layers) if deepest is None else self._indices[deepest]
        found = {}
        for index, module in enumerate(self.features[: last + 1]):
            x = module(x)
            if index in self.layers:
                found[self.layers[index]] = x
        return found


def _needed(weights: dict[str, Tensor], deepest: int) -> dict[str, Tensor]:
    """The weights up to an index of `features`."""
    return {key: value for key, value in weights.items() if int(key.split(".")[0]) <= deepest}
