"""Fetch the loss network that fitting a style and optimisation need, and keep the 40 MB of it that are used.

    impasto fetch        # where the service looks for it

The weights are torchvision's VGG16_Weights.IMAGENET1K_FEATURES: taken from its cache (TORCH_HOME), or
downloaded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro


@dataclass(frozen=True)
class Arguments:
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The file to write. Default: where the service looks, loss-network.safetensors in IMPASTO_DATA_DIR."""


def run(arguments: Arguments) -> None:
    from impasto.app.settings import read_settings
    from impasto.model.network import checkpoint
    from impasto.model.optimization.config import TransferConfig
    from impasto.model.perception.loss_network import load_weights, save_weights

    settings = read_settings()
    output = arguments.output or settings.loss_network_file
    config = checkpoint.load(settings.checkpoint).training.objective
    layers = [config.content_layer, *config.style_layers, *TransferConfig().layers]
    save_weights(load_weights(), layers, output)
    print(f"{output}: {output.stat().st_size / 1e6:.0f} MB")
