"""What can be chosen of what is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from impasto.model.errors import InvalidValue

LossNetworkName = Literal["vgg16", "vgg19"]
"""Of ARCHITECTURES."""

Pooling = Literal["average", "max"]

SMALLEST_PAINTING = 32
"""Pixels of a painting's shorter side, below which the deepest features of the loss network are a handful."""


@dataclass(frozen=True)
class ObjectiveConfig:
    """Layers, scales and targets of the losses; defaults are the paper's except where said."""

    content_layer: str = "relu3_3"
    """Activation of VGG-16 in which the painted picture should equal the photo."""
    style_layers: tuple[str, ...] = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
    """Activations of VGG-16 whose Gram matrices should equal the painting's."""
    content_weight: float = 1.0
    """Weight of the content loss."""
    style_weights: tuple[float, ...] = (1e-4, 1e-4, 5e-5, 2e-5)
    """Weight of the style loss of each of these layers. The paper has 1e-4 for all; the deeper two
    see what the content layer sees, and from the start drown the photo before the network has learned
    to show it. A second run, started from the first, can weigh them more."""
    total_variation_weight: float = 0.0
    """Weight of the total variation of the painted picture."""
    color_variation_weight: float = 1e6
    """Weight of the variation of its colours alone, see `color_variation`. The paper has none; with it,
    diagonals of red and green vanish within 200 steps, and nothing else changes."""
    grid_weight: float = 2e4
    """Weight of the share of its detail that repeats with the pixel grid, see `grid_energy`. The paper has none; with
    it, that share is the photos' after some hundred steps."""
    line_weight: float = 150.0
    """Weight of regular fine lines in it, see `line_energy`. The paper has none; with it, they sink
    from 26 to 1 within 3,000 pictures (photos: 0.1), and nothing else changes."""
    gram_energy: float | None = 7.5e8
    """Scale every painting's style loss, layer by layer, as if the mean square of its Gram matrix
    were this. Plain losses (None, as in the paper) apply a painting as strongly as its contrast
    happens to be, which differs by a factor of 40, and hear nearly nothing but relu2_2."""
    pooling: Pooling = "average"
    """Pooling of the loss network."""
    painting_size: int = 512
    """Shorter side in pixels at which the paintings are measured: how coarse strokes become."""
    painting_sizes: Mapping[str, int] = field(default_factory=dict)
    """Of some paintings, by the id of their style, another one: smaller where what makes them themselves is larger
    than the network sees."""

    def __post_init__(self) -> None:
        if min([self.painting_size, *self.painting_sizes.values()]) < SMALLEST_PAINTING:
            raise InvalidValue(f"paintings are looked at in sizes of at least {SMALLEST_PAINTING} pixels")

    def size_of(self, style_id: str) -> int:
        """Shorter side in pixels at which a painting is measured."""
        return self.painting_sizes.get(style_id, self.painting_size)


@dataclass(frozen=True)
class BalanceConfig:
    """Where each style should end, and how fast its weight follows.

    A style is applied more strongly while its pictures are too far from the painting, and less once
    they are near enough or have lost too much of the photo.
    """

    remaining: float = 0.2
    """Distance D of a style's pictures that is near enough, as a share of the untouched photos' distance."""
    distance: float = 1.0
    """Distance D that must be reached even where the photos are so far that a share of it is easy."""
    content_error: float = 1.15
    """Content error C that is too much."""
    rate: float = 0.3
    """How fast: every so many pictures, a style's weight is multiplied by what is missing, to this power. 0: never."""
    pictures: int = 8
    """Pictures of a style over which C and D are averaged."""
    largest: float = 8.0
    """Factor, up or down, by which weights may differ from equal ones."""

    def __post_init__(self) -> None:
        if min(self.remaining, self.distance, self.content_error) <= 0 or self.pictures < 1 or self.largest < 1:
            raise InvalidValue(
                "balance: remaining, distance and content-error are above 0, pictures and largest at least 1"
            )
