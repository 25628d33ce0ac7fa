from __future__ import annotations

import pytest
import torch

from impasto.model.pictures.resize import resize
from impasto.model.video.steadiness import warping_error
from impasto.scripts.studies.motions import MOTIONS, floats


@pytest.mark.parametrize("name", MOTIONS)
def test_what_moves_in_a_film_is_known_exactly(name: str) -> None:
    smooth = resize(torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(0)), 240)
    film = MOTIONS[name](smooth, (96, 64), 4)
    frames = floats(film.frames)
    still = [(_grid(), seen) for _, seen in film.moves]
    assert len(frames) == len(film.moves) + 1
    error = warping_error(frames, film.moves)
    if name == "a sensor's noise":
        assert error == pytest.approx(2 * 0.012**2, rel=0.2)
    else:
        assert error < 2e-5 < 0.5 * warping_error(frames, still)


def _grid() -> torch.Tensor:
    return torch.stack(torch.meshgrid(torch.arange(96.0), torch.arange(64.0), indexing="xy"), dim=-1)
