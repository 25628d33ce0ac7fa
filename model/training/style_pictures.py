"""Pictures whose styles a predictor learns: paintings in many guises, textures, photos.

A few dozen paintings are too few to learn from what paintings have in common. Their crops are many; with other colours
each is another style, and what is neither, a texture that is computed or a photo, widens the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from torchvision.transforms.v2 import functional as transforms

from impasto.model.photorealism.grading import transport
from impasto.model.pictures.photos import Samples
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import resize

KINDS = ("painting", "recolored", "exchanged", "texture", "photo")
"""A painting as it is; in another hue, saturation and brightness; in the colours of another one; a texture; a photo."""
TURNS = (0, 1, 2, 0, 4, 1, 2, 3)
"""Kinds of eight pictures that follow one another."""
LARGEST = 2.5
"""Times the side of a crop that a painting's shorter side is at the most."""


class StylePictures(Dataset[Tensor]):
    """An endless sequence of pictures (3, S, S) in [0, 1], each a pure function of the seed and its number.

    paintings: (3, H, W) in [0, 1] each. photos: files.
    """

    def __init__(self, paintings: Sequence[Tensor], photos: Sequence[Path], *, side: int, seed: int) -> None:
        self.paintings = [resize(painting, round(LARGEST * side)) for painting in paintings]
        self._photos = Samples(photos, styles=1, crop=side, seed=seed)
        self._side, self._seed = side, seed

    def kind(self, n: int) -> int:
        """Of KINDS, which one the n-th picture is."""
        return TURNS[n % len(TURNS)]

    def painting(self, n: int) -> int:
        """The row of the painting that the n-th picture is made of, if it is made of one."""
        return int(self._random(n).integers(len(self.paintings)))

    def __getitem__(self, n: int) -> Tensor:
        kind, random = KINDS[self.kind(n)], self._random(n)
        if kind == "photo":
            return self._photos[n][0]
        if kind == "texture":
            return texture(self._side, random)
        picture = self._crop(self.paintings[random.integers(len(self.paintings))], random)
        if kind == "recolored":
            picture = recolored(picture, random)
        if kind == "exchanged":
            picture = in_colors_of(picture, self.paintings[random.integers(len(self.paintings))])
        return picture

    def _random(self, n: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, n))

    def _crop(self, painting: Tensor, random: np.random.Generator) -> Tensor:
        """A square of a painting that is as large as its shorter side or less, mirrored or not."""
        side = self._side
        rgb = resize(painting, round(side * LARGEST ** random.random()))
        top, left = (int(random.integers(0, length - side, endpoint=True)) for length in rgb.shape[1:])
        crop = rgb[:, top : top + side, left : left + side]
        return crop.flip(2) if random.random() < 0.5 else crop.clone()


def recolored(rgb: Tensor, random: np.random.Generator) -> Tensor:
    """A picture (3, H, W) in [0, 1] in other hues, more or less colourful, darker or lighter."""
    rgb = transforms.adjust_hue(rgb, random.uniform(-0.5, 0.5))
    rgb = transforms.adjust_saturation(rgb, random.uniform(0.3, 1.7))
    result: Tensor = transforms.adjust_brightness(rgb, random.uniform(0.5, 1.5))
    return result


def in_colors_of(rgb: Tensor, other: Tensor) -> Tensor:
    """A picture (3, H, W) in [0, 1] whose colours have mean and covariance of another's, as nearly as `transport`."""
    (mean, covariance), (wanted_mean, wanted) = _colors(rgb), _colors(other)
    moved = transport(covariance, wanted).float() @ (rgb.flatten(1) - mean.float()) + wanted_mean.float()
    return moved.reshape(rgb.shape).clamp(0, 1)


def texture(side: int, random: np.random.Generator) -> Tensor:
    """(3, S, S) in [0, 1]: a field of noise, patches or waves, stretched in some direction, in a few random colours."""
    field = torch.zeros(side, side)
    stretch = 4 ** random.uniform(-1, 1)  # how much longer than wide its strokes are
    for octave in range(int(random.integers(1, 5)), 8):
        rows, columns = (max(2, min(side, round(2**octave * factor))) for factor in (stretch, 1 / stretch))
        noise = torch.from_numpy(random.standard_normal((1, 1, rows, columns), dtype=np.float32))
        field += random.uniform(0, 1) * 2 ** (-0.8 * octave) * resample(noise, (side, side))[0, 0]
    y, x = (axis / side for axis in torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"))
    field = field / field.std().clamp_min(1e-6) + random.uniform(0, 8) * x + random.uniform(0, 8) * y
    if random.random() < 0.5:
        field = (field * random.uniform(1, 8)).sin()
    levels = (field - field.min()) / (field.max() - field.min()).clamp_min(1e-6)
    palette = torch.from_numpy(random.random((int(random.integers(2, 7)), 3), dtype=np.float32))
    place = levels * (len(palette) - 1)
    below = place.floor().long().clamp(max=len(palette) - 2)
    sharp = random.uniform(1, 12)  # from shades to patches with hard edges
    share = ((place - below - 0.5) * sharp + 0.5).clamp(0, 1)[..., None]
    return torch.lerp(palette[below], palette[below + 1], share).permute(2, 0, 1).contiguous()


def _colors(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (3, 1) and covariance (3, 3) of a picture's colours, float64."""
    colors = rgb.flatten(1).double()
    return colors.mean(dim=1, keepdim=True), colors.cov()
