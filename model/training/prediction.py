"""Training a predictor through a network that stays as it is: what it predicts is painted, and judged as any painting.

    impasto train-predictor --styles paintings/ --content photos/ --output runs/predictor

A step costs as much as one of a fit: the pictures whose styles are learned are measured once, at the beginning
(`style_bank.py`). There a regression on the vectors of the known paintings gives the start.
Killed at any moment, a run goes on from its last state with the schedule and the samples it would have had.
"""

from __future__ import annotations

import json
import logging
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.device import find_device, trains_in_bfloat16
from impasto.model.network.style_network import StyleNetwork
from impasto.model.perception.objective import Objective
from impasto.model.pictures.images import NoImages
from impasto.model.pictures.photos import Samples, load_rgb, usable_images
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.prediction import file
from impasto.model.prediction.file import PredictionRecord, TrainedPredictor
from impasto.model.prediction.moments import Look
from impasto.model.prediction.predictor import Predictor
from impasto.model.styles.paintings import Painting, load_paintings
from impasto.model.training import data
from impasto.model.training.config import PredictionConfig, PredictionRunConfig
from impasto.model.training.metrics import Metrics
from impasto.model.training.previews import SHOWN, preview
from impasto.model.training.revision import revision
from impasto.model.training.run_folder import RunFolder
from impasto.model.training.style_bank import StyleBank
from impasto.model.training.style_pictures import KINDS, StylePictures
from impasto.model.training.updates import Updates

log = logging.getLogger(__name__)


class PredictingPainter(nn.Module):
    """What is trained, and the network through which it is: photos in the styles of whatever has such moments."""

    def __init__(self, predictor: Predictor, network: StyleNetwork) -> None:
        super().__init__()
        self.predictor = predictor
        self.network = network.requires_grad_(False)

    def forward(self, photos: Tensor, seen: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1], moments (B, M) -> painted (B, 3, H, W)."""
        with torch.autocast(photos.device.type, enabled=False):  # γ and β are exact, whatever is computed with them
            vectors = self.predictor(seen)
        painted: Tensor = self.network(photos, vectors)
        return painted


def train_predictor(config: PredictionConfig, run: PredictionRunConfig) -> Path:
    """Train a predictor and return its file's path.

    Raises NoImages, LossNetworkMissing, TrainingCollapsed, FileNotFoundError, CheckpointError, DeviceUnavailable;
    InvalidValue for a configuration that cannot work or differs from that of the run being resumed.
    """
    keep_freed_memory()
    return _Run(config, run).train()


class _Run:
    def __init__(self, config: PredictionConfig, run: PredictionRunConfig) -> None:
        self.config, self.run = config, run
        self.folder = RunFolder(run.output)
        self.device = find_device(run.device)
        self.fast_bf16 = trains_in_bfloat16(self.device)
        self.source = checkpoint.load(run.checkpoint)
        paintings, self.held_out = _divided(load_paintings(run.styles), config)
        self.names = [painting.style.id for painting in paintings]
        photos = usable_images(run.content, smallest_side=config.crop, memory=self.folder.photos)
        judging = set(self.source.training.held_out)  # photos that the network does not know either
        self.judging = [photo for photo in photos if photo.name in judging] or data.split(photos, SHOWN)[1]
        self.shown = [center_crop(load_rgb(path), config.crop).to(self.device) for path in self.judging[:SHOWN]]
        self.photos = [photo for photo in photos if photo not in self.judging]
        if not self.photos:
            raise NoImages(f"{run.content}: the network was judged by all of its photos; none is left to learn from")

        self.objective = self._objective()
        self.judge = self._objective()
        self.pictures = StylePictures(
            [painting.rgb for painting in paintings], self.photos, side=config.side, seed=config.seed
        )
        self.bank = self._bank([painting.rgb for painting in paintings])
        self.objective.aim({layer: grams.to(self.device) for layer, grams in self.bank.grams.items()})
        self.unseen = self._look((resize(each.rgb, self._size) for each in self.held_out), len(self.held_out))
        self.judge.aim({layer: grams.to(self.device) for layer, grams in self.unseen.grams.items()})

        made_of = [*range(len(paintings)), *(self.pictures.painting(n) for n in range(config.pictures))]
        kinds = [0] * len(paintings) + [self.pictures.kind(n) for n in range(config.pictures)]
        self.kinds = torch.tensor(kinds, device=self.device)
        self.strengths = self._strengths(made_of, kinds).to(self.device)
        self.painter = PredictingPainter(self._start(made_of, kinds), self.source.network)
        self.painter.to(self.device).to(memory_format=torch.channels_last)
        self.updates = Updates(
            [(self.painter.predictor.parameters(), config.learning_rate)],
            steps=config.steps,
            cooldown=config.cooldown,
            gradient_clip=config.gradient_clip,
        )
        self.step = 0
        self._resume()

    def train(self) -> Path:
        config, run = self.config, self.run
        batches = data.loader(
            Samples(self.photos, styles=len(self.bank.moments), crop=config.crop, seed=config.seed),
            batch=config.batch,
            first_step=self.step,
            last_step=config.steps,
            workers=run.workers,
        )
        if self.fast_bf16 and run.compile:
            self.painter.compile()
            self.objective.compile()
        seen = self.bank.moments.to(self.device)
        metrics = Metrics(len(KINDS), self.device)
        bar = tqdm(total=config.steps, initial=self.step, unit="step", disable=not sys.stderr.isatty())
        for photos, rows in metrics.timed(batches):
            photos = photos.to(self.device, non_blocking=True, memory_format=torch.channels_last)
            rows = rows.to(self.device, non_blocking=True)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.fast_bf16):
                painted = self.painter(photos, seen[rows])
                losses = self.objective(painted, photos, rows, self.strengths)
            losses.total.mean().backward()
            self.updates.make(self.step, painted)
            metrics.add(losses, self.kinds[rows])
            metrics.images += len(rows)
            self.step += 1
            bar.update()
            last = self.step == config.steps
            if last or self.step % run.log_every == 0:
                self._log(metrics, bar)
            if last or self.step % run.save_every == 0:
                self._save(metrics)
            if last or self.step % run.preview_every == 0:
                self._preview()
        bar.close()
        return self.folder.predictor

    @property
    def _size(self) -> int:
        """Shorter side in pixels at which paintings are measured."""
        return self.source.training.objective.painting_size

    def _objective(self) -> Objective:
        return Objective(self.source.training.objective, []).to(self.device).to(memory_format=torch.channels_last)

    def _look(self, pictures: Iterable[Tensor], count: int) -> StyleBank:
        return StyleBank.of(pictures, count, self.objective, bfloat16=self.fast_bf16)

    def _bank(self, paintings: Sequence[Tensor]) -> StyleBank:
        """Every painting as a whole, and the pictures that are made of them; measured once for a run."""
        names = {"paintings": self.names, "photos": [photo.name for photo in self.photos]}
        objective = asdict(self.source.training.objective)
        chosen = {name: getattr(self.config, name) for name in ("pictures", "side", "seed")}
        identity = json.loads(json.dumps({**names, "objective": objective, **chosen}))
        if known := StyleBank.load(self.folder.bank, identity):
            return known
        made = DataLoader(
            self.pictures, batch_size=None, sampler=range(self.config.pictures), num_workers=self.run.workers
        )
        whole = (resize(painting, self._size) for painting in paintings)
        bank = self._look(chain(whole, made), len(paintings) + self.config.pictures)
        bank.save(self.folder.bank, identity)
        return bank

    def _strengths(self, made_of: Sequence[int], kinds: Sequence[int]) -> Tensor:
        """How strongly each picture is applied: as its painting, or as paintings usually are, (N,)."""
        known = self.source.training.strengths
        usual = math.exp(sum(math.log(value) for value in known.values()) / max(1, len(known)))
        own = [known.get(name, usual) for name in self.names]
        alone = {KINDS.index("texture"), KINDS.index("photo")}
        return torch.tensor([usual if kind in alone else own[row] for row, kind in zip(made_of, kinds, strict=True)])

    def _start(self, made_of: Sequence[int], kinds: Sequence[int]) -> Predictor:
        """A predictor that knows by regression what the network has learned of the paintings that are not kept out."""
        kept_out = {painting.style.id for painting in self.held_out}
        table = self.source.styles
        ids = [style_id for style_id in table.ids if style_id not in kept_out]
        vectors = table.vectors[[table.row(style_id) for style_id in ids]]
        predictor = Predictor.untrained(self.bank.moments, vectors)
        rows = [ids.index(name) if name in ids else -1 for name in self.names]
        shows = torch.tensor(
            [rows[row] if KINDS[kind] == "painting" else -1 for row, kind in zip(made_of, kinds, strict=True)]
        )
        if bool((shows >= 0).any()):
            predictor.regress(self.bank.moments[shows >= 0], shows[shows >= 0], vectors)
        return predictor

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be the same run, as plain JSON values."""
        names = {"paintings": self.names, "photos": [photo.name for photo in self.photos]}
        identity: dict[str, Any] = json.loads(
            json.dumps({**asdict(self.config), **names, "network": self.source.network_id})
        )
        return identity

    def _resume(self) -> None:
        """Go on from the state in the output folder, if there is one."""
        state = self.folder.state(self.device)
        if state is None:
            return
        if state["config"] != self._identity():
            raise InvalidValue(
                f"{self.run.output} holds a run of another configuration, another network, other paintings or other "
                "photos; choose another output"
            )
        self.painter.predictor.load_state_dict(state["predictor"])
        self.updates.optimizer.load_state_dict(state["optimizer"])
        self.step, self.updates.skipped = state["step"], state["skipped"]
        log.info("resumed %s at step %d", self.run.output, self.step)
        self.folder.forget_metrics_after(self.step)

    def _log(self, metrics: Metrics, bar: tqdm[Any]) -> None:
        line = {"step": self.step, "skipped": self.updates.skipped, **metrics.take()}
        judged, kinds = self._judged(), dict(zip(KINDS, metrics.styles, strict=True))
        self.folder.add_metrics({**line, "held_out": judged, "kinds": kinds})
        shown = "kept out: " + ", ".join(f"{name} {value:.3f}" for name, value in judged.items())
        if bar.disable:
            log.info("%s, %s", ", ".join(f"{name} {value:.4g}" for name, value in line.items()), shown)
        else:
            bar.set_postfix_str(shown)

    def _save(self, metrics: Metrics) -> None:
        state = {
            "config": self._identity(),
            "step": self.step,
            "skipped": self.updates.skipped,
            "predictor": self.painter.predictor.state_dict(),
            "optimizer": self.updates.optimizer.state_dict(),
        }
        self.folder.keep_state(state)
        training = PredictionRecord(
            steps=self.step,
            losses=metrics.overall,
            held_out_losses=self._judged(),
            held_out=tuple(painting.style.id for painting in self.held_out),
            photos=tuple(photo.name for photo in self.judging),
            revision=revision(),
            torch=torch.__version__,
            config=asdict(self.config),
        )
        look = Look.of(self.source.training.objective)
        trained = TrainedPredictor(self.painter.predictor, look, self.source.network_id, training)
        file.save(trained, self.folder.predictor)

    @torch.no_grad()
    def _judged(self) -> dict[str, float]:
        """C and D of photos kept out, painted as is predicted for the paintings kept out, on average."""
        seen = self.unseen.moments.to(self.device)
        rows = torch.arange(len(seen), device=self.device)
        found = []
        for photo in self.shown:
            photos = photo.expand(len(seen), -1, -1, -1)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.fast_bf16):
                losses = self.judge(self.painter(photos, seen), photos, rows)
            found.append(torch.stack([losses.content_error, losses.style_distance]))
        content, distance = torch.cat(found, dim=1).mean(dim=1).tolist() if found else (math.nan, math.nan)
        return {"content_error": content, "style_distance": distance}

    def _preview(self) -> None:
        """Photos kept out, painted as is predicted for each painting kept out."""
        seen = self.unseen.moments.to(self.device)
        self.folder.add_preview(
            self.step,
            preview(lambda photos, rows: self.painter(photos, seen[rows]), self.shown, styles=len(seen)),
        )


def _divided(paintings: Sequence[Painting], config: PredictionConfig) -> tuple[list[Painting], list[Painting]]:
    """Those that are learned from, and those that are kept out. Raises InvalidValue."""
    ids = [painting.style.id for painting in paintings]
    if isinstance(config.held_out, int):
        count = max(0, min(config.held_out, len(ids)))
        kept_out = set(np.random.default_rng(config.seed).choice(ids, count, replace=False).tolist())
    else:
        kept_out = set(config.held_out)
    if unknown := sorted(kept_out - set(ids)):
        raise InvalidValue(f"there is no painting {', '.join(unknown)} to keep out; there are {', '.join(ids)}")
    if not kept_out:
        raise InvalidValue("held-out: at least one painting is kept out, by which the predictor is judged")
    if len(kept_out) == len(ids):
        raise InvalidValue(f"{len(ids)} paintings are too few to keep {len(kept_out)} of them out")
    return (
        [painting for painting in paintings if painting.style.id not in kept_out],
        [painting for painting in paintings if painting.style.id in kept_out],
    )
