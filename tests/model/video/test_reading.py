"""Frames as an affine map places them: by the CPU's kernel what a scene that is known everywhere shows there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from impasto.model.video import reading
from impasto.model.video.affine import Affine, inverse
from impasto.model.video.flow import Floats
from impasto.model.video.scene import warped
from tests.instruction_sets import UNITS, machine_with

SIZE = 120, 150
INSIDE = slice(12, -12), slice(12, -12)


@pytest.fixture(params=UNITS)
def fresh(request: pytest.FixtureRequest) -> Iterator[None]:
    """The kernel for some vector units."""
    yield from machine_with(request.param, reading._library.cache_clear)


def sources(place: Affine) -> tuple[Floats, Floats]:
    """x and y of what a map places at each pixel."""
    x, y = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
    across, down, _ = inverse(place)
    return across[0] * x + across[1] * y + across[2], down[0] * x + down[1] * y + down[2]


def scene(place: Affine) -> Floats:
    """Waves of seven pixels and longer, as they are seen when a map places them."""
    x, y = sources(place)
    waves = [0.3 * x + 0.9 * y, 0.9 * x - 0.2 * y, 0.5 * x + 0.5 * y]
    return np.asarray(0.5 + 0.4 * np.sin(np.stack(waves, axis=-1)), np.float32)


def placed(degrees: float, scale: float = 1.0, x: float = 1.37, y: float = -2.61) -> Affine:
    turn = np.radians(degrees)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    return np.array([[cos, -sin, x], [sin, cos, y], [0, 0, 1]])


@pytest.mark.parametrize("place", [placed(0), placed(3), placed(-8, 1.05), placed(2, 0.95, 0, 0), placed(30)])
def test_waves_are_read_where_they_are(fresh: None, place: Affine) -> None:
    found = reading.read(scene(np.eye(3)), place, SIZE)
    x, y = sources(place)
    known = (x > 12) & (y > 12) & (x < SIZE[1] - 12) & (y < SIZE[0] - 12)
    assert found is not None and known.sum() > 5000
    assert np.abs(found - scene(place))[known].max() < 0.01


def test_beyond_its_border_a_frame_is_mirrored(fresh: None) -> None:
    frame = scene(np.eye(3))
    found = reading.read(frame, placed(0, x=20.5, y=0), (SIZE[0], SIZE[1] + 40))
    assert found is not None
    np.testing.assert_allclose(found[:, 11:21], found[:, 21:31][:, ::-1], atol=1e-5)
    np.testing.assert_allclose(found[:, 160:170], found[:, 170:180][:, ::-1], atol=1e-5)


def test_colours_stay_in_their_range(fresh: None) -> None:
    frame = np.zeros((*SIZE, 3), np.float32)
    frame[:, 70:] = 1
    found = reading.read(frame, placed(1), SIZE)
    assert found is not None and found.min() == 0 and found.max() == 1


@pytest.mark.parametrize(("place", "size"), [(placed(90), SIZE), (placed(60), SIZE), (placed(1), (40, 12))])
def test_what_the_kernel_does_not_read_opencv_does(fresh: None, place: Affine, size: tuple[int, int]) -> None:
    assert reading.read(scene(np.eye(3)), place, size) is None
    assert warped(scene(np.eye(3)), place, size).shape == (*size, 3)


def test_without_a_compiler_opencv_reads_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, place = scene(np.eye(3)), placed(3, 1.02)
    found = warped(frame, place, SIZE)
    monkeypatch.setattr(reading, "_library", lambda: None)
    assert np.abs(warped(frame, place, SIZE) - found)[INSIDE].max() < 0.03


def test_it_is_built_for_every_instruction_set(tmp_path: Path) -> None:
    assert len(set(reading.build(tmp_path))) == len(list(tmp_path.iterdir())) > 0
