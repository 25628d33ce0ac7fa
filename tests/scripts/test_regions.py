"""Regions and recipes on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from impasto.model.errors import InvalidValue
from impasto.model.painting.recipe import Recipe
from impasto.model.pictures.images import UndecodableImage
from impasto.scripts.regions import parse_regions, read_masks
from tests.commands import Result, impasto
from tests.pictures import encoded, opened, photo

SHAPE = {"rectangle": {"from": [0, 0], "to": [0.5, 1]}, "weights": {"the-scream": 1.0}, "strength": 0.5}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a photo and a mask of its left half, whose name has an equals sign."""
    (tmp_path / "photo.png").write_bytes(encoded(photo(height=48, width=64)))
    left = np.zeros((4, 8), np.uint8)
    left[:, :4] = 255
    (tmp_path / "a=b.png").write_bytes(encoded(left))
    return tmp_path


@pytest.fixture
def paint(folder: Path, tiny_checkpoint_file: Path) -> Callable[..., Result]:
    def run(*arguments: str | Path, output: str = "out.png") -> Result:
        return impasto(
            "paint", folder / "photo.png", *arguments, "-o", folder / output, "--checkpoint", tiny_checkpoint_file
        )

    return run


def test_a_region_is_a_mask_and_a_blend_or_json() -> None:
    mask, shape = parse_regions(["a=b.png=starry-night:0.7,great-wave:0.3", json.dumps(SHAPE)])
    assert (mask.mask, mask.weights) == ("a=b.png", {"starry-night": 0.7, "great-wave": 0.3})
    assert json.loads(shape.to_text()) == {"feather": 0.0, **SHAPE}
    assert parse_regions(["sky.png=a,b"])[0].weights == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sky.png", "neither"), ("=a", "neither"), ("sky.png=", "weights"), ("sky.png=a:b", "weight of a"),
        ("sky.png=A_B", "weights"), ("{}", "a region is one of"), ("{", "JSON"),
    ],
)  # fmt: skip
def test_what_is_no_region_is_told_with_its_number(text: str, told: str) -> None:
    with pytest.raises(InvalidValue, match=rf"^region 2: .*{told}"):
        parse_regions(["sky.png=a", text])


def test_nine_regions_are_too_many() -> None:
    with pytest.raises(InvalidValue, match="9 regions; a picture has at most 8"):
        parse_regions(["sky.png=a"] * 9)


def test_a_mask_that_cannot_be_read_is_told_with_its_region(folder: Path) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InvalidValue, match=r"^region 1: .*nowhere.png: No such file"):
        read_masks(parse_regions([f"{folder}/nowhere.png=a"]))
    with pytest.raises(UndecodableImage, match=r"^region 2: "):
        read_masks(parse_regions([f"{folder}/a=b.png=a", f"{folder}/broken.png=a"]))


def test_a_photo_is_painted_in_regions_and_again_by_its_recipe(paint: Callable[..., Result], folder: Path) -> None:
    regions = ["--region", f"{folder}/a=b.png=starry-night:0.7,great-wave:0.3", "--region", json.dumps(SHAPE)]
    result = paint("--style", "great-wave", *regions, "--stroke", "2")
    assert result.returncode == 0, result.stderr
    first = (folder / "out.png").read_bytes()
    assert len(Recipe.of(first).regions) == 2
    plain = paint("--style", "great-wave", "--stroke", "2", output="plain.png")
    assert plain.returncode == 0
    painted, without = (np.asarray(opened((folder / name).read_bytes())) for name in ("out.png", "plain.png"))
    assert not np.array_equal(painted, without)
    again = paint("--recipe", folder / "out.png", output="again.png")
    assert again.returncode == 0, again.stderr
    assert (folder / "again.png").read_bytes() == first


def test_without_a_style_the_rest_stays_the_photo(paint: Callable[..., Result], folder: Path) -> None:
    assert paint("--region", f"{folder}/a=b.png=starry-night").returncode == 0
    painted = np.asarray(opened((folder / "out.png").read_bytes()))
    assert np.array_equal(painted[:, 40:], photo(height=48, width=64)[:, 40:])
    assert not np.array_equal(painted[:, :24], photo(height=48, width=64)[:, :24])


def test_the_masks_of_a_recipe_lie_beside_it(paint: Callable[..., Result], folder: Path) -> None:
    recipe = {"impasto": 3, "regions": [{"mask": "a=b.png", "weights": {"starry-night": 1}}]}
    (folder / "recipe.json").write_text(json.dumps(recipe))
    assert paint("--recipe", folder / "recipe.json").returncode == 0


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ("{}", "is no recipe"), ('{"impasto": 9, "weights": {"great-wave": 1}}', "newer"),
        ('{"impasto": 3, "weights": {"van-gohg": 1}}', "unknown style"),
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_one_line(paint: Callable[..., Result], folder: Path, recipe: str, told: str) -> None:
    (folder / "recipe.json").write_text(recipe)
    result = paint("--recipe", folder / "recipe.json")
    assert result.returncode == 1 and told in result.stderr and "Traceback" not in result.stderr


def test_a_recipe_of_another_network_is_painted_and_told(paint: Callable[..., Result], folder: Path) -> None:
    (folder / "recipe.json").write_text('{"impasto": 3, "network_id": "abc", "weights": {"great-wave": 1}}')
    result = paint("--recipe", folder / "recipe.json")
    assert result.returncode == 0 and "network abc" in result.stderr


def test_a_recipe_reads_no_file_that_is_not_beside_it(paint: Callable[..., Result], folder: Path) -> None:
    for mask in (str(folder / "a=b.png"), "../a=b.png"):
        recipe = {"impasto": 3, "regions": [{"mask": mask, "weights": {"starry-night": 1}}]}
        (folder / "recipe.json").write_text(json.dumps(recipe))
        result = paint("--recipe", folder / "recipe.json")
        assert result.returncode == 1 and "region 1" in result.stderr and "beside the recipe" in result.stderr


def test_a_recipe_decides_on_strength_and_strokes(paint: Callable[..., Result], folder: Path) -> None:
    (folder / "recipe.json").write_text('{"impasto": 3, "weights": {"great-wave": 1}, "size": 40}')
    result = paint("--recipe", folder / "recipe.json", "--strength", "0.5")
    assert result.returncode == 1 and "strength" in result.stderr
    assert paint("--recipe", folder / "recipe.json", "--size", "96").returncode == 0
    assert opened((folder / "out.png").read_bytes()).size == (96, 72)


@pytest.mark.parametrize("more", [["--style", "great-wave"], ["--all"], ["--region", "sky.png=great-wave"]])
def test_a_recipe_stands_alone(paint: Callable[..., Result], folder: Path, more: list[str]) -> None:
    result = paint("--recipe", folder / "recipe.json", *more)
    assert result.returncode == 1 and "; or --recipe; or" in result.stderr
