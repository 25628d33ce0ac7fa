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
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from tqdm import tqdm

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.device import find_device, has_native_bfloat16
from impasto.model.network.style_network import StyleNetwork
from impasto.model.perception.balance import Balance
from impasto.model.perception.objective import Losses, Objective
from impasto.model.pictures import images
from impasto.model.pictures.photos import Samples, load_rgb, usable_images
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.styles.paintings import load_paintings
from impasto.model.styles.table import StyleTable
from impasto.model.training import data
from impasto.model.training.config import RunConfig, TrainingConfig

log = logging.getLogger(__name__)
_T = TypeVar("_T")

COLLAPSED_STEPS = 50
"""Steps in a row that may go wrong before a run is given up."""
FLATTEST_OUTPUT = 1e-3
"""Standard deviation within every channel of every painted image below which nothing is shown any more."""


class TrainingCollapsed(ImpastoError):
    """The loss or the output is of no use any more, and will not recover by itself."""


class Painters(nn.Module):
    """What is trained: the network and its table of style vectors."""

    def __init__(self, network: StyleNetwork, vectors: Tensor) -> None:
        super().__init__()
        self.network = network
        self.vectors = nn.Parameter(vectors)

    def forward(self, photos: Tensor, rows: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1], rows of the style table (B,) -> painted (B, 3, H, W)."""
        painted: Tensor = self.network(photos, self.vectors[rows])
        return painted


def train(config: TrainingConfig, run: RunConfig) -> Path:
    """Train a network and return its checkpoint's path.

    Raises NoImages, LossNetworkMissing, TrainingCollapsed; InvalidValue for a configuration that
    cannot work or differs from that of the run being resumed.
    """
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
        photos = usable_images(run.content, smallest_side=config.crop)
        self.photos, self.held_out = data.split(photos, config.held_out)
        paintings = load_paintings(run.styles)
        self.styles = [painting.style for painting in paintings]
        size = config.objective.painting_size
        if small := [painting.style.id for painting in paintings if min(painting.rgb.shape[1:]) < size]:
            log.warning("enlarged to a shorter side of %d pixels: %s", size, ", ".join(small))
        sized = [resize(painting.rgb, size) for painting in paintings]
        self.objective = Objective(config.objective, sized).to(place.device).to(memory_format=torch.channels_last)

        self.balance = Balance(config.balance, self._photo_distances()).to(place.device)

        torch.manual_seed(config.seed)
        network = StyleNetwork(config.network)
        self.painters = Painters(network, network.identity_style().repeat(len(paintings), 1))
        if run.start_from:
            self._start_from(checkpoint.load(run.start_from))
        self.painters.to(place.device).to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.Adam(
            [
                {"params": self.painters.network.parameters(), "peak": config.learning_rate},
                {"params": [self.painters.vectors], "peak": config.style_learning_rate},
            ]
        )
        self.step = 0
        self.skipped = 0
        self._resume()

    def train(self) -> Path:
        config, run, place = self.config, self.run, self.place
        run.output.mkdir(parents=True, exist_ok=True)
        batches = data.loader(
            Samples(self.photos, styles=len(self.styles), crop=config.crop, seed=config.seed),
            batch=config.batch,
            first_step=self.step,
            last_step=config.steps,
            workers=run.workers,
            rank=place.rank,
            world=place.world,
        )
        fast_bf16 = has_native_bfloat16(place.device)
        painters: nn.Module = DistributedDataParallel(self.painters) if place.world > 1 else self.painters
        if fast_bf16 and run.compile:  # compiling pays where the convolutions are no longer what takes the time
            painters.compile()
            self.objective.compile()
        metrics = Metrics(len(self.styles), place.device)
        bar = tqdm(
            total=config.steps, initial=self.step, unit="step", disable=not (self._leads and sys.stderr.isatty())
        )
        bad = 0
        for photos, rows in metrics.timed(batches):
            photos = photos.to(place.device, non_blocking=True, memory_format=torch.channels_last)
            rows = rows.to(place.device, non_blocking=True)
            with torch.autocast(place.device.type, torch.bfloat16, enabled=fast_bf16):
                painted = painters(photos, rows)
                losses: Losses = self.objective(painted, photos, rows, self.balance.strengths)
            losses.total.mean().backward()
            good = self._update() and bool(painted.std(dim=(2, 3)).max() > FLATTEST_OUTPUT)
            bad = 0 if good else bad + 1
            if bad == COLLAPSED_STEPS:
                raise TrainingCollapsed(
                    f"{bad} steps in a row, up to step {self.step}, had gradients that were not finite or painted "
                    f"one flat colour. The last state saved is in {run.output}; a lower learning rate may help."
                )
            self.balance.update(losses, rows)
            metrics.add(losses, rows)
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
        return self._checkpoint_file

    def _update(self) -> bool:
        """One step of Adam, unless a gradient is not finite. Says whether it was made."""
        left = (self.config.steps - self.step) / self.config.steps
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * min(1.0, left / max(self.config.cooldown, 1e-9))
        norm = nn.utils.clip_grad_norm_(self.painters.parameters(), self.config.gradient_clip)
        good = bool(norm.isfinite())
        if good:
            self.optimizer.step()
        else:
            self.skipped += 1
            log.warning("step %d skipped: its gradients are not finite", self.step)
        self.optimizer.zero_grad()
        return good

    @property
    def _leads(self) -> bool:
        return self.place.rank == 0

    @property
    def _state_file(self) -> Path:
        return self.run.output / "state.pt"

    @property
    def _checkpoint_file(self) -> Path:
        return self.run.output / "checkpoint.safetensors"

    @property
    def _metrics_file(self) -> Path:
        return self.run.output / "metrics.jsonl"

    @torch.inference_mode()
    def _photo_distances(self) -> Tensor:
        """Mean distance D of some untouched photos from each painting, (N,)."""
        distances = []
        for path in (self.held_out or self.photos)[:24]:
            photo = center_crop(load_rgb(path), self.config.crop).to(self.place.device)
            distances.append(self.objective.distances(self.objective.loss_network(photo[None])).sum(dim=0))
        return torch.stack(distances).mean(dim=0)

    def _start_from(self, start: Checkpoint) -> None:
        """Take over a network, and the vectors of the styles that it shares with this run."""
        if start.network.config != self.config.network:
            raise InvalidValue(f"{self.run.start_from} has {start.network.config}, not {self.config.network}")
        self.painters.network.load_state_dict(start.network.state_dict())
        for row, style in enumerate(self.styles):
            if style.id in start.styles:
                self.painters.vectors.data[row] = start.styles.vectors[start.styles.row(style.id)]
            self.balance.strengths[row] = start.training.get("strengths", {}).get(style.id, 1.0)

    def _identity(self) -> dict[str, Any]:
        """What must be the same for a run to be the same run, as plain JSON values."""
        names = {"paintings": [style.id for style in self.styles], "photos": [photo.name for photo in self.photos]}
        identity: dict[str, Any] = json.loads(json.dumps({**asdict(self.config), **names}))
        return identity

    def _resume(self) -> None:
        """Go on from the state in the output folder, if there is one."""
        if not self._state_file.exists():
            return
        state = torch.load(self._state_file, map_location=self.place.device, weights_only=True)
        if state["config"] != self._identity():
            raise InvalidValue(
                f"{self.run.output} holds a run of another configuration, other paintings or other photos; "
                "choose another output"
            )
        self.painters.load_state_dict(state["painters"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.balance.load_state_dict(state["balance"])
        self.step, self.skipped = state["step"], state["skipped"]
        log.info("resumed %s at step %d", self.run.output, self.step)
        if self._leads and self._metrics_file.exists():  # forget what was measured after that state
            lines = self._metrics_file.read_text("utf-8").splitlines(keepends=True)
            whole = [line for line in lines if line.endswith("\n")]  # all but one that a kill cut short
            kept = [line for line in whole if json.loads(line)["step"] <= self.step]
            self._metrics_file.write_text("".join(kept), "utf-8")

    def _log(self, metrics: Metrics, bar: tqdm[Any]) -> None:
        line = {"step": self.step, "skipped": self.skipped, **metrics.take()}
        if not self._leads:
            return
        with self._metrics_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "styles": self._by_style(metrics), "strengths": self._strengths}) + "\n")
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
            "skipped": self.skipped,
            "painters": self.painters.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "balance": self.balance.state_dict(),
        }
        unfinished = self._state_file.with_suffix(".part")
        torch.save(state, unfinished)
        unfinished.replace(self._state_file)
        training = {
            "config": asdict(self.config),
            "steps": self.step,
            "losses": metrics.overall,
            "style_losses": self._by_style(metrics),
            "strengths": self._strengths,
            "started_from": self.run.start_from.name if self.run.start_from else None,
            "held_out": [photo.name for photo in self.held_out],
            "revision": _revision(),
            "torch": torch.__version__,
        }
        table = StyleTable(self.styles, self.painters.vectors.detach().cpu())
        checkpoint.save(Checkpoint(self.painters.network, table, training), self._checkpoint_file)

    @torch.inference_mode()
    def _preview(self) -> None:
        """A grid: a row for each of three held-out photos, a column for each style."""
        count = len(self.styles)
        rows = []
        for path in (self.held_out or self.photos)[:3]:
            photo = center_crop(load_rgb(path), self.config.crop).to(self.place.device)
            painted = [
                self.painters(photo.expand(len(some), -1, -1, -1), some)
                for some in torch.split(torch.arange(count, device=self.place.device), 8)
            ]
            rows.append(torch.cat([photo, *torch.cat(painted)], dim=2))
        folder = self.run.output / "previews"
        folder.mkdir(exist_ok=True)
        images.to_image(torch.cat(rows, dim=1)).save(folder / f"step-{self.step:06d}.jpg", quality=90)


class Metrics:
    """Losses averaged since the last line of the log, over everything and per style."""

    NAMES = ("total", "content", "style", "content_error", "style_distance")

    def __init__(self, styles: int, device: torch.device) -> None:
        self._sums = torch.zeros(styles, len(self.NAMES) + 1, device=device)
        self._started = time.perf_counter()
        self._waited = 0.0
        self.overall: dict[str, float] = {}
        self.styles: list[dict[str, float]] = []

    def timed(self, batches: Iterable[_T]) -> Iterator[_T]:
        """The batches, noting how long the training waits for each."""
        source = iter(batches)
        while True:
            asked = time.perf_counter()
            try:
                batch = next(source)
            except StopIteration:
                return
            self._waited += time.perf_counter() - asked
            yield batch

    def add(self, losses: Losses, rows: Tensor) -> None:
        """Take in the losses of a batch and the rows of its styles, (B,); images without a finite loss do not count."""
        values = torch.stack([getattr(losses, name).detach() for name in self.NAMES], dim=1)
        counted = torch.cat([values, torch.ones_like(values[:, :1])], dim=1)
        finite = values.isfinite().all(dim=1, keepdim=True)
        self._sums.index_add_(0, rows, torch.where(finite, counted, 0.0))

    def take(self) -> dict[str, float]:
        """Averages over all processes and the pace since the last call, then start anew."""
        if dist.is_initialized():
            dist.all_reduce(self._sums)
        sums = self._sums.cpu()
        seconds = time.perf_counter() - self._started
        count = float(sums[:, -1].sum())
        self.overall = dict(zip(self.NAMES, (sums[:, :-1].sum(0) / count).tolist(), strict=True)) if count else {}
        self.styles = [
            dict(zip(self.NAMES, (row[:-1] / row[-1]).tolist(), strict=True)) if row[-1] else {} for row in sums
        ]
        pace = {"images_per_second": count / seconds, "waiting_for_data": self._waited / seconds}
        self._sums.zero_()
        self._started, self._waited = time.perf_counter(), 0.0
        return {**self.overall, **pace}


def _revision() -> str:
    """The commit this code is of, "+" when it was changed since, or "unknown"."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=12", "--dirty=+"]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
