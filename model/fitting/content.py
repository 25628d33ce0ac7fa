"""The photos that a style is fitted on: those of a folder, or the five that come with Impasto.

A fit needs few: on the five it ends as near to a painting, on photos it never saw, as on 32 of a large
collection (`docs/styles.md`). They are, from the packages scikit-image and matplotlib: an astronaut and a
rocket (NASA, SpaceX), an admiral (US Navy), a cup of coffee (Rachel Michetti) and a cat (Stéfan van der Walt),
all in the public domain or CC0.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from impasto.model.pictures import images
from impasto.model.pictures.photos import Samples

SHIPPED = Path(__file__).parent / "photos"


def crops(folder: Path | None = None, *, count: int = 16, side: int = 256, seed: int = 0) -> Tensor:
    """Random crops of the photos in a folder, (count, 3, side, side) in [0, 1]; None: of the shipped ones.

    Photos take turns. Raises NoImages for a folder without a usable one.
    """
    samples = Samples(images.files_in(folder or SHIPPED), styles=1, crop=side, seed=seed)
    return torch.stack([samples[n][0] for n in range(count)])
