"""The command, run as a user runs it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from safetensors import safe_open

from impasto.model.video.painting import STATE
from tests.commands import Result, impasto
from tests.films import film, panned, pictures, shown, sound
from tests.processes import command

Video = Callable[..., Result]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return film(tmp_path / "in.mp4", panned(6), sound="aac")


@pytest.fixture
def video(tiny_checkpoint_file: Path) -> Video:
    def video(*arguments: str | Path) -> Result:
        return impasto("video", *arguments, "--checkpoint", tiny_checkpoint_file)

    return video


def test_a_film_is_painted_in_a_blend(video: Video, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.mp4"
    result = video(clip, "--style", "starry-night=0.7", "great-wave=0.3", "--flow", "-o", out)
    assert result.returncode == 0, result.stderr
    assert shown(out) == shown(clip) and sound(out) == sound(clip)
    assert not pictures(out)[0].equal(pictures(clip)[0])


def test_it_moves_from_one_style_to_another(video: Video, clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    result = video(clip, "--from", "starry-night", "--to", "great-wave=0.5", "the-scream=0.5", "-o", out)
    assert result.returncode == 0, result.stderr
    assert len(pictures(out)) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either --style, or both --from and --to"),
        (["--from", "starry-night"], "give either --style, or both --from and --to"),
        (["--style", "nobody"], "nobody"),
        (["--style", "starry-night", "--longest", "0.1"], "takes 0:00 min; at most 0:00 min are painted"),
        (["--style", "starry-night", "--strength", "2"], "strength is between 0 and 1"),
    ],
)
def test_what_cannot_work_is_told_in_a_line(
    video: Video,
    clip: Path,
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    result = video(clip, *arguments, "-o", tmp_path / "out.mp4")
    assert result.returncode == 1
    assert message in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_a_film_is_not_overwritten_by_its_painting(video: Video, clip: Path) -> None:
    result = video(clip, "--style", "starry-night", "-o", clip)
    assert result.returncode == 1 and "would overwrite the film" in result.stderr


def test_killed_it_goes_on(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    clip = film(tmp_path / "in.mkv", panned(160, height=96, width=128, step=1))
    out = tmp_path / "out.mkv"
    arguments = ["video", clip, "--style", "starry-night", "-o", out, "--checkpoint", tiny_checkpoint_file]
    video = partial(command, *map(str, arguments), settings={}, errors=tmp_path / "errors")
    state = tmp_path / "out.mkv.pieces" / STATE
    process = video()
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not out.exists()
    with safe_open(state, "pt") as kept:
        assert int(kept.metadata()["frames"]) >= 48
    assert video().wait() == 0, (tmp_path / "errors").read_text("utf-8")
    assert shown(out) == shown(clip)
    assert not state.exists()
