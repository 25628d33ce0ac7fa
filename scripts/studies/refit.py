"""Fit anew the styles of a network that miss a goal, with the convolutions as they are.

    python -m impasto.scripts.studies.refit --styles paintings/ --content photos/ \\
        --checkpoint runs/mine/checkpoint.safetensors --work runs/refit --output runs/refitted.safetensors

A style that loses too much of the photo is applied less strongly; one that is too far from its painting, or that its
grey pictures do not tell where too few tell theirs, more strongly, as long as it has photo to spare: strengths choose
between C and D, and only training lowers both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
import tyro
from pydantic import TypeAdapter

from impasto.model.evaluation.evaluate import Evaluation
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.config import BalanceConfig
from impasto.model.pictures import images
from impasto.model.styles.style import slug
from impasto.model.styles.table import StyleTable
from impasto.model.training.config import RunConfig, TrainingConfig
from impasto.model.training.loop import train
from impasto.scripts.evaluate import Arguments as Evaluated
from impasto.scripts.evaluation import Evaluator

LEAST, MOST, FARTHEST = 0.4, 1.0, 0.85
"""Of C, and of D: the goals of `impasto evaluate` for every style."""
TOLD_APART = 0.9
"""Share of the grey pictures whose nearest painting is their own: the goal for all of them."""
WEAKER, STRONGER = 0.85, 1.2
"""Factors of a strength."""
SPARE = 0.95
"""C up to which a style may be applied more strongly."""
UPDATES = 20
"""For each style, in a round."""

_CONFIG = TypeAdapter(TrainingConfig)


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings."""
    content: Path
    """Folder of the photos."""
    checkpoint: Path
    """The network."""
    work: Path
    """Folder for what is made on the way, from which an interrupted run goes on."""
    output: Path
    """Checkpoint to write."""
    rounds: int = 2
    """Times at the most that it is looked which styles miss a goal."""
    photos: int = Evaluated.photos
    """Of those kept out of training, by which it is judged: as many as the report has."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    path = arguments.checkpoint
    for number in range(arguments.rounds):
        folder = arguments.work / f"round-{number}"
        joined = folder / "joined.safetensors"
        if not joined.exists():
            source = checkpoint.load(path)
            factors = strengths(*judged(path, arguments))
            print(f"round {number}: {', '.join(f'{style} × {factor}' for style, factor in factors.items()) or 'none'}")
            if not factors:
                break
            checkpoint.save(refitted(source, factors, folder, arguments), joined)
        path = joined
    checkpoint.save(replace(checkpoint.load(path), small=None), arguments.output)


def judged(path: Path, arguments: Arguments) -> tuple[Evaluation, Evaluation]:
    """D and C of every style; and of pictures and paintings in grey."""
    asked = Evaluated(
        arguments.styles, arguments.content, checkpoint=path, photos=arguments.photos, device=arguments.device
    )
    evaluator = Evaluator(asked)
    return evaluator.losses(evaluator.photos), evaluator.losses_in_grey()


def strengths(found: Evaluation, grey: Evaluation) -> dict[str, float]:
    """By how much the strengths of styles that miss a goal are to change, {id: factor}.

    grey: the same without colours.
    """
    too_few = bool(grey.own.mean() < TOLD_APART)
    columns = found.distance.mean(dim=1), found.content_error.mean(dim=1), grey.own
    factors = {}
    for style, distance, content, own in zip(found.styles, *(column.tolist() for column in columns), strict=True):
        tint = too_few and own < TOLD_APART
        if content > MOST:
            factors[style] = WEAKER
        elif content < LEAST or (content < SPARE and (distance > FARTHEST or tint)):
            factors[style] = STRONGER
    return factors


def refitted(source: Checkpoint, factors: dict[str, float], folder: Path, arguments: Arguments) -> Checkpoint:
    """The network with other vectors of some styles, at so many times their strengths."""
    paintings = folder / "paintings"
    paintings.mkdir(parents=True, exist_ok=True)
    for file in images.files_in(arguments.styles):
        if slug(file.stem) in factors:
            link = paintings / file.name
            link.unlink(missing_ok=True)
            link.symlink_to(file.resolve())
    changed = {style: source.training.strengths.get(style, 1.0) * factor for style, factor in factors.items()}
    training = replace(source.training, strengths={**source.training.strengths, **changed})
    start = folder / "start.safetensors"
    checkpoint.save(replace(source, training=training, small=None), start)
    config = _CONFIG.validate_python(dict(source.training.config))
    sizes = {style: size for style, size in config.objective.painting_sizes.items() if style in factors}
    config = replace(
        config,
        objective=replace(config.objective, painting_sizes=sizes),
        steps=UPDATES * len(factors),
        learning_rate=0.0,
        style_learning_rate=5e-3,
        cooldown=1.0,
        average=0.9,
        balance=BalanceConfig(rate=0.0),
    )
    run = RunConfig(paintings, arguments.content, folder / "run", start_from=start, device=arguments.device)
    made = checkpoint.load(train(config, run))
    fitted = made.styles
    training = replace(training, style_losses={**training.style_losses, **made.training.style_losses})
    each = [(fitted if style in factors else source.styles).blend({style: 1.0}) for style in source.styles.ids]
    table = StyleTable(source.styles.styles, torch.stack(each))
    return replace(source, styles=table, training=training, small=None)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
