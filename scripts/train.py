"""Train one network in as many styles as there are paintings in a folder.

    impasto train --styles paintings/ --content photos/ --output runs/mine
    torchrun --nproc-per-node 4 -m impasto train ...        # one process per GPU

Run the same command again to go on after an interruption.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from impasto.model.training.config import RunConfig, TrainingConfig


@dataclass(frozen=True)
class Arguments:
    run: Annotated[RunConfig, tyro.conf.arg(name="")]
    config: Annotated[TrainingConfig, tyro.conf.arg(name="")] = field(default_factory=TrainingConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.training.loop import train

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    print(train(arguments.config, arguments.run))
