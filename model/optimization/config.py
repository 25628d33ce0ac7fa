"""What can be chosen of a picture by optimisation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from impasto.model.errors import InvalidValue
from impasto.model.perception.config import LossNetworkName, Pooling

Optimizer = Literal["lbfgs", "adam", "gradient"]
"""lbfgs: second-order steps, as Gatys et al. take them. adam: less memory. gradient: steps of a fixed mean size within
[0, 1], as in Deep Dream."""

RATES: dict[Optimizer, float] = {"lbfgs": 1.0, "adam": 0.02, "gradient": 0.006}
"""Default size of a step: for L-BFGS a factor, else in values of [0, 1]."""


@dataclass(frozen=True)
class Stop:
    """When a descent ends: at the first of these."""

    steps: int = 300
    """Steps."""
    seconds: float | None = None
    """Seconds."""
    settled: float | None = None
    """Share of the loss that 25 steps must gain at least."""

    def __post_init__(self) -> None:
        if self.steps < 1 or not all(value is None or value > 0 for value in (self.seconds, self.settled)):
            raise InvalidValue("steps are at least 1, seconds and settled above 0")


NetworkName = Literal["vgg16", "vgg19", "googlenet", "inception_v3"]
"""Of a network. Those of Inception have other layers, and were what Deep Dream was first seen in."""

FeaturePrecision = Literal["auto", "float32", "bfloat16"]

Start = Literal["photo", "painting", "noise"]

Method = Literal["gram", "mrf", "neighbors"]
"""What makes a picture like a painting. gram: its features are correlated as the painting's (Gatys et al., 2016).
mrf: patches of its features are patches of the painting's (Li, Wand, 2016). neighbors: each place is, to many layers
at once, as some place of the painting is (Kolkin et al., 2022)."""

STYLE_LAYERS: dict[Method, tuple[str, ...]] = {
    "gram": ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
    "mrf": ("relu3_1", "relu4_1"),
    "neighbors": (
        *("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3"),
        *("relu4_1", "relu4_2", "relu4_3"),
    ),
}
"""Layers in which each compares, as the papers have them."""


@dataclass(frozen=True)
class TransferConfig:
    """What is minimised, and how. Layers and networks are the papers' but for VGG-16 in place of 19."""

    method: Method = "gram"
    """gram, mrf or neighbors: what makes the picture like the painting."""
    size: int | None = None
    """Longest side of the picture in pixels. None: the photo's own."""
    network: LossNetworkName = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average, which the paper finds more pleasing, or max, as it was trained."""
    content_layers: tuple[str, ...] = ("relu4_2",)
    """Layers in which the picture should equal the photo, as LAYER or LAYER=WEIGHT; without weights, equal shares. Of
    neighbors, none."""
    style_layers: tuple[str, ...] = ()
    """Layers in which it should be like the painting, in the same way. Default: the method's own."""
    content_weight: float = 1.0
    """α, of the content loss."""
    style_weight: float = 10.0
    """β, of the style loss."""
    variation_weight: float = 1.0
    """Of the total variation, which smooths."""
    variation_exponent: float = 1.0
    """Of the total variation: 1 blurs, less keeps edges."""
    photo_share: float = 0.75
    """Of neighbors: how much of the photo there is in what neighbours are sought for, beside the picture so far."""
    start: Start = "photo"
    """What the picture is at first: photo, painting (the first of several) or noise."""
    seed: int = 0
    """Of the noise."""
    style_scale: float = 1.0
    """Size of the painting, and so of its strokes, relative to the picture's."""
    sizes: int | None = None
    """Sizes from coarse to fine, each twice the one before. None: as many as begin at about 384 pixels; of mrf
    at 96 and of neighbors at 64, where shapes change too."""
    preserve_color: bool = False
    """Keep the photo's colours."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    rate: float | None = None
    """Size of a step: of L-BFGS a factor, 1 by default; of Adam in values of [0, 1], 0.02."""
    precision: FeaturePrecision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, at the coarsest size; each finer one has half the steps of the one before."""

    @property
    def layers(self) -> tuple[str, ...]:
        """The style layers that were chosen, or else the method's own."""
        return self.style_layers or STYLE_LAYERS[self.method]

    def __post_init__(self) -> None:
        if not all(0 <= weight < math.inf for weight in (self.content_weight, self.style_weight)):
            raise InvalidValue("content-weight and style-weight are numbers of at least 0")
        if not 0 < self.style_scale < math.inf:
            raise InvalidValue("style-scale is a number above 0")
        if not (0 <= self.variation_weight < math.inf and 0 < self.variation_exponent < math.inf):
            raise InvalidValue("variation-weight is a number of at least 0, and variation-exponent one above 0")
        if not 0 <= self.photo_share <= 1:
            raise InvalidValue("photo-share is a number from 0 to 1")


@dataclass(frozen=True)
class TextureConfig:
    """What is minimised, and how."""

    width: int = 512
    """Pixels of the texture."""
    height: int = 512
    network: LossNetworkName = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average or max."""
    layers: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    """Layers in whose Gram matrices the texture should equal the painting, as LAYER or LAYER=WEIGHT; without weights,
    equal shares."""
    painting_size: int = 512
    """Longest side in pixels at which the painting is looked at, and so the size of what is repeated."""
    sizes: int | None = None
    """Sizes from coarse to fine, each twice the one before. None: as many as begin at about 128 pixels."""
    seed: int = 0
    """Of the noise that it begins as."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    precision: FeaturePrecision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, at the coarsest size; each finer one has half the steps of the one before."""


@dataclass(frozen=True)
class ReconstructionConfig:
    """What is minimised, and how."""

    size: int = 256
    """Pixels a side: the middle of the picture."""
    network: LossNetworkName = "vgg16"
    """The loss network: vgg16 or vgg19."""
    pooling: Pooling = "average"
    """Of the loss network: average or max."""
    variation_weight: float = 0.0
    """Of the total variation. Deep layers do not see noise, and leave it in the picture without."""
    variation_exponent: float = 1.0
    """Of the total variation: 1 blurs, less keeps edges."""
    seed: int = 0
    """Of the noise that it begins as."""
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    """lbfgs or adam."""
    precision: FeaturePrecision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=Stop)
    """When to stop, each picture."""


@dataclass(frozen=True)
class DreamConfig:
    """What is maximised, and how."""

    size: int | None = None
    """Longest side of the picture in pixels. None: the photo's own."""
    network: NetworkName = "vgg16"
    """vgg16, vgg19, googlenet (the first one's) or inception_v3."""
    layer: str = "relu4_3"
    """Layer whose activations grow: of VGG "relu5_1", say, of Inception "inception4c" or "Mixed_5d"."""
    channel: int | None = None
    """Only this channel of it. None: whatever it sees."""
    pooling: Pooling = "max"
    """Of VGG: max, as it was trained, or average."""
    octaves: int = 4
    """Sizes from coarse to fine."""
    octave_ratio: float = 1.4
    """How much larger each is than the one before."""
    jitter: int = 16
    """Pixels by which the image is shifted at the most."""
    seed: int = 0
    """Of the shifts."""
    rate: float = RATES["gradient"]
    """Mean change of a value by a step."""
    precision: FeaturePrecision = "auto"
    """Of the features: float32, or bfloat16, which "auto" takes where hardware has it."""
    stop: Stop = field(default_factory=lambda: Stop(steps=10))
    """When to leave an octave."""

    def __post_init__(self) -> None:
        if self.jitter < 0:
            raise InvalidValue("jitter is at least 0")
