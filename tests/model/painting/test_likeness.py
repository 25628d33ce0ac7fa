from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from impasto.model.errors import InvalidValue
from impasto.model.painting.likeness import Reference, likenesses, match, with_palettes
from impasto.model.painting.region_recipe import RegionRecipe, drawn
from impasto.model.painting.regions import Look, Region, Regions
from impasto.model.pictures import images, strips
from impasto.model.pictures.images import TooManyPixels, UndecodableImage
from impasto.model.pictures.picture import Picture
from tests.pictures import encoded, photo, png_claiming

SIZE = 60, 80
OWN, OTHER = (encoded(photo(seed, height=60, width=80)) for seed in (0, 1))
PICTURE = images.decode(OWN)
LEFT = torch.zeros(SIZE, dtype=torch.uint8)
LEFT[:, :40] = 255
MASKS = {"left.png": encoded(LEFT.numpy())}
USUAL = Look(torch.zeros(0))


def palette(data: bytes = OTHER) -> torch.Tensor:
    return Reference.read(data).palette


def means(picture: Picture) -> torch.Tensor:
    return picture.rgb.mean(dim=(1, 2))


def test_a_photo_takes_over_the_other_pictures_colours_and_keeps_its_structure() -> None:
    made, other = match(PICTURE, Look(palette())), images.decode(OTHER)
    assert (means(made) - means(other)).abs().max() < 0.5 * (means(PICTURE) - means(other)).abs().max()
    assert np.corrcoef(made.rgb.mean(0).flatten(), PICTURE.rgb.mean(0).flatten())[0, 1] > 0.8


@pytest.mark.parametrize("size", [(60, 80), (31, 700), (1, 1), (5, 600)])
def test_a_photo_like_itself_is_itself_to_the_bit(size: tuple[int, int]) -> None:
    file = encoded(photo(3, height=size[0], width=size[1]))
    picture = images.decode(file)
    assert torch.equal(match(picture, Look(palette(file))).pixels, picture.pixels)


def test_none_of_it_is_the_photo_to_the_bit_and_half_lies_between() -> None:
    assert torch.equal(match(PICTURE, Look(palette(), strength=0.0)).pixels, PICTURE.pixels)
    whole, half = match(PICTURE, Look(palette())), match(PICTURE, Look(palette(), strength=0.5))
    assert (half.rgb - (whole.rgb + PICTURE.rgb) / 2).abs().max() < 0.01


def test_of_kept_colours_only_the_light_is_taken() -> None:
    grey = Picture(PICTURE.pixels.float().mean(2, keepdim=True).round().byte().expand(-1, -1, 3).contiguous())
    made = match(grey, Look(palette(), preserve_color=True)).pixels.int()
    assert (made - made[..., :1]).abs().max() <= 1
    assert not torch.equal(made, grey.pixels.int())


@pytest.mark.parametrize("value", [0, 128, 255])
def test_references_and_photos_of_one_colour_give_colours(value: int) -> None:
    flat = np.full((40, 50, 3), value, np.uint8)
    for photo_file, reference in ((encoded(flat), OTHER), (OWN, encoded(flat)), (encoded(flat), encoded(flat))):
        picture = images.decode(photo_file)
        made = match(picture, Look(palette(reference)))
        assert made.size == picture.size
        left, before = (float((means(each) - means(images.decode(reference))).abs().max()) for each in (made, picture))
        assert left < before + 0.05
    assert torch.equal(made.pixels, picture.pixels)  # the last one is like itself


def test_alpha_and_credit_are_the_photos_and_what_is_transparent_counts_for_nothing() -> None:
    alpha = np.full((60, 80, 1), 255, np.uint8)
    alpha[:, 40:] = 0
    hidden = np.dstack([photo(0, height=60, width=80), alpha])
    other = hidden.copy()
    other[:, 40:, :3] = (255, 0, 255)
    one, two = (match(images.decode(encoded(each)), Look(palette())) for each in (hidden, other))
    assert one.alpha is not None and torch.equal(one.alpha, torch.from_numpy(alpha[..., 0]))
    assert (one.pixels[:, :20].int() - two.pixels[:, :20].int()).abs().max() <= 3  # far from what is hidden
    assert torch.equal(palette(encoded(hidden)), palette(encoded(other)))


def test_strip_by_strip_it_is_what_it_would_be_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = match(PICTURE, Look(palette())).pixels.int()
    monkeypatch.setattr(strips, "STRIP_PIXELS", 300)
    assert (match(PICTURE, Look(palette())).pixels.int() - expected).abs().max() <= 1


def test_a_region_takes_as_much_as_it_is_to_and_the_rest_the_same_as_ever() -> None:
    regions = Regions(SIZE, [Region(LEFT, Look(palette(), strength=0.0))], Look(palette()))
    made = match(PICTURE, regions).pixels
    assert torch.equal(made[:, :40], PICTURE.pixels[:, :40])
    assert (made[:, 40:].int() - match(PICTURE, Look(palette())).pixels[:, 40:].int()).abs().max() <= 1
    assert match(PICTURE, Regions(SIZE, [Region(LEFT, Look(palette(), strength=0.0))])) is PICTURE


def test_a_region_is_like_a_part_of_the_other_picture() -> None:
    halves = np.zeros((60, 80, 3), np.uint8)
    halves[:, :40], halves[:, 40:] = (200, 40, 40), (40, 40, 200)
    halves += photo(2, height=60, width=80) // 8
    reference = Reference.read(encoded(halves))
    mask = {"mask": "left.png", "like": "left.png"}
    recipes = [RegionRecipe.from_text(json.dumps(mask))]
    right = {"left.png": encoded(255 - LEFT.numpy())}
    for files, red in ((MASKS, True), (right, False)):
        looks = likenesses(recipes, reference, USUAL, files)
        made = match(PICTURE, drawn(SIZE, recipes, looks, None, masks=MASKS)).rgb[:, :, :30].mean(dim=(1, 2))
        assert bool(made[0] > made[2]) is red


def test_a_part_takes_the_same_colours_whether_or_not_the_rest_takes_any() -> None:
    other = palette(encoded(np.full((40, 50, 3), (30, 60, 120), np.uint8)))
    alone, beside = (
        match(PICTURE, Regions(SIZE, [Region(LEFT, Look(palette()))], rest))
        for rest in (Look(other, strength=0.0), Look(other, strength=0.01))
    )
    assert (alone.pixels[:, :30].int() - beside.pixels[:, :30].int()).abs().max() <= 2


def test_a_recipe_has_what_was_taken_and_needs_the_other_picture_no_more() -> None:
    recipes = [RegionRecipe.from_text('{"mask": "left.png", "like": "left.png", "strength": 0.5}')]
    reference = Reference.read(OTHER)
    looks = likenesses(recipes, reference, USUAL, MASKS)
    (taken,) = with_palettes(recipes, looks)
    again = RegionRecipe.from_text(taken.to_text())
    palette_only = Reference.read(json.dumps(reference.palette.tolist()).encode())
    assert torch.equal(palette_only.palette, reference.palette)
    assert torch.equal(likenesses([again], palette_only, USUAL, {})[0].style_vector, looks[0].style_vector)
    with pytest.raises(InvalidValue, match=r"^region 1: like: a part of a picture needs the picture"):
        likenesses(recipes, palette_only, USUAL, MASKS)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "like: the picture is empty"),
        (b"no picture", "like: the data is no picture"),
        (b"[0.1, 0.2]", "like: this is no palette of 26 numbers"),
        (b"[" + b"1e999," * 25 + b"0]", "like: this is no palette of 26 numbers"),
        (b"[" + b"9," * 25 + b"0]", "like: this is no palette of 26 numbers"),
    ],
)
def test_what_is_no_reference_is_told(data: bytes, fault: str) -> None:
    with pytest.raises((InvalidValue, UndecodableImage), match=fault):
        Reference.read(data)


def test_a_reference_has_limits_as_photos_have() -> None:
    with pytest.raises(TooManyPixels, match=r"^like: "):
        Reference.read(png_claiming(1000, 1000), max_pixels=10_000)


def test_whatever_numbers_a_palette_has_the_result_is_a_picture() -> None:
    random = torch.Generator().manual_seed(0)
    for _ in range(20):
        numbers = torch.rand(26, dtype=torch.float64, generator=random) * 4 - 2
        made = match(PICTURE, Look(numbers))
        assert made.size == PICTURE.size
