"""Training a whole network: a plain loop, the same on a CPU, a GPU, or several.

    impasto train --styles paintings/ --content photos/ --output runs/mine
    torchrun --nproc-per-node 4 -m impasto train ...          # one process per GPU

The recipe is Dumoulin et al.'s (ICLR 2017): Adam, one random style per image, every convolution
shared. Killed at any moment, a run goes on from its last state with the schedule and the samples it
would have had.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import StrokeConfig
from impasto.model.network.device import find_device, trains_in_bfloat16
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.perception.balance import Balance
from impasto.model.perception.objective import Losses, Objective
from impasto.model.pictures.photos import load_rgb, usable_images
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.styles.paintings import Painting, load_paintings
from impasto.model.styles.table import StyleTable
from impasto.model.training import data
from impasto.model.training.config import RunConfig, TrainingConfig
from impasto.model.training.metrics import Metrics
from impasto.model.training.painting_over import Paint, is_painted_over, paint_over
from impasto.model.training.previews import SHOWN, preview
from impasto.model.training.revision import revision
from impasto.model.training.run_folder import RunFolder
from impasto.model.training.teacher import Teacher, blends, mixed
from impasto.model.training.updates import Updates

log = logging.getLogger(__name__)

LONGEST_LOOK = timedelta(days=1)
"""Time that the first process may take to look at the photos while others wait."""


class Painters(nn.Module):
    """What is trained: the network and its table of style vectors."""

    def __init__(self, network: StyleNetwork, vectors: Tensor) -> None:
        super().__init__()
        self.network = network
        self.vectors = nn.Parameter(vectors)

    def forward(self, photos: Tensor, mixtures: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1], mixtures of the styles (B, N) -> painted (B, 3, H, W)."""
        painted: Tensor = self.network(photos, mixed(mixtures, self.vectors))
        return painted


Tensors = tuple[Tensor, ...] | list[Tensor]


def _warmed(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """The moving average of weights; at first of the few that there are, not of the start."""

    def update(averaged: Tensors, now: Tensors, steps: Tensor | int) -> None:
        get_ema_multi_avg_fn(min(decay, (1 + int(steps)) / (10 + int(steps))))(averaged, now, steps)

    return update


def train(config: TrainingConfig, run: RunConfig) -> Path:
    """Train a network and return its checkpoint's path.

    Raises NoImages, LossNetworkMissing, TrainingCollapsed; InvalidValue for a configuration that
    cannot work or differs from that of the run being resumed.
    """
    keep_freed_memory()
    with _processes(run.device) as place:
        return _Run(config, run, place).train()


@dataclass(frozen=True)
class _Place:
    """This process among the others."""

    device: torch.device
    rank: int
    world: int


@contextmanager
def _processes(device: str) -> Iterator[_Place]:
    """Join the other processes when torchrun started this one."""
    found = find_device(device)
    if not dist.is_torchelastic_launched():
        yield _Place(found, 0, 1)
        return
    dist.init_process_group("nccl" if found.type == "cuda" else "gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    try:
        if found.type == "cuda":
            found = torch.device("cuda", rank % torch.cuda.device_count())
            torch.cuda.set_device(found)
        yield _Place(found, rank, world)
    finally:
        dist.destroy_process_group()


class _Run:
    """One process's share of a run."""

    def __init__(self, config: TrainingConfig, run: RunConfig, place: _Place) -> None:
        if config.batch % place.world:
            raise InvalidValue(f"a batch of {config.batch} cannot be shared equally by {place.world} processes")
        self.config, self.run, self.place = config, run, place
        self.folder = RunFolder(run.output)
        start = checkpoint.load(run.start_from) if run.start_from else None
        before = start.training.held_out if start else ()
        self.photos, self.held_out = data.split(self._usable_photos(), config.held_out, before)
        paintings = load_paintings(run.styles)
        self.styles = [painting.style for painting in paintings]
        if unknown := config.objective.painting_sizes.keys() - {style.id for style in self.styles}:
            raise InvalidValue(f"objective.painting-sizes: there is no painting {', '.join(sorted(unknown))}")
        sized = self._sized(paintings)
        self.objective = Objective(config.objective, sized).to(place.device).to(memory_format=torch.channels_last)

        self.balance = Balance(config.balance, self._photo_distances()).to(place.device)

        torch.manual_seed(config.seed)
        network = StyleNetwork(config.network)
        self.painters = Painters(network, network.identity_style().repeat(len(paintings), 1))
        self.strokes = StrokeConfig()
        if start:
            self._start_from(start)
        self.painters.to(place.device).to(memory_format=torch.channels_last)
        self.average = AveragedModel(self.painters, multi_avg_fn=_warmed(config.average))
        self.teacher = None
        if run.teacher:
            teacher = checkpoint.load(run.teacher)
            self.strokes = teacher.strokes
            self.teacher = Teacher(teacher, self.styles, config.teaching, place.device)
        self.updates = Updates(
            [
                (self.painters.network.parameters(), config.learning_rate),
                ([self.painters.vectors], config.style_learning_rate),
            ],
            steps=config.steps,
            cooldown=config.cooldown,
            gradient_clip=config.gradient_clip,
        )
        self.step = 0
        self._resume()

    def train(self) -> Path:
        config, run, place = self.config, self.run, self.place
        samples = data.VariedSamples(
            self.photos, styles=len(self.styles), crop=config.crop, seed=config.seed, varied=config.varied
        )
        batches = data.loader(
            samples,
            batch=config.batch,
            first_step=self.step,
            last_step=config.steps,
            workers=run.workers,
            rank=place.rank,
            world=place.world,
        )
        fast_bf16 = trains_in_bfloat16(place.device)
        painters: nn.Module = DistributedDataParallel(self.painters) if place.world > 1 else self.painters
        if fast_bf16 and run.compile:  # compiling pays where the convolutions are no longer what takes the time
            painters.compile(dynamic=False)  # each of two sizes by itself
            self.objective.compile()
        metrics = Metrics(len(self.styles), place.device)
        bar = tqdm(
            total=config.steps, initial=self.step, unit="step", disable=not (self._leads and sys.stderr.isatty())
        )
        for photos, rows in metrics.timed(batches):
            photos = photos.to(place.device, non_blocking=True, memory_format=torch.channels_last)
            rows = rows.to(place.device, non_blocking=True)
            mixtures, judged = self._mixtures(rows)
            with torch.autocast(place.device.type, torch.bfloat16, enabled=fast_bf16):
                painted = self._painted(painters, photos, mixtures)
                losses: Losses | None = None
                if judged:
                    losses = self._judge(painted[:judged], photos[:judged], rows[:judged])
            terms = [losses.total.mean()] if losses else []
            if self.teacher:
                taught = self._painted(self.teacher.paint, photos, mixtures)
                terms.append(metrics.taught(self.teacher.error(painted, taught)))
            torch.stack(terms).sum().backward()
            self.updates.make(self.step, painted)
            self.average.update_parameters(self.painters)
            if losses and self._paints_over:
                metrics.add_painted_over(losses)
            elif losses:
                self.balance.update(losses, rows[:judged])
                metrics.add(losses, rows[:judged])
            metrics.images += len(rows)
            self.step += 1
            bar.update()
            last = self.step == config.steps
            if last or self.step % run.log_every == 0:
                self._log(metrics, bar)
            if self._leads and (last or self.step % run.save_every == 0):
                self._save(metrics)
            if self._leads and (last or self.step % run.preview_every == 0):
                self._preview()
        bar.close()
        return self.folder.checkpoint

    @property
    def _paints_over(self) -> bool:
        return is_painted_over(self.step, self.config.painted_over)

    def _painted(self, paint: Paint, photos: Tensor, mixtures: Tensor) -> Tensor:
        """A batch in one pass or, at some steps, as large photos are painted."""
        return paint_over(paint, photos, mixtures, self.strokes) if self._paints_over else paint(photos, mixtures)

    def _judge(self, painted: Tensor, photos: Tensor, rows: Tensor) -> Losses:
        """Against photos and paintings; those as large as what is painted over shows them, where it is."""
        strengths = self.balance.strengths
        if self._paints_over:
            rows, strengths = rows + len(self.styles), strengths.repeat(2)
        losses: Losses = self.objective(painted, photos, rows, strengths)
        return losses

    def _mixtures(self, rows: Tensor) -> tuple[Tensor, int]:
        """What of each style the images of a batch, of these rows (B,), are painted in, and how many of them, the first
        ones, are compared with their paintings. The n-th batch's depend on the seed and n alone."""
        count, teaching = len(rows), self.config.teaching
        if not self.teacher:
            return blends(rows, len(self.styles), 0, torch.Generator()), count
        before, now = (int((self.step + step) * teaching.judged * count) for step in (0, 1))
        random = torch.Generator().manual_seed(hash((self.config.seed, self.step, self.place.rank)))
        blended = blends(rows.cpu(), len(self.styles), round(teaching.blends * count), random)
        return blended.to(rows.device), now - before

    @property
    def _leads(self) -> bool:
        return self.place.rank == 0

    def _usable_photos(self) -> list[Path]:
        """The photos that can be learned from: the first process looks, and the others wait for what it found."""
        found: list[list[Path]] = [[]]
        if self._leads:
            found = [usable_images(self.run.content, smallest_side=self.config.crop, memory=self.folder.photos)]
        if self.place.world > 1:  # in a group of its own, since a large folder takes longer than a step may
            group = dist.new_group(backend="gloo", timeout=LONGEST_LOOK)
            assert isinstance(group, dist.ProcessGroup)  # what a process outside a group gets is none
            dist.broadcast_object_list(found, group=group)
        return found[0]

    @torch.inference_mode()
    def _photo_distances(self) -> Tensor:
        """Mean distance D of some untouched photos from each painting, (N,)."""
        distances = []
        for path in (self.held_out or self.photos)[:24]:
            photo = center_crop(load_rgb(path), self.config.crop).to(self.place.device)
            distances.append(self.objective.distances(self.objective.loss_network(photo[None])).sum(dim=0))
        return torch.stack(distances).mean(dim=0)[: len(self.styles)]

    def _sized(self, paintings: Sequence[Painting]) -> list[Tensor]:
        """What pictures are compared with: all paintings, and, where something is painted over, then all of them twice
        as large, or as large as their files are."""
        sizes = [self.config.objective.size_of(painting.style.id) for painting in paintings]
        own = [min(painting.rgb.shape[1:]) for painting in paintings]
        if small := [painting.style.id for painting, size, it in zip(paintings, sizes, own, strict=True) if it < size]:
            log.warning("enlarged, since their files are smaller than they are looked at: %s", ", ".join(small))
        sized = [resize(painting.rgb, size) for painting, size in zip(paintings, sizes, strict=True)]
        if self.config.painted_over:
            larger = [max(size, min(2 * size, it)) for size, it in zip(sizes, own, strict=True)]
            sized += [resize(painting.rgb, size) for painting, size in zip(paintings, larger, strict=True)]
        return sized

    def _start_from(self, start: Checkpoint) -> None:
        """Take over a network, and the vectors of the styles that it shares with this run."""
        if start.network.config != self.config.network:
            raise InvalidValue(f"{self.run.start_from} has {start.network.config}, not {self.config.network}")
        self.strokes = start.strokes
        self.painters.network.load_state_dict(start.network.state_dict())
        for row, style in enumerate(self.styles):
            if style.id in start.styles:
                self.painters.vectors.data[row] = start.styles.vectors[start.styles.row(style.id)]
            self.balance.strengths[row] = start.training.strengths.get(style.id, 1.0)

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be the same run, as plain JSON values."""
        names = {"paintings": [style.id for style in self.styles], "photos": [photo.name for photo in self.photos]}
        identity: dict[str, Any] = json.loads(json.dumps({**asdict(self.config), **names}))
        return identity

    def _resume(self) -> None:
        """Go on from the state in the output folder, if there is one."""
        state = self.folder.state(self.place.device)
        if state is None:
            return
        if state["config"] != self._identity():
            raise InvalidValue(
                f"{self.run.output} holds a run of another configuration, other paintings or other photos; "
                "choose another output"
            )
        self.painters.load_state_dict(state["painters"])
        self.average.load_state_dict(state["average"])
        self.updates.optimizer.load_state_dict(state["optimizer"])
        self.balance.load_state_dict(state["balance"])
        self.step, self.updates.skipped = state["step"], state["skipped"]
        log.info("resumed %s at step %d", self.run.output, self.step)
        if self._leads:
            self.folder.forget_metrics_after(self.step)

    def _log(self, metrics: Metrics, bar: tqdm[Any]) -> None:
        line = {"step": self.step, "skipped": self.updates.skipped, **metrics.take()}
        if not self._leads:
            return
        self.folder.add_metrics({**line, "styles": self._by_style(metrics), "strengths": self._strengths})
        if bar.disable:
            log.info("%s", ", ".join(f"{name} {value:.4g}" for name, value in line.items()))
        elif metrics.overall:
            bar.set_postfix_str(f"C {line['content_error']:.3f}, D {line['style_distance']:.3f}")

    def _by_style(self, metrics: Metrics) -> dict[str, dict[str, float]]:
        return {style.id: values for style, values in zip(self.styles, metrics.styles, strict=False)}

    @property
    def _strengths(self) -> dict[str, float]:
        return {style.id: value for style, value in zip(self.styles, self.balance.strengths.tolist(), strict=True)}

    def _save(self, metrics: Metrics) -> None:
        state = {
            "config": self._identity(),
            "step": self.step,
            "skipped": self.updates.skipped,
            "painters": self.painters.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.updates.optimizer.state_dict(),
            "balance": self.balance.state_dict(),
        }
        self.folder.keep_state(state)
        training = TrainingRecord(
            steps=self.step,
            objective=self.config.objective,
            losses=metrics.overall,
            style_losses=self._by_style(metrics),
            strengths=self._strengths,
            held_out=tuple(photo.name for photo in self.held_out),
            teacher=self.teacher.network_id if self.teacher else None,
            started_from=self.run.start_from.name if self.run.start_from else None,
            revision=revision(),
            torch=torch.__version__,
            config=asdict(self.config),
        )
        given = self.average.module
        assert isinstance(given, Painters)
        table = StyleTable(self.styles, given.vectors.detach().cpu())
        checkpoint.save(Checkpoint(given.network, table, training, self.strokes), self.folder.checkpoint)

    def _preview(self) -> None:
        paths = (self.held_out or self.photos)[:SHOWN]
        shown = [center_crop(load_rgb(path), self.config.crop).to(self.place.device) for path in paths]
        plain = torch.eye(len(self.styles), device=self.place.device)
        self.folder.add_preview(
            self.step,
            preview(lambda photos, rows: self.average(photos, plain[rows]), shown, styles=len(plain)),
        )
