"""What a picture was painted with, as the command that paints it again."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
import tyro

from impasto.model.painting.recipe import NoRecipe
from impasto.scripts import paint, recipe
from tests.pictures import encoded, opened, photo


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(photo(height=48, width=64), "JPEG"))
    return path


def painted(photo: Path, output: Path, *options: str) -> Path:
    """The photo as the command line paints it."""
    command = [str(photo), *options, "-o", str(output)]
    paint.run(tyro.cli(paint.Arguments, args=command))
    return output


@pytest.mark.parametrize("options", [
    ["--style", "starry-night=0.7", "great-wave=0.3"],
    ["--style", "starry-night", "great-wave", "the-scream", "--strength", "0.3"],
    ["--style", "great-wave", "--size", "50", "--preserve-color"],
    ["--style", "great-wave", "--stroke", "2"],
    ["--style", "great-wave", "--stroke", "native"],
])  # fmt: skip
def test_the_command_of_a_picture_paints_it_again_to_the_bit(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    network = ["--checkpoint", str(tiny_checkpoint_file)]
    first = painted(one, tmp_path / "first.png", *options, *network)
    recipe.run(recipe.Arguments(first))
    words = shlex.split(capsys.readouterr().out)
    assert words[:3] == ["impasto", "paint", "photo.jpg"] and words[-2:] == ["-o", str(first)]
    again = painted(one, tmp_path / "again.png", *words[3:-2], *network)
    assert again.read_bytes() == first.read_bytes()


def test_a_network_that_is_not_the_shipped_one_is_named(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe.run(recipe.Arguments(painted(one, tmp_path / "ours.webp", "--style", "klimt-the-kiss")))
    assert capsys.readouterr().err == ""
    network = ["--checkpoint", str(tiny_checkpoint_file)]
    recipe.run(recipe.Arguments(painted(one, tmp_path / "theirs.jpg", "--style", "great-wave", *network)))
    assert "--checkpoint" in capsys.readouterr().err


def test_a_picture_is_painted_without_its_recipe_when_asked(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    options = ["--style", "great-wave", "--checkpoint", str(tiny_checkpoint_file)]
    silent = painted(one, tmp_path / "silent.png", *options, "--no-recipe")
    assert "impasto" not in opened(silent.read_bytes()).info
    told = painted(one, tmp_path / "told.png", *options)
    assert np.array_equal(np.asarray(opened(silent.read_bytes())), np.asarray(opened(told.read_bytes())))
    with pytest.raises(NoRecipe):
        recipe.run(recipe.Arguments(silent))
