"""The command, run as a user runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting import stylizer as painting
from impasto.model.painting.memory import OutOfMemory
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.stylizer import Stylizer
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.pictures.images import decode
from impasto.model.pictures.picture import Picture
from impasto.scripts.main import INTERRUPTED
from impasto.scripts.paint import Arguments, run
from impasto.scripts.painting import find_targets
from impasto.scripts.pictures import STREAM
from tests.commands import Result, impasto
from tests.films import animated
from tests.pictures import encoded, opened, photo, write_photos
from tests.pictures import painting as canvas

ROOT = Path(__file__).parents[2]


def stylize(*arguments: str | Path) -> Result:
    return impasto("paint", *arguments)


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "one.jpg"
    path.write_bytes(encoded(photo(height=48, width=64), "JPEG"))
    return path


def test_a_photo_is_painted_in_a_blend(one: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    blend = ["--style", "starry-night=0.7", "great-wave=0.3"]
    result = stylize(one, *blend, "-o", tmp_path / "out.png", "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    painted = opened((tmp_path / "out.png").read_bytes())
    assert (painted.format, painted.size) == ("PNG", (64, 48))


def test_the_small_network_paints_where_it_is_asked_for_and_its_recipe_says_so(
    one: Path, tmp_path: Path, tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path
) -> None:
    out, again = tmp_path / "out.png", tmp_path / "again.png"
    checkpoint = "--checkpoint", tiny_checkpoint_file
    result = stylize(one, "--style", "starry-night", "--small", "-o", out, *checkpoint)
    assert result.returncode == 0, result.stderr
    small = tiny_checkpoint.of("small")
    expected = Stylizer(small.network, device="cpu").stylize(
        decode(one.read_bytes()), small.styles.blend({"starry-night": 1})
    )
    assert np.array_equal(np.asarray(opened(out.read_bytes())), expected.pixels.numpy())
    assert Recipe.of(out.read_bytes()).network_id == small.network_id
    assert stylize(one, "--recipe", out, "-o", again, *checkpoint).stderr == ""
    assert np.array_equal(np.asarray(opened(again.read_bytes())), expected.pixels.numpy())
    assert "--small" in impasto("recipe", out).stdout


def test_a_painting_is_given_along_and_its_recipe_needs_it_no_more(
    one: Path, tmp_path: Path, predicting_checkpoint_file: Path, tiny_checkpoint_file: Path
) -> None:
    out, again, given = tmp_path / "out.png", tmp_path / "again.png", tmp_path / "given.png"
    given.write_bytes(encoded(canvas()))
    predicting = "--checkpoint", predicting_checkpoint_file
    blend = "--painting", given, "--style", "starry-night=0.4", "painting=0.6"
    result = stylize(one, *blend, "-o", out, *predicting)
    assert result.returncode == 0, result.stderr
    recipe = Recipe.of(out.read_bytes())
    assert recipe.weights == {"starry-night": 0.4, "painting": 0.6} and recipe.painting
    given.unlink()
    assert stylize(one, "--recipe", out, "-o", again, "--checkpoint", tiny_checkpoint_file).stderr == ""
    assert np.array_equal(np.asarray(opened(again.read_bytes())), np.asarray(opened(out.read_bytes())))
    assert "--recipe" in impasto("recipe", out).stdout
    cases: list[tuple[list[str | Path], str]] = [
        (["--painting", given, *predicting], "given.png: No such file"),
        (["--painting", one, *predicting], "at least 128"),
        (["--painting", one, "--small", *predicting], "leave --small out"),
        (["--painting", "vector:AA", *predicting], "no style vector"),
    ]
    for arguments, reason in cases:
        refused = stylize(one, *arguments, "-o", tmp_path / "none.png")
        assert refused.returncode == 1 and reason in refused.stderr, refused.stderr
    given.write_bytes(encoded(canvas()))
    refused = stylize(one, "--painting", given, "-o", tmp_path / "none.png", "--checkpoint", tiny_checkpoint_file)
    assert "there is no predictor" in refused.stderr


def test_a_folder_is_painted_and_a_broken_photo_is_named(
    photos: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    output = tmp_path / "painted"
    result = stylize(photos, broken, "--style", "great-wave", "-o", output, "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 1
    assert "broken.jpg" in result.stderr and "1 of the photos" in result.stderr
    assert {path.name for path in output.iterdir()} == {path.name for path in photos.iterdir()}


def test_all_frames_of_photos_that_move_are_painted_and_others_as_always(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    still, clear, out = tmp_path / "still.gif", tmp_path / "small.gif", tmp_path / "out"
    still.write_bytes(encoded(photo(), "GIF"))
    clear.write_bytes(animated(3)[:-200])
    (tmp_path / "dance.gif").write_bytes(animated(4))
    photos = one, still, clear, tmp_path / "dance.gif"
    checkpoint = "--checkpoint", tiny_checkpoint_file
    result = stylize(*photos, "--style", "great-wave", "--frames", "all", "--size", "96", "-o", out, *checkpoint)
    assert result.returncode == 1 and "small.gif is cut short or broken at frame 3" in result.stderr
    assert {path.name for path in out.iterdir()} == {"dance.gif", "one.jpg", "still.png"}
    dance = opened((out / "dance.gif").read_bytes())
    assert (getattr(dance, "n_frames", 1), dance.size) == (4, (96, 72))


def test_all_styles_come_on_one_sheet(one: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    result = stylize(one, "--all", "--size", "64", "-o", tmp_path / "sheet.png", "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    sheet = np.asarray(opened((tmp_path / "sheet.png").read_bytes()))
    assert sheet.shape[1] > 6 * 64


def test_a_transparent_photo_is_white_on_a_sheet(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    transparent = np.dstack([np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64), np.uint8)])
    one, sheet = tmp_path / "one.png", tmp_path / "sheet.png"
    one.write_bytes(encoded(transparent))
    assert stylize(one, "--all", "--size", "64", "-o", sheet, "--checkpoint", tiny_checkpoint_file).returncode == 0
    pixels = np.asarray(opened(sheet.read_bytes()))
    assert (pixels[12 : 12 + 48] == 255).all()  # the first row of pictures, below the margin


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--style", "starry-nigh"], "did you mean starry-night"),
        (["--style", "starry-night=0.5"], "sum to 0.5"),
        (["--style", "starry-night=many"], "not a number"),
        (["--style", "starry-night", "--all"], "give --style, --painting or --region"),
        ([], "give --style, --painting or --region"),
        (["--style", "starry-night", "--device", "cuda:99"], "cuda:99"),
        (["--style", "starry-night", "--strength", "2"], "strength"),
        (["--style", "starry-night", "--stroke", "100"], "stroke is a number from 0.25 to 4, or native, not 100"),
        (["--style", "starry-night", "--stroke", "nan"], "not nan"),
        (["--style", "starry-night", "-o", "out.bmp"], ".bmp"),
        (["--style", "starry-night", "-o", "out.gif"], "pictures are written as .jpg, .jpeg, .png, .webp"),
        (["--style", "starry-night", "--frames", "all", "-o", "out.gif"], "it stands still"),
        (["--all", "--frames", "all"], "without regions, --all and --photorealistic"),
        (["--style", "starry-night", "--checkpoint", "none.safetensors"], "none.safetensors"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_arguments_end_in_one_clear_line(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path, arguments: list[str], fault: str
) -> None:
    defaults = ["-o", str(tmp_path / "out.png")] if "-o" not in arguments else []
    checkpoint = ["--checkpoint", str(tiny_checkpoint_file)] if "--checkpoint" not in arguments else []
    result = stylize(one, *arguments, *defaults, *checkpoint)
    assert result.returncode == 1
    assert fault in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_nothing_is_overwritten_by_accident(tmp_path: Path) -> None:
    first, second = write_photos(tmp_path / "a", 1), write_photos(tmp_path / "b", 1)
    with pytest.raises(InvalidValue, match="same name"):
        find_targets(Arguments((first, second), tmp_path / "out"))
    with pytest.raises(InvalidValue, match="overwrite a photo"):
        find_targets(Arguments((first,), first))
    with pytest.raises(InvalidValue, match="paint its own paintings"):
        run(Arguments((first,), first, style=("great-wave",), watch=True))
    with pytest.raises(InvalidValue, match="name no others"):
        find_targets(Arguments((STREAM, first), tmp_path / "out"))


def test_what_a_folder_has_already_is_left_unless_it_is_to_be_overwritten(
    tmp_path: Path, tiny_checkpoint_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, output = write_photos(tmp_path / "photos", 2), tmp_path / "painted"
    output.mkdir()
    (output / "photo-0.jpg").write_bytes(b"painted before")
    again = Arguments((photos,), output, style=("great-wave",), checkpoint=tiny_checkpoint_file, device="cpu")
    run(again)
    assert "1 of 2 are in" in capsys.readouterr().out
    assert (output / "photo-0.jpg").read_bytes() == b"painted before"
    assert opened((output / "photo-1.jpg").read_bytes()).format == "JPEG"
    run(replace(again, overwrite=True))
    assert opened((output / "photo-0.jpg").read_bytes()).format == "JPEG"


def test_the_bar_moves_within_a_picture_and_past_what_cannot_be_painted(
    tmp_path: Path, tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def visible(**options: object) -> tqdm[NoReturn]:
        bars.append(tqdm(**options | {"disable": False, "mininterval": 0}))  # type: ignore[call-overload]
        return bars[0]

    def in_quarters(
        self: Stylizer, picture: Picture, *_: object, progress: Callable[[float], None], **__: object
    ) -> Picture:
        first = not shown
        for share in (0.25,) if first else (0.25, 0.5, 0.75, 1.0):
            progress(share)
            shown.append(bars[0].n)
        if first:
            raise OutOfMemory("there is too little memory")
        return picture

    bars: list[tqdm[NoReturn]] = []
    shown: list[float] = []
    monkeypatch.setattr("impasto.scripts.painting.tqdm", visible)
    monkeypatch.setattr(Stylizer, "stylize", in_quarters)
    photos, output = write_photos(tmp_path / "photos", 2), tmp_path / "painted"
    result = stylize(photos, "--style", "great-wave", "-o", output, "--checkpoint", tiny_checkpoint_file)
    assert shown == [0.25, 1.25, 1.5, 1.75, 2.0]
    assert "photo-0.jpg: there is too little memory" in result.stderr and "1 of the photos" in result.stderr
    assert " 75%|" in result.stderr and " 1.5/2 [" in result.stderr and "picture" in result.stderr
    assert [file.name for file in output.iterdir()] == ["photo-1.jpg"]


def test_ctrl_c_in_the_middle_of_tiles_leaves_no_file(
    one: Path, tmp_path: Path, tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_tiles(*arguments: object, progress: Callable[[float], None], **options: object) -> object:
        def pressed(share: float) -> None:
            progress(share)
            shares.append(share)
            if share > 0.5:
                signal.raise_signal(signal.SIGINT)

        return paint_in_tiles(*arguments, progress=pressed, **options)  # type: ignore[arg-type]

    shares: list[float] = []
    monkeypatch.setattr(painting, "paint_in_tiles", in_tiles)
    monkeypatch.setattr(painting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(painting, "TILE", 16)
    output = tmp_path / "painted"
    result = stylize(one, "--style", "great-wave", "-o", output / "one.png", "--checkpoint", tiny_checkpoint_file)
    assert (result.returncode, result.stderr) == (INTERRUPTED, "impasto paint: stopped\n")
    assert len(shares) > 1 and shares[-1] < 1
    assert list(output.iterdir()) == []


def test_a_file_that_is_named_is_written_again(one: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    output = tmp_path / "out.png"
    output.write_bytes(b"painted before")
    run(Arguments((one,), output, style=("great-wave",), checkpoint=tiny_checkpoint_file, device="cpu"))
    assert opened(output.read_bytes()).format == "PNG"


def test_a_photo_goes_from_standard_input_to_standard_output(one: Path, tiny_checkpoint_file: Path) -> None:
    command = [sys.executable, "-m", "impasto", "paint", "-", "--style", "great-wave", "-o", "-"]
    command += ["--checkpoint", str(tiny_checkpoint_file)]
    result = subprocess.run(command, cwd=ROOT, input=one.read_bytes(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (opened(result.stdout).format, opened(result.stdout).size) == ("JPEG", (64, 48))


def test_watched_folders_are_painted_as_photos_come_and_change(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    photos, output = tmp_path / "photos", tmp_path / "painted"
    photos.mkdir()
    command = [sys.executable, "-m", "impasto", "paint", str(photos), "--style", "great-wave", "-o", str(output)]
    command += ["--watch", "--checkpoint", str(tiny_checkpoint_file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert "Ctrl-C" in process.stdout.readline()
        painted = output / "photo-0.jpg"
        for width in (64, 80):
            (photos / "photo-0.jpg").write_bytes(encoded(photo(height=48, width=width), "JPEG"))
            while not painted.exists() or opened(painted.read_bytes()).width != width:
                assert process.poll() is None
                time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == INTERRUPTED
        assert process.stderr.read() == "impasto paint: stopped\n"
