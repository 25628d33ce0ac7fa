from __future__ import annotations

import pytest
import torch

from impasto.model.pictures.picture import Picture
from impasto.model.video.steadiness import found_moves, warping_error
from tests.films import panned


def test_what_only_moves_does_not_flicker() -> None:
    frames = panned(4, height=96, width=128, step=4)
    moves = found_moves(frames)
    assert len(moves) == 3
    where, seen = moves[0]
    assert float((where[..., 0] - torch.arange(128)).median()) == pytest.approx(-4, abs=0.2)
    assert seen.mean() > 0.6
    pictures = [Picture(frame).rgb for frame in frames]
    flickering = [picture * (0.9 if number % 2 else 1) for number, picture in enumerate(pictures)]
    assert warping_error(pictures, moves) < 0.2 * warping_error(flickering, moves)


def test_it_is_the_mean_square_where_both_can_be_seen() -> None:
    one, other = torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)
    other[:, :, 4:] = 0.5
    still = torch.stack(torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="xy"), dim=-1)
    assert warping_error([one, other], [(still, torch.ones(8, 8))]) == pytest.approx(0.125)
    seen = torch.ones(8, 8)
    seen[:, 4:] = 0
    assert warping_error([one, other], [(still, seen)]) == pytest.approx(0, abs=1e-9)
