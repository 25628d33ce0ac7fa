"""`impasto paint --photorealistic`, like another picture and in styles."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.likeness import Reference, match
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.regions import Look
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.images import decode
from tests.commands import impasto
from tests.pictures import encoded, opened, photo, write_photos

LEFT = np.zeros((6, 8), np.uint8)
LEFT[:, :4] = 255


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a photo, a picture that it is to be like, and a mask."""
    (tmp_path / "one.png").write_bytes(encoded(photo(0, height=48, width=64)))
    (tmp_path / "other.jpg").write_bytes(encoded(photo(1, height=70, width=50), "JPEG"))
    (tmp_path / "left.png").write_bytes(encoded(LEFT))
    return tmp_path


def pixels(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(opened(path.read_bytes()))


def test_a_photo_takes_the_colours_of_another_picture_and_its_recipe_repeats_it(folder: Path) -> None:
    out, again = folder / "out.png", folder / "again.png"
    how = ["--like", folder / "other.jpg", "--photorealistic", "--strength", "0.8"]
    result = impasto("paint", folder / "one.png", *how, "-o", out)
    assert result.returncode == 0, result.stderr
    palette = Reference.read((folder / "other.jpg").read_bytes()).palette
    expected = match(decode((folder / "one.png").read_bytes()), Look(palette, strength=0.8))
    assert np.array_equal(pixels(out), expected.pixels.numpy())
    recipe = Recipe.of(out.read_bytes())
    assert recipe.like == tuple(palette.tolist()) and recipe.network_id is None
    (folder / "other.jpg").unlink()
    assert impasto("paint", folder / "one.png", "--recipe", out, "-o", again).stderr == ""
    assert again.read_bytes() == out.read_bytes()
    told = impasto("recipe", out)
    assert told.stdout.startswith("impasto paint photo.jpg --recipe ") and told.stderr == ""


def test_photos_of_a_folder_are_like_one_picture(folder: Path) -> None:
    photos = write_photos(folder / "photos", 3)
    how = ["--like", folder / "other.jpg", "--photorealistic"]
    assert impasto("paint", photos, *how, "-o", folder / "made").returncode == 0
    assert [file.name for file in sorted((folder / "made").iterdir())] == [f"photo-{n}.jpg" for n in range(3)]


def test_a_photo_of_a_single_pixel_is_one_still(folder: Path) -> None:
    (folder / "dot.png").write_bytes(encoded(np.full((1, 1, 3), 99, np.uint8)))
    how = ["--like", folder / "other.jpg", "--photorealistic"]
    assert impasto("paint", folder / "dot.png", *how, "-o", folder / "out.png").returncode == 0
    assert pixels(folder / "out.png").shape == (1, 1, 3)


def test_regions_say_how_much_and_like_which_part_and_are_in_the_recipe(folder: Path) -> None:
    out, again = folder / "out.png", folder / "again.png"
    mask = str(folder / "left.png")
    how = ["--like", folder / "other.jpg", "--photorealistic"]
    region = json.dumps({"mask": mask, "strength": 0})
    assert impasto("paint", folder / "one.png", *how, "--region", region, "-o", out).returncode == 0
    before = pixels(folder / "one.png")
    assert np.array_equal(pixels(out)[:, :24], before[:, :24]) and not np.array_equal(pixels(out), before)
    region = json.dumps({"mask": mask, "like": mask, "feather": 0.1})
    result = impasto("paint", folder / "one.png", *how, "--region", region, "-o", out)
    assert result.returncode == 0, result.stderr
    result = impasto("paint", folder / "one.png", "--recipe", out, "-o", again)
    assert np.array_equal(pixels(again), pixels(out)), result.stderr


def test_a_photo_in_a_style_stays_a_photo_and_its_recipe_says_so(
    folder: Path, tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path
) -> None:
    out, network = folder / "out.png", ["--checkpoint", tiny_checkpoint_file]
    how = ["--style", "great-wave", "--photorealistic", "--strength", "0.9"]
    assert impasto("paint", folder / "one.png", *how, "-o", out, *network).returncode == 0
    vector = tiny_checkpoint.styles.blend({"great-wave": 1})
    stylizer = Stylizer(tiny_checkpoint.network, device="cpu")
    picture = decode((folder / "one.png").read_bytes())
    expected = stylizer.stylize(picture, vector, strength=0.9, photorealistic=True)
    assert np.array_equal(pixels(out), expected.pixels.numpy())
    assert Recipe.of(out.read_bytes()).photorealistic
    assert "--photorealistic" in impasto("recipe", out).stdout
    again = folder / "again.png"
    assert impasto("paint", folder / "one.png", "--recipe", out, "-o", again, *network).stderr == ""
    assert again.read_bytes() == out.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--like", "other.jpg"], "say so with --photorealistic"),
        (["--like", "other.jpg", "--photorealistic", "--style", "klimt-the-kiss"], "or --like, perhaps with --region"),
        (["--like", "other.jpg", "--photorealistic", "--all"], "or --like, perhaps with --region"),
        (["--like", "other.jpg", "--photorealistic", "--small"], "leave --small, --stroke, --statistics out"),
        (["--like", "none.jpg", "--photorealistic"], "--like none.jpg: No such file"),
        (["--like", ".", "--photorealistic"], "--like .: Is a directory"),
        (["--like", "text.jpg", "--photorealistic"], "like: the data is no picture"),
        (["--like", "other.jpg", "--photorealistic", "--region", "left.png=klimt-the-kiss"], "region 1: weights:"),
        (["--like", "other.jpg", "--photorealistic", "--region", '{"mask": "left.png", "like": "no.png"}'], "no.png"),
        (["--style", "klimt-the-kiss", "--region", '{"mask": "left.png"}'], "region 1: weights: name styles"),
        (["--recipe", "r.json", "--photorealistic"], "--recipe decides on"),
    ],
)
def test_wrong_arguments_end_in_one_clear_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], fault: str
) -> None:
    monkeypatch.chdir(folder)
    (folder / "text.jpg").write_text("no picture")
    result = impasto("paint", "one.png", *arguments, "-o", "out.png")
    assert result.returncode == 1 and fault in result.stderr and "Traceback" not in result.stderr
    assert not (folder / "out.png").exists()
