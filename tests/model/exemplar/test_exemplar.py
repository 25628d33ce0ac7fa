"""What an exemplar is, and what a map makes of it."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from impasto.model.exemplar.exemplar import Exemplar, NoWindow, assembled, pyramid, rearranged, remapped
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from tests.model.exemplar.exemplars import noise
from tests.pictures import encoded, photo


def test_a_map_puts_together_whatever_an_exemplar_has() -> None:
    coordinates = torch.tensor([[[0, 1], [2, 0]]])
    deep = (torch.arange(12).reshape(3, 4) * 5000).to(torch.uint16)
    assert assembled(deep, coordinates).tolist() == [[5000, 40000]]
    assert assembled(noise(3, 4).permute(1, 2, 0), coordinates).shape == (1, 2, 3)


def test_transparency_comes_with_its_pixels() -> None:
    pixels = torch.from_numpy(photo(height=4, width=5))
    alpha = torch.arange(20, dtype=torch.uint8).reshape(4, 5)
    made = rearranged(Picture(pixels, alpha), torch.tensor([[[3, 4], [0, 2]]]))
    assert made.size == (2, 1)
    assert made.alpha is not None and made.alpha.tolist() == [[19, 2]]
    assert torch.equal(made.pixels[0, 0], pixels[3, 4])


def test_windows_lie_within_the_exemplar_and_miss_what_is_transparent() -> None:
    assert Exemplar(noise(6, 9)).windows(4).shape == (3, 6)
    image = Image.fromarray(photo(height=6, width=9)).convert("RGBA")
    image.putpixel((8, 5), (0, 0, 0, 0))
    places = Exemplar.of(images.decode(encoded(image))).windows(4)
    assert places.sum() == 17 and not places[2, 5]


@pytest.mark.parametrize(
    ("usable", "side", "fault"), [(None, 7, "9 × 6 pixels, fewer than the 7 × 7"), (False, 3, "fully transparent")]
)
def test_an_exemplar_without_a_window_is_refused(usable: bool | None, side: int, fault: str) -> None:
    exemplar = Exemplar(noise(6, 9), None if usable is None else torch.full((6, 9), usable))
    with pytest.raises(NoWindow, match=fault):
        exemplar.windows(side)


def test_remapped_brightness_has_the_mean_and_the_spread_of_another() -> None:
    own, wanted = 0.2 + 0.1 * noise(9, 9)[:1], 0.5 + 0.4 * noise(7, 8, seed=1)[:1]
    found = remapped(own, own, wanted)
    assert found.mean().item() == pytest.approx(wanted.mean().item(), abs=1e-4)
    assert found.std().item() == pytest.approx(wanted.std().item(), rel=2e-2)


def test_brightness_of_one_value_is_remapped_to_one() -> None:
    flat = torch.full((1, 4, 4), 0.3)
    wanted = noise(5, 5)[:1]
    torch.testing.assert_close(remapped(flat, flat, wanted), wanted.mean().expand(1, 4, 4), atol=1e-3, rtol=0)


def test_a_pyramid_halves_and_rounds_up() -> None:
    assert [tuple(each.shape) for each in pyramid(noise(5, 9), 4)] == [(3, 1, 2), (3, 2, 3), (3, 3, 5), (3, 5, 9)]
