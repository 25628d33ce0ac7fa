#!/usr/bin/env python3
"""Train one network in as many styles as there are paintings in a folder.

    scripts/train.py --styles paintings/ --content photos/ --output runs/mine
    torchrun --nproc-per-node 4 scripts/train.py ...        # one process per GPU

Run the same command again to go on after an interruption.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import tyro

from impasto.model.training.config import RunConfig, TrainingConfig
from impasto.model.training.loop import train


def main(
    run: Annotated[RunConfig, tyro.conf.arg(name="")],
    config: Annotated[TrainingConfig, tyro.conf.arg(name="")],
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    try:
        print(train(config, run))
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f"train: {error}")


if __name__ == "__main__":
    tyro.cli(main, description=__doc__)
