"""Frozen networks whose features are looked at, on a device, in its fastest precision."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor, nn

from impasto.model.errors import InvalidValue
from impasto.model.network.device import trains_in_bfloat16
from impasto.model.optimization.config import FeaturePrecision, NetworkName
from impasto.model.perception.config import Pooling
from impasto.model.perception.loss_network import LossNetwork, LossNetworkMissing, cached, load_weights

MODELS = "https://download.pytorch.org/models"
INCEPTIONS: dict[str, tuple[str, str]] = {
    "googlenet": ("GoogLeNet_Weights.IMAGENET1K_V1", f"{MODELS}/googlenet-1378be20.pth"),
    "inception_v3": ("Inception_V3_Weights.IMAGENET1K_V1", f"{MODELS}/inception_v3_google-0cc3c7bd.pth"),
}
"""torchvision's name of the weights, and where they are published."""


class Choice(Protocol):
    """Of a network, as configurations have it.

    pooling: of VGG; Inception keeps its own. precision: of the features; "auto" is bfloat16 where `trains_in_bfloat16`.
    """

    @property
    def network(self) -> NetworkName: ...
    @property
    def pooling(self) -> Pooling: ...
    @property
    def precision(self) -> FeaturePrecision: ...


def load_network(
    choice: Choice, layers: Iterable[str], device: torch.device, weights: dict[str, Tensor] | None = None
) -> nn.Module:
    """A network that maps images (1, 3, H, W) in [0, 1] to features by layer.

    layers: of VGG "relu4_2", of Inception the names of torchvision's modules, "inception4c" or "Mixed_5d".
    weights: of VGG's features; None: as `load_weights` finds them.
    Raises LossNetworkMissing; InvalidValue for no layer, or one that is not there.
    """
    layers = list(layers)
    if not layers:
        raise InvalidValue("name at least one layer")
    name = choice.network
    if name == "vgg16" or name == "vgg19":  # noqa: PLR1714 (mypy narrows only this)
        found = load_weights(name=name) if weights is None else weights
        network: LossNetwork | _Inception = LossNetwork(layers, found, pooling=choice.pooling, name=name)
    else:
        network = _Inception(name, layers)
    if choice.precision == "bfloat16" or (choice.precision == "auto" and trains_in_bfloat16(device)):
        network.features.to(torch.bfloat16)
    return network.to(device).to(memory_format=torch.channels_last)


class _Inception(nn.Module):
    """GoogLeNet or Inception v3 up to the deepest of the layers."""

    scale: Tensor
    mean: Tensor

    def __init__(self, name: str, layers: list[str]) -> None:
        from torchvision.models import get_model
        from torchvision.models.feature_extraction import create_feature_extractor

        super().__init__()
        weights, url = INCEPTIONS[name]
        path = cached(url)
        if not path.is_file():
            raise LossNetworkMissing(
                f"{name}'s weights are not at {path}: put {url} there, "
                f"or set TORCH_HOME to the folder that has hub/checkpoints/{path.name}"
            )
        whole = get_model(name, weights=weights, progress=False).eval().requires_grad_(False)
        there = [child for child, _ in whole.named_children()]
        if unknown := sorted(set(layers) - set(there)):
            raise InvalidValue(f"{name} has no layer {', '.join(unknown)}; it has {', '.join(there)}")
        self.features = create_feature_extractor(whole, layers)
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        self.register_buffer("scale", (1 / deviation).view(3, 1, 1), persistent=False)
        self.register_buffer("mean", (mean / deviation).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) in [0, 1] -> features by layer."""
        x = images * self.scale - self.mean
        found: dict[str, Tensor] = self.features(x.to(next(self.features.parameters()).dtype))
        return found
