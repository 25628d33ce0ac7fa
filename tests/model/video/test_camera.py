"""How a camera moves, as it is found in its frames."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.model.pictures.resize import resize
from impasto.model.video.affine import Affine, in_pixels, inverse
from impasto.model.video.camera import Camera
from impasto.scripts.studies.motions import Moving, filmed
from tests.films import panned

SIZE = 160, 96


def scene() -> Tensor:
    return resize(torch.rand(3, 30, 40, generator=torch.Generator().manual_seed(0)), 240)


def found(before: Tensor, after: Tensor) -> Affine:
    camera = Camera()
    assert (camera.next(before) == np.eye(3)).all()
    return in_pixels(camera.next(after), *after.shape[:2])


def exactly(film: Moving) -> Affine:
    """The map of which a film's move consists: from its second frame to its first."""
    where = film.moves[0][0].numpy()
    origin, right, below = where[0, 0], where[0, 1], where[1, 0]
    there = np.array([[*(right - origin), 0], [*(below - origin), 0], [*origin, 1]], np.float64).T
    return inverse(there)


@pytest.mark.parametrize(
    ("scale", "degrees", "x", "y"),
    [(1.0, 0.0, 2.3, 0.7), (0.99, 0.0, 0.0, 0.0), (1.02, 1.5, -1.0, 3.0)],
    ids=["pan", "zoom", "all at once"],
)
def test_how_a_camera_moves_is_found_to_a_tenth_of_a_pixel(scale: float, degrees: float, x: float, y: float) -> None:
    film = filmed(scene(), SIZE, 2, lambda t: (scale**t, degrees * t, x * t, y * t))
    corners = np.array([[0, SIZE[0], 0, SIZE[0]], [0, 0, SIZE[1], SIZE[1]], [1, 1, 1, 1]])
    apart = (found(*film.frames) - exactly(film)) @ corners
    assert np.abs(apart).max() < 0.1


def test_large_frames_are_looked_at_small() -> None:
    before, after = panned(2, height=720, width=1280, step=12)
    assert found(before, after) == pytest.approx(np.array([[1, 0, 12], [0, 1, 0], [0, 0, 1]]), abs=0.1)


def test_what_moves_before_a_camera_that_stands_still_is_no_motion_of_it() -> None:
    (before,) = filmed(scene(), SIZE, 1, lambda t: (1.0, 0.0, 0.0, 0.0)).frames
    after = before.clone()
    after[30:70, 44:84] = before[30:70, 40:80]
    assert (found(before, after) == np.eye(3)).all()


def test_nor_is_noise() -> None:
    (still,) = filmed(scene(), SIZE, 1, lambda t: (1.0, 0.0, 0.0, 0.0)).frames
    random = torch.Generator().manual_seed(0)
    noisy = (still + torch.randn(still.shape, generator=random) * 2).clamp(0, 255).byte()
    assert np.abs(found(still, noisy) - np.eye(3)).max() < 0.1


@pytest.mark.parametrize("what", ["nothing to see", "all of it new"])
def test_where_nothing_can_be_followed_it_stands_still(what: str) -> None:
    one, other = torch.full((2, 96, 160, 3), 99, dtype=torch.uint8)
    if what == "all of it new":
        random = np.random.default_rng(0)
        one, other = (torch.from_numpy(cv2.blur(random.integers(0, 256, (96, 160, 3), np.uint8), (5, 5))) for _ in "ab")
    assert (found(one, other) == np.eye(3)).all()
