"""Where frames lie in the scene, and how they come there and back."""

from __future__ import annotations

import numpy as np
import pytest

from impasto.model.video.affine import Affine, in_pixels, inverse, moved, shares
from impasto.model.video.flow import Floats, Flow
from impasto.model.video.scene import GRID, Window, fits
from tests.pictures import photo

FRAME = 64, 96


def camera(scale: float = 1.0, degrees: float = 0.0, x: float = 0.0, y: float = 0.0) -> Affine:
    """A map of shares of a frame that scales and turns around its middle, and moves by pixels."""
    turn = np.radians(degrees)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    middle = moved(FRAME[1] / 2, FRAME[0] / 2)
    pixels = moved(x, y) @ middle @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]]) @ inverse(middle)
    to_shares = shares(*FRAME)
    return np.asarray(to_shares @ pixels @ inverse(to_shares), np.float64)


def frame() -> Floats:
    height, width = FRAME
    return np.asarray(photo(height=height, width=width) / 255, np.float32)


def test_a_camera_that_stands_still_sees_the_frame_itself() -> None:
    window = Window.of(np.eye(3), FRAME)
    assert window.size == FRAME
    assert (window.into(frame()) == frame()).all()


def test_whole_pixels_are_copied_onto_the_grid_and_back() -> None:
    window = Window.of(camera(x=5, y=-2), FRAME)
    seen = window.into(frame())
    assert (seen[2 : 2 + FRAME[0], 1 : 1 + FRAME[1]] == frame()).all()
    assert (seen[0] == seen[4]).all()  # mirrored beyond the border
    assert (window.out_of(seen) == frame()).all()


@pytest.mark.parametrize("place", [camera(x=1.5, y=0.25), camera(1.05), camera(degrees=3)])
def test_what_is_read_anew_comes_back_nearly_as_it_was(place: Affine) -> None:
    window = Window.of(place, FRAME)
    assert np.abs(window.out_of(window.into(frame())) - frame()).mean() < 0.01


def test_what_lies_in_the_scene_stays_where_it_is_while_the_camera_moves() -> None:
    place, step = camera(x=3, degrees=2), camera(x=2.25, y=1)
    before, now = Window.of(place, FRAME), Window.of(place @ step, FRAME)
    back = now.from_before(before, step)
    assert back == pytest.approx(moved(*np.rint(back[:2, 2])), abs=1e-6)
    assert (np.rint(back[:2, 2]) % GRID == 0).all()


def test_flow_is_seen_as_the_scene_lies() -> None:
    moves = np.zeros((*FRAME, 2), np.float32)
    moves[..., 0] = 2
    moves[:, :48] = 0.1
    window = Window.of(camera(degrees=90), FRAME)
    flow = window.flow(Flow(moves, np.ones(FRAME, np.float32)))
    height, width = window.size
    assert flow.moved[height * 3 // 4, width // 2] == pytest.approx([0, 2], abs=1e-3)
    assert not flow.moved[: height // 4].any()


def test_a_scene_has_about_as_many_pixels_as_the_frame() -> None:
    assert fits(camera(x=1000), FRAME)
    assert fits(camera(0.95), FRAME) and not fits(camera(0.9), FRAME)
    assert fits(camera(1.05), FRAME) and not fits(camera(1.1), FRAME)
    assert fits(camera(degrees=2), FRAME) and not fits(camera(degrees=10), FRAME)


def test_a_map_of_shares_is_one_of_pixels_of_any_size() -> None:
    assert in_pixels(moved(0.5, 0.25), 100, 200) == pytest.approx(moved(100, 25))
