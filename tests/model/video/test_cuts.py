from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from impasto.model.video.cuts import histogram, is_cut
from tests.films import panned


def cut(before: Tensor, after: Tensor) -> bool:
    return is_cut(histogram(before), histogram(after))


def test_a_pan_is_no_cut() -> None:
    frames = panned(10, step=6)
    assert not any(cut(before, after) for before, after in pairwise(frames))


def test_another_scene_is_a_cut() -> None:
    (frame,) = panned(1)
    assert cut(frame, 255 - frame)


def test_noise_and_a_little_light_are_no_cut() -> None:
    (frame,) = panned(1)
    random = torch.Generator().manual_seed(0)
    noisy = (frame + torch.randn(frame.shape, generator=random) * 4 + 6).clamp(0, 255).byte()
    assert not cut(frame, noisy)
