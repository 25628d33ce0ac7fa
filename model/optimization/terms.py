"""What an image is changed for: a weighted sum of terms, each of its features or of its pixels.

Which terms make which picture is said where the picture is made (`style_transfer.py`, `reconstruction.py`,
`texture.py`, `deep_dream.py`); how the image gets there, in `descent.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from impasto.model.errors import InvalidValue
from impasto.model.native.building import cpp_compiler
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.schedule import SMALLEST, Stage
from impasto.model.perception.losses import gram, relative_error, total_variation
from impasto.model.pictures.images import TooSmall, scaled
from impasto.model.pictures.resize import fit

COMPILED_FROM = 50e6
"""Pixels × steps from which compiling pays: it takes half a minute, once a size, and then nearly halves each step."""
COMPILED_FROM_SECONDS = 120.0
"""The same for a stage that has only so many seconds."""


class Term(Protocol):
    """A part of an objective."""

    name: ClassVar[str]
    """Under which its loss is reported, added to those of the same name."""

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        """Weighted loss, a scalar, of an image (1, 3, H, W) in [0, 1] and its features by layer."""
        ...


@dataclass(frozen=True, eq=False)
class ContentTerm:
    """weight · ‖F(y) − F(x)‖² / ‖F(x)‖² at a layer: what is where (Gatys et al., CVPR 2016, eq. 1).

    target: F(x), (1, C, H', W'), float32. The paper has ½ ‖F(y) − F(x)‖², whose size depends on the layer and the
    photo; relative to the photo's own, weights mean the same everywhere.
    """

    layer: str
    target: Tensor
    weight: float = 1.0
    name: ClassVar[str] = "content"

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return self.weight * relative_error(features[self.layer].to(self.target.dtype), self.target).sum()


@dataclass(frozen=True, eq=False)
class StyleTerm:
    """weight · Σ share · ‖G(y) − G(s)‖² / ‖G(s)‖² over paintings s, at a layer: how it is painted (eq. 3 to 5).

    grams: of the paintings, (P, C, C), float32. shares: of the paintings, (P,). The paper has
    ‖G(y) − G(s)‖² / (4 N² M²); relative to the painting's own, every painting counts as much as its share.
    """

    layer: str
    grams: Tensor
    shares: Tensor
    weight: float = 1.0
    name: ClassVar[str] = "style"

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        distances = relative_error(gram(features[self.layer]).expand_as(self.grams), self.grams)
        return self.weight * (self.shares * distances).sum()


@dataclass(frozen=True)
class VariationTerm:
    """weight · mean of ((Δh)² + (Δw)²)^exponent, see `total_variation`: how rough it is."""

    weight: float
    exponent: float = 1.0
    name: ClassVar[str] = "variation"

    def __post_init__(self) -> None:
        if not (0 <= self.weight < math.inf and 0 < self.exponent < math.inf):
            raise InvalidValue("the variation's weight is a number of at least 0, and its exponent one above 0")

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return self.weight * total_variation(image, self.exponent).sum()


@dataclass(frozen=True)
class RangeTerm:
    """weight · mean of the squared distance from [0, 1]: how much would be cut off when it is shown.

    No paper has it: without, a loss was 0.69 of the image, and 0.98 of what is left of it as a picture.
    """

    weight: float = 1000.0
    name: ClassVar[str] = "range"

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return self.weight * (image - image.clamp(0, 1)).square().mean()


@dataclass(frozen=True)
class ActivationTerm:
    """−½ mean F(y)² at a layer, or −mean F(y) of one of its channels: what the network sees in it.

    A. Mordvintsev, C. Olah, M. Tyka, "Inceptionism", 2015. Raises InvalidValue for a channel that is not there.
    """

    layer: str
    channel: int | None = None
    name: ClassVar[str] = "activation"

    def __call__(self, image: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        seen = features[self.layer]
        seen = seen.to(torch.promote_types(seen.dtype, torch.float32))
        if self.channel is None:
            return -seen.square().mean() / 2
        if not 0 <= self.channel < seen.shape[1]:
            raise InvalidValue(f"{self.layer} has channels 0 to {seen.shape[1] - 1}, not {self.channel}")
        return -seen[:, self.channel].mean()


def check_painting(network: nn.Module, painting: Tensor, coarsest: int, finest: int, device: torch.device) -> None:
    """Check that a painting (3, H, W) can be looked at with longer sides of `coarsest` to `finest` pixels.

    Raises TooSmall for less than a loss network can see, TooLarge for more than fits into memory.
    """
    shape = painting.shape[1], painting.shape[2]
    if (shortest := min(scaled(shape, coarsest))) < SMALLEST:
        raise TooSmall(
            f"the painting would be looked at with a shorter side of {shortest} pixels, and {SMALLEST} are needed: "
            "choose a larger scale or size of the painting, a larger picture, or fewer sizes"
        )
    check_memory(network, scaled(shape, finest), None, device, what="the painting")


@torch.no_grad()
def painting_grams(network: nn.Module, painting: Tensor, longest_side: int, device: torch.device) -> dict[str, Tensor]:
    """Gram matrices (1, C, C) by layer of a painting (3, H, W), looked at with a longer side of so many pixels."""
    features = network(fit(painting, longest_side)[None].to(device))
    return {layer: gram(values) for layer, values in features.items()}


def summed(terms: Iterable[Term], variable: Tensor, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sum of each kind of term, scalars, for what has these features."""
    losses: dict[str, Tensor] = {}
    for term in terms:
        loss = term(variable, features)
        losses[term.name] = losses[term.name] + loss if term.name in losses else loss
    return losses


class ImageLoss(nn.Module):
    """The losses of one image.

    network: (1, 3, H, W) in [0, 1] -> features by layer, which the terms name.
    """

    def __init__(self, network: nn.Module, terms: Sequence[Term]) -> None:
        super().__init__()
        self.network = network
        self.terms = list(terms)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(1, 3, H, W) in [0, 1] -> the sum of each kind of term, scalars."""
        return summed(self.terms, image, self.network(image.contiguous(memory_format=torch.channels_last)))

    def compiled_for(self, stage: Stage) -> ImageLoss:
        """The same objective, compiled if that pays at this stage.

        It does where hardware multiplies bfloat16: elsewhere the convolutions take all the time. Where compiling
        fails, PyTorch warns and goes on without.
        """
        height, width = stage.size
        fast = next(self.network.parameters()).dtype == torch.bfloat16
        long = height * width * stage.stop.steps >= COMPILED_FROM
        patient = stage.stop.seconds is None or stage.stop.seconds >= COMPILED_FROM_SECONDS
        if fast and long and patient and cpp_compiler():
            torch._dynamo.config.suppress_errors = True
            self.compile()
        return self
