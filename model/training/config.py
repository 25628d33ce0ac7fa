"""What can be chosen of a training, and of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from impasto.model.errors import InvalidValue
from impasto.model.network.config import SHIPPED, SMALLEST_SIDE, NetworkConfig
from impasto.model.perception.config import BalanceConfig, ObjectiveConfig


@dataclass(frozen=True)
class TeachingConfig:
    """How a network learns from another one's paintings, if it has a teacher."""

    weight: float = 1e6
    """Weight of the mean absolute difference of the pixels, beside the losses of perception."""
    blends: float = 0.5
    """Share of the images that are painted in blends of two styles, for which there is the teacher alone."""
    judged: float = 0.5
    """Share of the images for which the losses of perception are computed too."""

    def __post_init__(self) -> None:
        if not (self.weight >= 0 <= self.blends <= 1 >= self.judged >= 0 and self.blends + self.judged <= 1):
            raise InvalidValue("teaching: weight is at least 0; blends and judged are shares, at most 1 together")


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides what a run learns; it is written into the checkpoint."""

    steps: int = 40_000
    """Updates of the network."""
    batch: int = 16
    """Images an update, over all processes."""
    crop: int = 256
    """Side in pixels of the square crops of photos."""
    learning_rate: float = 1e-3
    """Adam's step size for the convolutions."""
    style_learning_rate: float = 5e-3
    """Adam's step size for the style vectors. The paper has one rate for both; a style is drawn only
    once in N images, and γ and β, which start at 1 and 0, have far to go."""
    cooldown: float = 0.25
    """Last share of the steps, in which both rates fall linearly to zero."""
    gradient_clip: float = 1e6
    """Norm to which larger gradients are cut."""
    held_out: int = 24
    """Photos kept out of training, for previews and evaluation; those first that were kept out of the training that
    this one starts from."""
    seed: int = 0
    """Of the weights at the start, the order of the photos, the crops and the styles."""
    painted_over: float = 0.0
    """Share of the steps in which crops are painted coarse to fine, as large photos are: at half the size first, and
    then over that."""
    varied: float = 0.0
    """Share of the crops that stand in another light: darker or lighter, more colourful, less, or in grey."""
    average: float = 0.999
    """Of the moving average of the weights, which is what a run gives: how much of it stays at every step."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Widths and depth of the network."""
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    """Losses and their targets."""
    balance: BalanceConfig = field(default_factory=BalanceConfig)
    """How strongly each style is applied."""
    teaching: TeachingConfig = field(default_factory=TeachingConfig)
    """What is learned from a teacher."""

    def __post_init__(self) -> None:
        if min(self.steps, self.batch) < 1 or self.crop < SMALLEST_SIDE:
            raise InvalidValue(f"steps and batch are at least 1, crop is at least {SMALLEST_SIDE} pixels")
        if not (0 <= self.painted_over <= 1 >= self.varied >= 0 and 0 <= self.average < 1):
            raise InvalidValue("painted-over and varied are shares, from 0 to 1, and average at least 0 and below 1")
        if self.painted_over and self.crop < 2 * SMALLEST_SIDE:
            raise InvalidValue(f"crops under {2 * SMALLEST_SIDE} pixels cannot be painted over; set painted-over to 0")


@dataclass(frozen=True)
class PredictionConfig:
    """Everything that decides what a predictor of styles learns; it is written into its file."""

    steps: int = 6_000
    """Updates of the predictor."""
    batch: int = 4
    """Images an update."""
    crop: int = 128
    """Side in pixels of the square crops of photos that are painted."""
    learning_rate: float = 1e-3
    """Adam's step size, for both maps."""
    cooldown: float = 0.5
    """Last share of the steps, in which it falls linearly to zero."""
    gradient_clip: float = 1e6
    """Norm to which larger gradients are cut."""
    pictures: int = 2_048
    """Pictures whose styles are learned; what is kept of each takes 0.7 MB of memory, and of the output folder."""
    side: int = 256
    """Their sides in pixels."""
    held_out: int | tuple[str, ...] = 6
    """Paintings kept out, with everything that would be made of them: how many, chosen by the seed, or their ids."""
    seed: int = 0
    """Of which paintings are kept out, the pictures that are made of the others, the crops and their order."""

    def __post_init__(self) -> None:
        if min(self.steps, self.batch, self.pictures) < 1 or min(self.crop, self.side) < SMALLEST_SIDE:
            raise InvalidValue(
                f"steps, batch and pictures are at least 1, crop and side at least {SMALLEST_SIDE} pixels"
            )


@dataclass(frozen=True, kw_only=True)
class PlaceConfig:
    """How a run uses the machine, and how often it writes: none of it changes what is learned."""

    device: str = "auto"
    """auto, cpu, cuda, cuda:1, ..."""
    compile: bool = True
    """Compile the network where bfloat16 is native; needs a C++ compiler on a CPU."""
    workers: int = 2
    """Processes that decode pictures."""
    log_every: int = 50
    """Steps between two lines of metrics."""
    save_every: int = 250
    """Steps between two saved states."""
    preview_every: int = 500
    """Steps between two previews."""

    def __post_init__(self) -> None:
        if min(self.log_every, self.save_every, self.preview_every) < 1:
            raise InvalidValue("log-every, save-every and preview-every are at least 1 step")


@dataclass(frozen=True)
class RunConfig(PlaceConfig):
    """Where a training of a network reads and writes."""

    styles: Path
    """Folder of paintings, one style each; styles.csv in it or beside it names them."""
    content: Path
    """Folder of photos."""
    output: Path
    """Folder of the run: state, checkpoint, metrics.jsonl, previews. A run found there is resumed."""
    start_from: Path | None = None
    """Checkpoint whose network and styles (matched by id) a new run starts from."""
    teacher: Path | None = None
    """Checkpoint whose paintings in the same styles, and in blends of them, the network learns to paint."""


@dataclass(frozen=True)
class PredictionRunConfig(PlaceConfig):
    """Where a training of a predictor reads and writes."""

    styles: Path
    """Folder of the paintings that the network paints like."""
    content: Path
    """Folder of photos."""
    output: Path
    """Folder of the run: state, predictor, metrics.jsonl, previews. A run found there is resumed."""
    checkpoint: Path = SHIPPED
    """The network, which stays as it is."""
