"""What is made of an exemplar: from pictures to a picture, as commands and jobs make it.

A plan is how: it says to what sizes its pictures are reduced, whether they will do, and makes one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from impasto.model.exemplar import cost
from impasto.model.exemplar.analogies import analogy, check_pair
from impasto.model.exemplar.coherence import cohere
from impasto.model.exemplar.config import (
    AnalogyConfig,
    MethodConfig,
    QuiltingConfig,
    SamplingConfig,
    TransferConfig,
)
from impasto.model.exemplar.cost import Size
from impasto.model.exemplar.exemplar import Exemplar, Show, check_size, rearranged
from impasto.model.exemplar.quilting import quilt, transfer
from impasto.model.exemplar.sampling import sample
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.picture import Picture


class Plan(Protocol):
    """How a picture is made of others. Pictures and their sizes are in the order in which `at_most` has them."""

    @property
    def at_most(self) -> tuple[int, ...]:
        """Longest sides in pixels to which each of the pictures is reduced."""

    def made(self, sizes: Sequence[Size]) -> Size:
        """The size of what is made of pictures of those sizes."""

    def seconds(self, sizes: Sequence[Size]) -> float:
        """What it takes, roughly, as `cost` has it."""

    def check(self, pictures: Sequence[Picture]) -> None:
        """Raises NoWindow, InvalidValue where nothing can be made."""

    def make(self, pictures: Sequence[Picture], show: Show = lambda share: None) -> Picture:
        """The picture. Raises as `check` does."""


@dataclass(frozen=True)
class TexturePlan:
    """A texture of an exemplar."""

    height: int
    width: int
    config: MethodConfig
    seed: int = 0

    @property
    def at_most(self) -> tuple[int, ...]:
        return (self.config.size,)

    def made(self, sizes: Sequence[Size]) -> Size:
        return self.height, self.width

    def seconds(self, sizes: Sequence[Size]) -> float:
        return cost.of_texture(sizes[0], (self.height, self.width), self.config)

    def check(self, pictures: Sequence[Picture]) -> None:
        check_size(self.height, self.width)
        looked_at = self.config.block if isinstance(self.config, QuiltingConfig) else self.config.window
        Exemplar.of(pictures[0]).windows(looked_at)

    def make(self, pictures: Sequence[Picture], show: Show = lambda share: None) -> Picture:
        (picture,) = pictures
        exemplar, size, seed = Exemplar.of(picture), (self.height, self.width), self.seed
        if isinstance(self.config, QuiltingConfig):
            found = quilt(exemplar, *size, self.config, seed=seed, show=show)
        elif isinstance(self.config, SamplingConfig):
            found = sample(exemplar, *size, self.config, seed=seed, show=show)
        else:
            found = cohere(exemplar, *size, self.config, seed=seed, show=show)
        return rearranged(picture, found)


@dataclass(frozen=True)
class TransferPlan:
    """A photo, the first of the pictures, of pieces of a texture."""

    config: TransferConfig
    seed: int = 0

    @property
    def at_most(self) -> tuple[int, ...]:
        return self.config.size, self.config.texture_size

    def made(self, sizes: Sequence[Size]) -> Size:
        return sizes[0]

    def seconds(self, sizes: Sequence[Size]) -> float:
        photo, texture = sizes
        return cost.of_transfer(texture, photo, self.config)

    def check(self, pictures: Sequence[Picture]) -> None:
        Exemplar.of(pictures[1]).windows(self.config.block)

    def make(self, pictures: Sequence[Picture], show: Show = lambda share: None) -> Picture:
        photo, texture = pictures
        found = transfer(Exemplar.of(texture), photo.on_white().rgb, self.config, seed=self.seed, show=show)
        return rearranged(texture, found)


@dataclass(frozen=True)
class AnalogyPlan:
    """What is to B as A′ is to A, of A, A′ and B.

    keep_color: whether only brightness is that of A′, and the colours are those of B.
    """

    config: AnalogyConfig
    keep_color: bool = False

    @property
    def at_most(self) -> tuple[int, ...]:
        return (self.config.size,) * 3

    def made(self, sizes: Sequence[Size]) -> Size:
        return sizes[2]

    def seconds(self, sizes: Sequence[Size]) -> float:
        a, _, b = sizes
        return cost.of_analogy(a, b, self.config)

    def check(self, pictures: Sequence[Picture]) -> None:
        a, a_prime, _ = pictures
        check_pair(a.pixels.shape[:2], a_prime.pixels.shape[:2])

    def make(self, pictures: Sequence[Picture], show: Show = lambda share: None) -> Picture:
        a, a_prime, b = (picture.on_white().rgb for picture in pictures)
        made = rearranged(pictures[1], analogy(a, a_prime, b, self.config, show=show))
        return made.with_rgb(keep_color(made.rgb, b)) if self.keep_color else made
