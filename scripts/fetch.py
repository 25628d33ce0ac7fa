#!/usr/bin/env python3
"""Fetch the loss network that fitting a style and optimisation need, and keep the 40 MB of it that are used.

scripts/fetch.py        # where the service looks for it

The weights are torchvision's VGG16_Weights.IMAGENET1K_FEATURES: taken from its cache (TORCH_HOME), or
downloaded once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from impasto.app.settings import Settings
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import CheckpointError
from impasto.model.optimization.config import TransferConfig
from impasto.model.perception.loss_network import LossNetworkMissing, load_weights, save_weights


@dataclass(frozen=True)
class Arguments:
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The file to write. Default: where the service looks, loss-network.safetensors in IMPASTO_DATA_DIR."""


def main(arguments: Arguments) -> None:
    output = arguments.output or Settings().loss_network_file
    try:
        config = checkpoint.load(Settings().checkpoint).training.objective
        layers = [config.content_layer, *config.style_layers, *TransferConfig().style_layers]
        save_weights(load_weights(), layers, output)
    except (LossNetworkMissing, CheckpointError, OSError) as error:
        sys.exit(f"fetch: {error}")
    print(f"{output}: {output.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
