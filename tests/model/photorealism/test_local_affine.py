from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.model.photorealism.local_affine import PAINTED, AffineConfig, LocalAffine
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import shown_small
from tests.pictures import photo

PHOTO = Picture(torch.from_numpy(photo(height=90, width=120)))
COLORS = AffineConfig()
LARGE = Picture.from_rgb(resample(PHOTO.rgb[None], (900, 1200))[0].clamp(0, 1))


def carried(made: Tensor, picture: Picture, config: AffineConfig = COLORS) -> Tensor:
    return LocalAffine(made, picture, config).rows(slice(0, picture.size[1]), picture)


@pytest.mark.parametrize("picture", [PHOTO, LARGE], ids=["small", "large"])
def test_a_photo_that_nothing_was_done_to_stays_to_the_bit(picture: Picture) -> None:
    height, width = min(384, picture.size[1]), min(512, picture.size[0])
    made = shown_small(picture.pixels, height, width)
    assert torch.equal(Picture.from_rgb(carried(made, picture)).pixels, picture.pixels)


def test_a_straight_map_of_colours_is_carried_as_it_is() -> None:
    def changed(rgb: Tensor) -> Tensor:
        return 0.2 + 0.5 * rgb.flip(0)

    made = changed(shown_small(LARGE.pixels, 384, 512))
    assert (carried(made, LARGE) - changed(LARGE.rgb)).abs().mean() < 0.01


def test_an_edge_stays_where_the_photo_has_it_whatever_the_small_picture_did_to_it() -> None:
    step = torch.zeros(3, 600, 600)
    step[:, :, 300:] = 1
    picture = Picture.from_rgb(0.2 + 0.6 * step)
    bent = shown_small(picture.pixels, 300, 300).roll(3, 2) * torch.tensor([0.5, 0.8, 1.0])[:, None, None]
    steepest = carried(bent, picture)[:, 100:500, 100:500].diff(dim=2).abs().sum(0).argmax(1)
    assert (steepest == 199).all()


def test_strokes_that_the_photo_knows_nothing_of_are_left_out() -> None:
    flat = Picture.from_rgb(torch.full((3, 300, 300), 0.5))
    strokes = 0.5 + 0.3 * (torch.arange(300) % 8 < 4).float().expand(3, 300, 300)
    assert carried(strokes, flat, PAINTED).std(dim=(1, 2)).max() < strokes.std() / 20


def test_the_grain_of_a_flat_place_keeps_its_strength() -> None:
    grain = torch.randn(3, 512, 512, generator=torch.Generator().manual_seed(0)) / 255
    picture = Picture.from_rgb(0.5 + grain)
    made = (0.3 + 3 * (picture.rgb - 0.5)).clamp(0, 1)
    assert carried(made, picture).std() < 1.5 * picture.rgb.std()


def test_rows_are_those_of_the_whole() -> None:
    made = torch.rand(3, 68, 90, generator=torch.Generator().manual_seed(0))
    affine, whole = LocalAffine(made, PHOTO, COLORS), carried(made, PHOTO)
    for rows in (slice(0, 1), slice(7, 50), slice(89, 90)):
        torch.testing.assert_close(affine.rows(rows, PHOTO.rows(rows)), whole[:, rows], rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (700, 2), (40, 33)])
def test_pictures_of_any_shape_are_carried(size: tuple[int, int]) -> None:
    picture = Picture.from_rgb(torch.rand(3, *size, generator=torch.Generator().manual_seed(0)))
    for made in (torch.rand(3, 32, 32), torch.rand(3, *size)):
        result = carried(made, picture)
        assert result.shape == (3, *size) and result.isfinite().all()
