"""Regions: one is the plain style, equal ones are the blend, and every place is somebody's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig, StrokeConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.masks import Ellipse, Gradient, Rectangle
from impasto.model.painting.regions import FEATHER, TRUNK, Look, Region, Regions, strokes_of
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture
from tests.pictures import encoded, photo

SIZE = 160, 240
PICTURE = images.decode(encoded(photo(height=SIZE[0], width=SIZE[1])))
FULL, EMPTY = torch.full((1, 1), 255, dtype=torch.uint8), torch.zeros(1, 1, dtype=torch.uint8)
LEFT = Rectangle.model_validate({"from": [0, 0], "to": [0.5, 1]}).mask(SIZE)
RIGHT = 255 - LEFT
EVERY = slice(0, SIZE[1] // 4), slice(3 * SIZE[1] // 4, SIZE[1])
"""Columns far from the border of both halves, left and right."""


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    strokes = StrokeConfig(canonical=128)  # so that a small picture has a ladder
    return Stylizer(tiny_checkpoint.network, strokes=strokes, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def vectors(tiny_checkpoint: Checkpoint) -> Tensor:
    return tiny_checkpoint.styles.vectors


@pytest.fixture(scope="module")
def painted(stylizer: Stylizer) -> Callable[..., Tensor]:
    """The picture with regions: (H, W, 3), uint8."""

    def paint(*regions: tuple[Tensor, Look], rest: Look | None = None, by_region: bool = False) -> Tensor:
        placed = Regions(SIZE, [Region(*each) for each in regions], rest, by_region=by_region)
        return stylizer.stylize_regions(PICTURE, placed).pixels

    return paint


def apart(one: Tensor, other: Tensor) -> int:
    return int((one.int() - other.int()).abs().max())


@pytest.mark.parametrize("stroke", [1.0, 2.0, "native"])
def test_one_full_mask_is_the_plain_style_bit_for_bit(
    painted: Callable[..., Tensor], stylizer: Stylizer, vectors: Tensor, stroke: float
) -> None:
    for strength, preserve_color in ((1.0, False), (0.6, True)):
        look = Look(vectors[0], strength, preserve_color, stroke)
        expected = stylizer.stylize(
            PICTURE, vectors[0], strength=strength, preserve_color=preserve_color, stroke=stroke
        ).pixels
        assert torch.equal(painted((FULL, look)), expected)
        assert torch.equal(painted((FULL, look), rest=Look(vectors[1])), expected)
        assert torch.equal(painted((EMPTY, Look(vectors[1])), rest=look), expected)


def test_so_it_is_where_kernels_round_what_they_leave() -> None:
    network = StyleNetwork(NetworkConfig((32, 32), residual_blocks=1))
    wide, vector = Stylizer(network, device="cpu", precision="float32"), network.identity_style()
    placed = Regions(SIZE, [Region(FULL, Look(vector))], Look(0.5 * vector))
    assert torch.equal(wide.stylize_regions(PICTURE, placed).pixels, wide.stylize(PICTURE, vector).pixels)


@pytest.mark.parametrize("count", [2, 3, 7, 8])
def test_equal_masks_are_the_blend(
    painted: Callable[..., Tensor], stylizer: Stylizer, vectors: Tensor, count: int
) -> None:
    styles = [vectors[n % 3] for n in range(count)]
    blend = stylizer.stylize(PICTURE, torch.stack(styles).mean(0)).pixels
    assert apart(painted(*((FULL, Look(style)) for style in styles)), blend) <= 1


def test_the_order_of_regions_does_not_matter(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    ellipse = Ellipse.model_validate({"center": [0.5, 0.5], "radii": [0.3, 0.3]}).mask(SIZE)
    regions = [(LEFT, Look(vectors[0])), (ellipse, Look(vectors[1], 0.5)), (RIGHT, Look(vectors[2], stroke=2.0))]
    assert apart(painted(*regions), painted(*regions[::-1])) <= 1


def test_what_no_mask_covers_is_the_photo_or_the_rest(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    alone = painted((LEFT, Look(vectors[0])))
    assert torch.equal(alone[:, EVERY[1]], PICTURE.pixels[:, EVERY[1]])
    assert apart(alone[:, EVERY[0]], PICTURE.pixels[:, EVERY[0]]) > 20
    both = painted((LEFT, Look(vectors[0])), rest=Look(vectors[1]))
    assert apart(both, painted((LEFT, Look(vectors[0])), (RIGHT, Look(vectors[1])))) <= 1


def test_a_region_without_strength_is_the_photo_whatever_lies_around(
    painted: Callable[..., Tensor], vectors: Tensor
) -> None:
    untouched = painted((LEFT, Look(vectors[0], 0.0)), rest=Look(vectors[1]))
    assert torch.equal(untouched[:, EVERY[0]], PICTURE.pixels[:, EVERY[0]])
    plain = painted((FULL, Look(vectors[1])))
    assert torch.equal(untouched[:, EVERY[1]], plain[:, EVERY[1]])  # its style is everywhere, as nobody else's is
    assert torch.equal(painted((FULL, Look(vectors[0], 0.0))), PICTURE.pixels)


def test_strength_is_a_map(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    strong, mixed = painted((FULL, Look(vectors[0]))), painted((LEFT, Look(vectors[0], 0.5)), rest=Look(vectors[0]))
    half = (strong.float() + PICTURE.pixels) / 2
    assert (mixed[:, EVERY[0]] - half[:, EVERY[0]]).abs().max() <= 1
    assert apart(mixed[:, EVERY[1]], strong[:, EVERY[1]]) <= 1


def test_colours_are_kept_where_they_are_to_be(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    plain = painted((FULL, Look(vectors[0])))
    kept = painted((FULL, Look(vectors[0], preserve_color=True)))
    mixed = painted((LEFT, Look(vectors[0], preserve_color=True)), rest=Look(vectors[0]))
    assert apart(mixed[:, EVERY[0]], kept[:, EVERY[0]]) <= 1 and apart(mixed[:, EVERY[1]], plain[:, EVERY[1]]) <= 1
    assert apart(plain[:, EVERY[0]], kept[:, EVERY[0]]) > 5


def test_strokes_are_large_here_and_small_there(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    large, small = (painted((FULL, Look(vectors[0], stroke=stroke))) for stroke in (2.0, 0.5))
    mixed = painted((LEFT, Look(vectors[0], stroke=2.0)), rest=Look(vectors[0], stroke=0.5))
    assert apart(mixed[:, EVERY[0]], large[:, EVERY[0]]) <= 1 and apart(mixed[:, EVERY[1]], small[:, EVERY[1]]) <= 1
    assert apart(large, small) > 10


def test_a_border_between_strokes_where_the_photo_begins_is_not_dark(stylizer: Stylizer, vectors: Tensor) -> None:
    """Paintings are mixed by shares that have sum 1 where nothing is painted, too."""
    upper = Rectangle.model_validate({"from": [0, 0], "to": [1, 0.3]}).mask(SIZE)
    placed = Regions(SIZE, [Region(LEFT, Look(vectors[0], stroke=2.0)), Region(upper, Look(vectors[0], stroke=0.5))])
    blank = Picture(torch.full((*SIZE, 3), 255, dtype=torch.uint8))
    white = [torch.ones(3, *SIZE) for _ in placed.strokes]
    assert (stylizer.finish_regions(blank, white, placed).pixels == 255).all()


def test_every_place_is_somebodys(vectors: Tensor) -> None:
    masks = [torch.randint(0, 256, (20, 30), dtype=torch.uint8) // 3, LEFT, EMPTY, FULL[:, :1]]
    for rest in (None, Look(vectors[0])):
        placed = Regions(SIZE, [Region(mask, Look(vectors[0])) for mask in masks[:3]], rest)
        for size in ((160, 240), (33, 61), (640, 960)):
            shares = placed.shares(size)
            assert shares.shape == (len(placed.vectors), -(-size[0] // TRUNK), -(-size[1] // TRUNK))
            torch.testing.assert_close(shares.sum(0), torch.ones(shares.shape[1:]))
            assert shares.min() >= 0


def test_a_hard_border_becomes_soft_over_as_many_of_the_deepest_features(vectors: Tensor) -> None:
    hard = Rectangle.model_validate({"from": [0, 0], "to": [0.5, 1]}).mask((512, 512))
    for side in (512, 1024):
        row = Regions((512, 512), [Region(hard, Look(vectors[0]))], Look(vectors[1])).shares((side, side))[0, 9]
        assert FEATHER <= ((row > 0) & (row < 1)).sum() <= FEATHER + 2
        assert row.diff().abs().max() < 1.5 / FEATHER


def test_a_gradient_goes_from_one_style_to_another(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    across = Gradient.model_validate({"from": [0, 0.5], "to": [1, 0.5]}).mask(SIZE)
    placed = Regions(SIZE, [Region(across, Look(vectors[0]))], Look(vectors[1]))
    row = placed.shares(SIZE)[0].mean(0)
    assert (row.diff() > 0).all() and row[0] < 0.1 and row[-1] > 0.9
    assert placed.strength == 1.0 and placed.preserve_color == 0.0


def test_a_mask_of_another_shape_is_stretched(vectors: Tensor) -> None:
    tall = torch.zeros(90, 30, dtype=torch.uint8)
    tall[:, :15] = 255
    stretched_over, drawn = (
        Regions(SIZE, [Region(mask, Look(vectors[0]))], Look(vectors[1])).shares(SIZE) for mask in (tall, LEFT)
    )
    torch.testing.assert_close(stretched_over, drawn, rtol=0, atol=0.1)


def test_by_itself_a_region_is_painted_as_if_alone(painted: Callable[..., Tensor], vectors: Tensor) -> None:
    """Its statistics are its own, so what is far away in the picture changes nothing in it."""
    halves = (LEFT, Look(vectors[0])), (RIGHT, Look(vectors[1]))
    own, shared = painted(*halves, by_region=True), painted(*halves)
    assert apart(own, shared) > 5
    assert apart(painted((FULL, Look(vectors[0])), by_region=True), painted((FULL, Look(vectors[0])))) <= 1


def test_progress_goes_from_pass_to_pass(stylizer: Stylizer, vectors: Tensor) -> None:
    regions = [Region(LEFT, Look(vectors[0], stroke=2.0)), Region(RIGHT, Look(vectors[0], stroke=0.5))]
    told: list[float] = []
    stylizer.stylize_regions(PICTURE, Regions(SIZE, regions), progress=told.append)
    assert told == sorted(told) and told[-1] == pytest.approx(1) and 0.5 in [pytest.approx(each) for each in told]


def test_plain_pictures_and_pictures_with_regions_share_a_batch(stylizer: Stylizer, vectors: Tensor) -> None:
    photos = torch.rand(3, 3, *SIZE, generator=torch.Generator().manual_seed(0))
    placed = Regions(SIZE, [Region(LEFT, Look(vectors[0]))], Look(vectors[1]))
    more = Regions(SIZE, [Region(LEFT, Look(vectors[2])), Region(FULL, Look(vectors[0]))], Look(vectors[1]))
    together = stylizer.paint(photos, [placed, vectors[2], more])
    styles: list[Tensor | Regions] = [placed, vectors[2], more]
    for n, style in enumerate(styles):
        torch.testing.assert_close(together[n], stylizer.paint(photos[n : n + 1], [style])[0], rtol=0, atol=1e-5)
    assert torch.equal(together[1], stylizer.paint(photos[1:2], vectors[2:])[0])


def test_only_strokes_of_what_is_seen_are_painted(vectors: Tensor) -> None:
    looks = [Look(vectors[0], stroke=2.0), Look(vectors[0], 0.0, stroke=0.5), Look(vectors[0], stroke=2.0)]
    assert strokes_of(looks) == [2.0] and strokes_of(looks[1:2]) == []


def test_where_nothing_is_painted_nothing_is_computed(stylizer: Stylizer, vectors: Tensor) -> None:
    placed = Regions(SIZE, [Region(FULL, Look(vectors[0], 0.0)), Region(EMPTY, Look(vectors[1]))])
    assert placed.strokes == [] and stylizer.stylize_regions(PICTURE, placed) is PICTURE


def test_masks_that_leave_nothing_but_for_rounding_leave_nothing(vectors: Tensor) -> None:
    for size in ((333, 777), (1365, 2048)):
        ramps = [
            Gradient.model_validate({"from": a, "to": b}).mask(size) for a, b in (([0, 0], [1, 0]), ([1, 0], [0, 0]))
        ]
        placed = Regions(size, [Region(ramp, Look(vectors[0])) for ramp in ramps], Look(vectors[1], stroke=2.0))
        assert placed.strokes == [1.0] and placed.strength == 1.0


def test_no_regions_are_an_error(vectors: Tensor) -> None:
    with pytest.raises(InvalidValue, match="no region"):
        Regions(SIZE, [], Look(vectors[0]))


@pytest.mark.parametrize(("strength", "stroke"), [(1.5, 1.0), (-0.1, 1.0), (1.0, 9.0)])
def test_a_look_that_cannot_be_is_an_error(vectors: Tensor, strength: float, stroke: float) -> None:
    with pytest.raises(InvalidValue):
        Look(vectors[0], strength, stroke=stroke)
