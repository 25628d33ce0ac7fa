"""Whole files, from bytes to bytes."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import av
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.model.errors import DiskFull, InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.images import TooSmall
from impasto.model.pictures.picture import Picture
from impasto.model.video import painting
from impasto.model.video.clip import Clip, NotAVideo, UnsupportedVideo, VideoError, VideoTooLong
from impasto.model.video.config import Limits, MotionConfig
from impasto.model.video.continuity import Continuity
from impasto.model.video.film_pieces import even
from impasto.model.video.painting import open_video, paint_video, pieces_of
from tests.films import film, moving, panned, pictures, shown, sound

ANY = Limits(seconds=60, frames=500, pixels=10**6)

Paint = Callable[..., Path]


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer.of(tiny_checkpoint, device="cpu", precision="float32")


@pytest.fixture
def paint(stylizer: Stylizer, tiny_checkpoint: Checkpoint, tmp_path: Path) -> Paint:
    vectors = tiny_checkpoint.styles.vectors

    def paint(source: Path, name: str = "out.mp4", *, strength: float = 1.0, told: str = "", progress=None) -> Path:  # type: ignore[no-untyped-def]
        continuity = Continuity(stylizer, MotionConfig(), strength=strength)
        paint_video(
            source,
            open_video(source, ANY),
            tmp_path / name,
            continuity,
            lambda share: torch.lerp(vectors[0], vectors[1], share),
            told=told,
            progress=None if progress is None else lambda done, _: progress(done),
        )
        return tmp_path / name

    return paint


def count(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1))


def smooth(count: int, height: int = 48, width: int = 64) -> list[Tensor]:
    """Frames whose colours chroma of half the size loses little of."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return [torch.stack([4 * rows, 2 * columns + 50, 60 + rows + columns], dim=-1).byte()] * count


def close(one: Tensor, other: Tensor) -> float:
    """Mean difference in grey levels."""
    return (one.float() - other.float()).abs().mean().item()


def test_every_frame_is_shown_when_it_was_and_the_sound_is_the_same_to_the_byte(paint: Paint, tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", panned(7), times=[0, 20, 80, 180, 200, 260, 400], sound="aac")
    out = paint(source)
    assert shown(out) == shown(source)
    assert sound(out) == sound(source) != b""
    assert not (tmp_path / "out.mp4.pieces").exists()


@pytest.mark.parametrize(("name", "voice"), [("out.mov", "aac"), ("out.mkv", "aac"), ("out.webm", "libopus")])
def test_other_containers_hold_it_too(paint: Paint, tmp_path: Path, name: str, voice: str) -> None:
    source = film(tmp_path / "in.mkv", panned(3), sound=voice)
    out = paint(source, name)
    assert sound(out) == sound(source) != b""
    with av.open(out) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 48)
        assert sum(1 for _ in container.decode(video=0)) == 3


@pytest.mark.parametrize("whole_range", [False, True], ids=["of television", "of computers"])
@pytest.mark.parametrize("format", ["yuv420p", "yuv444p10le"])
def test_colours_come_through_in_every_range_and_depth(
    paint: Paint, tmp_path: Path, whole_range: bool, format: str
) -> None:
    colours = torch.tensor([[255, 255, 255], [0, 0, 0], [200, 40, 40], [40, 60, 200]], dtype=torch.uint8)
    frame = colours.repeat_interleave(16, dim=0)[None].expand(48, 64, 3).contiguous()
    source = film(tmp_path / "in.mkv", [frame], format=format, whole_range=whole_range)
    (painted,) = pictures(paint(source, strength=0.0))
    assert (painted[24, 8::16].int() - colours.int()).abs().max() <= 6
    (read,) = [each.picture.pixels for each in open_video(source, ANY).frames()]
    assert (read[24, 8::16].int() - colours.int()).abs().max() <= 4


@pytest.mark.parametrize("turned", [90, 180, -90])
def test_a_film_that_was_held_upright_is_painted_upright(paint: Paint, tmp_path: Path, turned: int) -> None:
    (frame,) = smooth(1)
    out = pictures(paint(film(tmp_path / "in.mp4", [frame], turned=turned), strength=0.0))[0]
    expected = torch.from_numpy(np.rot90(frame.numpy(), turned // 90).copy())
    assert out.shape == expected.shape
    assert close(out, expected) < 4


def test_pixels_that_are_not_square_stay_so(paint: Paint, tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", panned(2), sample_aspect_ratio=Fraction(4, 3))
    with av.open(paint(source)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_odd_sides_become_even_by_their_last_row_and_column_once_more(paint: Paint, tmp_path: Path) -> None:
    frames = smooth(2, height=47, width=63)
    source = film(tmp_path / "in.mkv", frames, format="yuv444p")
    out = pictures(paint(source, strength=0.0))
    assert out[0].shape == (48, 64, 3)
    assert close(out[0][:47, :63], frames[0]) < 4
    assert even(Picture(frames[0]))[47, 63].equal(frames[0][46, 62])


def test_it_moves_from_one_style_to_the_other(paint: Paint, tmp_path: Path, stylizer: Stylizer) -> None:
    counted: list[int] = []
    out = paint(film(tmp_path / "in.mp4", panned(1) * 5), progress=counted.append)
    frames = pictures(out)
    assert counted == [1, 2, 3, 4, 5]
    assert all(close(one, other) > 0.2 for one, other in pairwise(frames))
    assert close(frames[0], frames[-1]) > close(frames[0], frames[1])


class Stopped(Exception):
    pass


def test_stopped_in_the_middle_it_goes_on_and_comes_to_the_same(
    paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "PIECE", 4)
    source = film(tmp_path / "in.mp4", panned(11), sound="aac")
    expected = pictures(paint(source, "whole.mp4"))

    def stop(done: int) -> None:
        if done == 7:
            raise Stopped

    with pytest.raises(Stopped):
        paint(source, progress=stop)
    assert not (tmp_path / "out.mp4").exists()
    painted_again: list[int] = []
    out = paint(source, progress=painted_again.append)
    assert painted_again == [5, 6, 7, 8, 9, 10, 11]
    assert [frame.equal(other) for frame, other in zip(pictures(out), expected, strict=True)] == [True] * 11
    assert shown(out) == shown(source) and sound(out) == sound(source)


def test_pieces_of_another_painting_are_not_gone_on_from(
    paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "PIECE", 2)
    source = film(tmp_path / "in.mp4", panned(4))

    def stop(done: int) -> None:
        if done == 3:
            raise Stopped

    with pytest.raises(Stopped):
        paint(source, told="strength 1", progress=stop)
    with pytest.raises(InvalidValue, match=r"out\.mp4\.pieces has pieces of another painting; remove it"):
        paint(source, told="strength 0.5")


def test_a_full_disk_loses_nothing_that_was_painted(
    paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "PIECE", 3)
    source = film(tmp_path / "in.mp4", panned(9))
    full = True

    def fill(done: int) -> None:
        if done == 8 and full:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match=r"the disk is full; what is painted is kept in .*out\.mp4\.pieces"):
        paint(source, progress=fill)
    full = False
    painted_again: list[int] = []
    paint(source, progress=painted_again.append)
    assert painted_again == [7, 8, 9]


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.png", "out.avif"])
def test_a_moving_picture_becomes_one_of_any_format(paint: Paint, tmp_path: Path, name: str) -> None:
    source = moving(tmp_path / "in.gif", panned(4, step=9), duration=[40, 200, 60, 100], loop=3)
    out = paint(source, name)
    with Image.open(out) as image:
        assert (count(image), image.size) == (4, (64, 48))
        durations = []
        for number in range(4):
            image.seek(number)
            image.load()
            durations.append(image.info["duration"])
        assert durations == [40, 200, 60, 100]
        repeated = {"out.gif": 3, "out.avif": None}.get(name, 4)  # a GIF's first time is not counted
        assert image.info.get("loop") == repeated


def test_a_moving_picture_without_an_end_to_its_frames_is_shown_as_browsers_do(tmp_path: Path) -> None:
    source = moving(tmp_path / "in.gif", panned(3, step=9), duration=0)
    assert open_video(source, ANY).clip.times == (0, 100, 200)


def test_transparent_moving_pictures_stay_so_and_are_white_in_films(paint: Paint, tmp_path: Path) -> None:
    clear = [torch.cat([frame, torch.full((48, 64, 1), 0, dtype=torch.uint8)], dim=-1) for frame in panned(2, step=9)]
    for frame in clear:
        frame[:, 20:, 3] = 255
    source = moving(tmp_path / "in.webp", clear, lossless=True, duration=100)
    with Image.open(paint(source, "out.png")) as image:
        image.seek(1)
        alpha = np.array(image.convert("RGBA"))[..., 3]
        assert (alpha[:, :20] == 0).all() and (alpha[:, 20:] == 255).all()
    assert pictures(paint(source))[0][:, 2:16].min() > 240


def test_films_become_moving_pictures_and_these_films(paint: Paint, tmp_path: Path) -> None:
    gif = paint(film(tmp_path / "in.mp4", panned(3, step=9), sound="aac"), "out.gif")
    with Image.open(gif) as image:
        assert count(image) == 3
    assert shown(paint(gif, "again.mp4")) == [0, Fraction(1, 25), Fraction(2, 25)]


def refused(path: Path, kind: type[Exception], match: str, limits: Limits = ANY) -> None:
    with pytest.raises(kind, match=match):
        open_video(path, limits)


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    refused(tmp_path / "text.mp4", NotAVideo, r"text\.mp4 is no film, or a broken one")
    (tmp_path / "empty.mp4").touch()
    refused(tmp_path / "empty.mp4", NotAVideo, r"empty\.mp4 is no film, or a broken one")
    Image.new("RGB", (64, 48)).save(tmp_path / "still.png")
    refused(tmp_path / "still.png", UnsupportedVideo, "a single picture; `impasto paint` paints it")
    with pytest.raises(FileNotFoundError):
        open_video(tmp_path / "nowhere.mp4", ANY)


def test_a_file_without_a_picture_is_refused(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", panned(3), sound="aac")
    with av.open(whole) as source, av.open(tmp_path / "voice.mp4", "w") as voice:
        stream = voice.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                voice.mux(packet)
    refused(tmp_path / "voice.mp4", NotAVideo, "has no picture, only sound")


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
def test_a_film_that_is_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    options = {"movflags": "faststart"} if name == "in.mp4" else {}
    frames = [torch.randint(256, (48, 64, 3)).byte() for _ in range(75)]
    whole = film(tmp_path / "plain.mkv", frames)
    with av.open(whole) as source, av.open(tmp_path / name, "w", options=options) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 3])
    refused(tmp_path / name, NotAVideo, "cut short|broken")


def test_a_film_that_begins_late_is_whole(tmp_path: Path) -> None:
    whole = film(tmp_path / "whole.mp4", panned(20))
    with av.open(whole) as source, av.open(tmp_path / "late.mkv", "w") as late:
        stream = late.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.pts is not None:
                packet.stream = stream
                packet.pts, packet.dts = packet.pts + 80000, packet.dts + 80000  # five seconds
                late.mux(packet)
    assert len(open_video(tmp_path / "late.mkv", ANY).clip.times) == 20


def test_titles_in_any_encoding_do_no_harm(paint: Paint, tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", panned(2), sound="aac", title="cafe ol")
    source.write_bytes(source.read_bytes().replace(b"cafe ol", b"caf\xe9 ol"))
    assert sound(paint(source)) != b""


def test_a_broken_moving_picture_names_its_frame(tmp_path: Path) -> None:
    random = torch.Generator().manual_seed(0)
    frames = [torch.randint(256, (48, 64, 3), generator=random).byte() for _ in range(4)]
    source = moving(tmp_path / "in.webp", frames, lossless=True)
    data = bytearray(source.read_bytes())
    begins = [at for at in range(len(data)) if data[at : at + 4] == b"VP8L"]
    data[begins[2] + 40 : begins[2] + 900] = bytes(860)
    source.write_bytes(data)
    refused(source, NotAVideo, r"in\.webp is cut short or broken at frame 3")


def test_a_moving_picture_that_is_cut_anywhere_is_told_in_words(tmp_path: Path) -> None:
    whole = moving(tmp_path / "whole.gif", panned(3, step=9)).read_bytes()
    for length in range(13, len(whole), 97):
        (tmp_path / "in.gif").write_bytes(whole[:length])
        with suppress(VideoError):
            open_video(tmp_path / "in.gif", ANY)


@pytest.mark.parametrize("rate", [30, 60])
def test_a_film_as_a_gif_takes_as_long_as_it_did(paint: Paint, tmp_path: Path, rate: int) -> None:
    times = [round(1000 * number / rate) for number in range(rate // 2)]
    gif = paint(film(tmp_path / "in.mkv", panned(len(times), step=9), times=times), "out.gif")
    with Image.open(gif) as image:
        durations = []
        for number in range(count(image)):
            image.seek(number)
            durations.append(image.info["duration"])
    assert min(durations) >= 20
    assert sum(durations) == pytest.approx(500, abs=30)


def test_what_a_png_shows_where_it_stands_still_is_no_frame(tmp_path: Path) -> None:
    frames = panned(3, step=9)
    first, *others = [Image.fromarray(frame.numpy()) for frame in frames]
    first.save(tmp_path / "in.png", save_all=True, append_images=others, default_image=True, duration=50)
    source = open_video(tmp_path / "in.png", ANY)
    assert source.clip.times == (0, 50)
    assert all(frame.picture.pixels.equal(each) for frame, each in zip(source.frames(), frames[1:], strict=True))


def test_films_of_high_dynamic_range_are_refused_by_name(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv", panned(2), codec="libx265", format="yuv420p10le", color_trc=16)
    refused(source, UnsupportedVideo, r"high dynamic range, PQ \(HDR10\)")


def test_what_is_too_long_or_too_large_is_refused_before_it_begins(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", panned(10))
    refused(source, VideoTooLong, r"takes 0:00 min; at most 0:00 min are painted", Limits(0.2, 100, 10**6))
    refused(source, VideoTooLong, "has 10 frames; at most 9 are painted", Limits(9, 9, 10**6))
    refused(source, VideoTooLong, "frames of 64 × 48 pixels; at most 3,000", Limits(9, 100, 3000))
    hours = film(tmp_path / "hours.mp4", panned(2), times=[0, 4 * 3600 * 1000])
    refused(hours, VideoTooLong, "takes 4:00:00 h; at most 1:00 min")
    small = film(tmp_path / "small.mp4", panned(2, height=30, width=64))
    refused(small, TooSmall, "frames are 64 × 30 pixels")


def test_what_cannot_be_written_is_told_before_anything_is_painted(paint: Paint, tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", panned(2), sound="aac")

    def never(done: int) -> NoReturn:
        raise AssertionError("it was begun")

    with pytest.raises(UnsupportedVideo, match=r"out\.txt: films are written as \.mp4, .*\.avif"):
        paint(source, "out.txt", progress=never)
    with pytest.raises(UnsupportedVideo, match=r"\.webm does not hold sound in aac; write a \.mkv or a \.mov"):
        paint(source, "out.webm", progress=never)


def test_a_moving_picture_that_memory_does_not_hold_is_told_to_be_a_film(paint: Paint, tmp_path: Path) -> None:
    clip = Clip((1920, 1080), tuple(range(200)), 200, Fraction(1, 25), Fraction(25))
    with pytest.raises(VideoTooLong, match=r"200 frames of 1920 × 1080 pixels are too many for a \.gif; write a film"):
        pieces_of(tmp_path / "in.mp4", clip, tmp_path / "out.gif")


def test_a_clip_knows_how_far_into_it_a_time_is() -> None:
    clip = Clip((64, 48), (10, 20, 50), 60, Fraction(1, 10), Fraction(1))
    assert [clip.share(time) for time in (0, 10, 30, 50, 99)] == [0, 0, 0.5, 1, 1]
    assert clip.seconds == 5
    assert Clip((64, 48), (10,), 20, Fraction(1, 10), Fraction(1)).share(10) == 0
