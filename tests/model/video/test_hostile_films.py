"""Files that are made to have something else read, or more memory taken, than a film of theirs would."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from impasto.model.video.clip import NotAVideo, VideoTooLong
from impasto.model.video.config import Limits
from impasto.model.video.painting import open_video
from tests.films import animated, filmed

LIMITS = Limits(seconds=60, frames=100, pixels=100 * 100)


@pytest.mark.parametrize("format", ["mp4", "mov", "matroska", "avi", "mpegts", "flv"])
def test_the_kinds_of_film_that_cameras_write_are_read(tmp_path: Path, format: str) -> None:
    (tmp_path / "film").write_bytes(filmed(container=format))
    source = open_video(tmp_path / "film", LIMITS)
    assert (source.clip.size, len(source.clip.times), len([*source.frames()])) == ((64, 48), 10, 10)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n"),
        ("film", "ffconcat version 1.0\nfile other.ts\n"),
        ("film.sdp", "v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"),
    ],
)
def test_a_list_of_other_files_is_no_film(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "other.ts").write_bytes(filmed(container="mpegts"))
    (tmp_path / name).write_text(text)
    with pytest.raises(NotAVideo):
        open_video(tmp_path / name, LIMITS)


def test_a_film_whose_frames_grow_is_painted_in_its_first_size_and_only_while_they_are_not_too_large(
    tmp_path: Path,
) -> None:
    small, larger, huge = (filmed(50, width=width, height=48, container="mpegts") for width in (64, 128, 1024))
    (tmp_path / "growing").write_bytes(small + larger)
    source = open_video(tmp_path / "growing", LIMITS)
    assert source.clip.size == (64, 48)
    assert {frame.picture.size for frame in source.frames()} == {(64, 48)}
    (tmp_path / "bomb").write_bytes(small + huge)
    with pytest.raises((NotAVideo, VideoTooLong)):
        _ = [*open_video(tmp_path / "bomb", LIMITS).frames()]


def test_an_animation_of_a_size_that_is_too_large_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = animated()
    (tmp_path / "bomb.gif").write_bytes(data[:6] + struct.pack("<HH", 5000, 5000) + data[10:])
    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.load", None)
    with pytest.raises(VideoTooLong, match="5000 × 5000"):
        open_video(tmp_path / "bomb.gif", LIMITS)
