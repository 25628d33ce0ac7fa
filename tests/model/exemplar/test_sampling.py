"""Sampling: what repeats is repeated."""

from __future__ import annotations

import torch

from impasto.model.exemplar.config import SamplingConfig
from impasto.model.exemplar.exemplar import Exemplar, assembled
from impasto.model.exemplar.sampling import sample
from tests.model.exemplar.exemplars import noise


def test_a_texture_that_repeats_is_continued_around_its_beginning() -> None:
    exemplar = Exemplar(noise(5, 6).repeat(1, 4, 4))
    made = assembled(exemplar.pixels, sample(exemplar, 33, 40, SamplingConfig(window=5)))
    assert torch.equal(made[5:], made[:-5]) and torch.equal(made[:, 6:], made[:, :-6])


def test_it_grows_around_pixels_that_lie_together_in_the_exemplar() -> None:
    exemplar = Exemplar(noise(20, 20))
    found = sample(exemplar, 21, 21, SamplingConfig(window=5))
    middle = found[9:12, 9:12]
    assert torch.equal(middle - middle[0, 0], torch.cartesian_prod(torch.arange(3), torch.arange(3)).view(3, 3, 2))
