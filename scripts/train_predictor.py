"""Train a predictor, which tells a painting's style vector at a glance, for a network that stays as it is.

    impasto train-predictor --styles paintings/ --content photos/ --output runs/predictor

Run the same command again to go on after an interruption.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Annotated

import tyro

from impasto.model.training.config import PredictionConfig, PredictionRunConfig


@dataclass(frozen=True)
class Arguments:
    run: Annotated[PredictionRunConfig, tyro.conf.arg(name="")]
    config: Annotated[PredictionConfig, tyro.conf.arg(name="")] = field(default_factory=PredictionConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.training.prediction import train_predictor

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    print(train_predictor(arguments.config, arguments.run))
