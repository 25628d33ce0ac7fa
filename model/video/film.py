"""Films, read by FFmpeg: MP4, MOV, Matroska, WebM, AVI, MPEG and others that hold frames themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
import torch
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.reformatter import ColorRange, Colorspace, ColorTrc, Interpolation
from av.video.stream import VideoStream

from impasto.model.pictures.picture import Picture
from impasto.model.video.clip import Clip, Frame, NotAVideo, UnsupportedVideo, check_length, check_size
from impasto.model.video.config import Limits

HIGH_DYNAMIC_RANGE = {ColorTrc.SMPTE2084: "PQ (HDR10)", ColorTrc.ARIB_STD_B67: "HLG"}
READABLE: Final = {
    "format_whitelist": "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv,nut,rm,yuv4mpegpipe,wav,mp3,aac,flac",
    "protocol_whitelist": "file",
}
"""What FFmpeg may take a file for: others, such as playlists, name further files, which it would read too."""
LEAST_OF_HD: Final = 720
"""Rows from which on colours are those of HD where the file does not say: as players have it."""
MARGIN: Final = 2
"""Times the pixels that a frame may have, which are decoded: more are coded than shown. What begins small may grow."""
EXACT: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""How colours are converted: else they differ by where in the memory they happen to lie."""
MISSING = 1.0
"""Seconds by which a file may be shorter than it says."""
DEFAULT_RATE = Fraction(25)


class Film:
    """A film's file. Raises NotAVideo, UnsupportedVideo; VideoTooLong, TooSmall as soon as it is known."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._most = path, limits.pixels
        with self._open() as (container, stream):
            if stream.codec_context is None:
                raise UnsupportedVideo(f"{path}: there is no decoder for its picture")
            check_size((stream.width, stream.height), limits, path)
            announced = (container.duration or 0) / av.time_base
            check_length(announced, stream.frames, limits, path)
            if kind := HIGH_DYNAMIC_RANGE.get(stream.codec_context.color_trc):  # type: ignore[call-overload]
                raise UnsupportedVideo(
                    f"{path} is a film of high dynamic range, {kind}, whose colours a painting cannot hold; convert it "
                    "first, as with ffmpeg's filter `tonemap`"
                )
            rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
            if stream.time_base is None:
                raise NotAVideo(f"{path}: the film does not say when its frames are shown")
            self._step = max(1, round(1 / rate / stream.time_base))
            packets, times, end, there = _looked_through(container, stream, self._step, limits, path)
            if not times:
                raise NotAVideo(f"{path} has no frames")
            listed = min(stream.frames, len(stream.index_entries)) if "mov" in container.format.name else 0
            if packets < listed or there < announced - MISSING:
                raise NotAVideo(f"{path} is cut short: {packets} of its {listed or 'many'} frames are there")
            aspect = stream.sample_aspect_ratio or Fraction(1)
            time_base, sound = stream.time_base, tuple(each.codec_context.name for each in sounds(container))
        first = self._first()
        turned, self._size = first.rotation % 180 == 90, (first.width, first.height)
        self.clip = Clip(
            size=self._size[::-1] if turned else self._size,
            times=tuple(times),
            end=end,
            time_base=time_base,
            rate=rate,
            sound=sound,
            pixel_aspect=1 / aspect if turned else aspect,
        )

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """As `Source.frames`."""
        time = self.clip.times[0] - self._step
        with self._open() as (container, stream):
            stream.thread_type = "AUTO"
            for number, frame in enumerate(container.decode(stream)):
                time = max(time + 1, frame.pts if frame.pts is not None else time + self._step)
                if number >= first:
                    yield Frame(Picture(_pixels(frame, self._size)), time)

    def _first(self) -> av.VideoFrame:
        with self._open() as (container, stream):
            for frame in container.decode(stream):
                return frame
        raise NotAVideo(f"{self._path}: none of its frames can be decoded")

    @contextmanager
    def _open(self) -> Iterator[tuple[InputContainer, VideoStream]]:
        try:
            with opened(self._path) as container:
                streams = [each for each in container.streams.video if not _is_cover(each)]
                if not streams:
                    raise NotAVideo(
                        f"{self._path} has no picture" + (", only sound" if container.streams.audio else "")
                    )
                if streams[0].codec_context is not None:
                    streams[0].codec_context.options = {"max_pixels": str(MARGIN * self._most)}
                yield container, streams[0]
        except av.error.FFmpegError as error:
            if isinstance(error, FileNotFoundError | PermissionError):
                raise
            raise NotAVideo(f"{self._path} is no film, or a broken one ({error.strerror})") from error


def opened(path: Path) -> InputContainer:
    """A film's file, of which nothing is read but its header."""
    return av.open(path, options=READABLE, metadata_errors="replace")


def sounds(container: InputContainer) -> list[AudioStream]:
    """The sound of a film, as far as it is in a format that is known here."""
    return [each for each in container.streams.audio if each.codec_context is not None]  # type: ignore[redundant-expr]


def _looked_through(
    container: InputContainer, stream: VideoStream, step: int, limits: Limits, path: Path
) -> tuple[int, list[int], int, float]:
    """How many packets the picture has, when each of its frames is shown, when the last one ends, and how many seconds
    are there of all that plays together; without decoding anything.

    step: from one frame to the next, where the file does not say. Raises VideoTooLong.
    """
    times: list[int] = []
    packets, end, start, latest = 0, 0, 0.0, 0.0
    for packet in container.demux(stream, *sounds(container)):
        shown = packet.stream_index == stream.index
        packets += shown and packet.dts is not None
        time = packet.pts if packet.pts is not None else packet.dts
        if packet.size == 0 or packet.is_discard or packet.time_base is None:  # not shown, as before an edit begins
            continue
        if shown:
            if time is None:
                time = times[-1] + step if times else 0
            times.append(time)
            end = max(end, time + (packet.duration or step))
            check_length(0, len(times), limits, path)
        if time is not None:
            start = min(start, float(time * packet.time_base))
            latest = max(latest, float((time + (packet.duration or 0)) * packet.time_base))
    return packets, sorted(times), end, latest - start


def _is_cover(stream: VideoStream) -> bool:
    """A picture that goes with sound."""
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _pixels(frame: av.VideoFrame, size: tuple[int, int]) -> torch.Tensor:
    """(H, W, 3) of uint8, the right way up. size: width and height of the film, which not all its frames need have."""
    usual = Colorspace.ITU709 if frame.height >= LEAST_OF_HD else Colorspace.ITU601
    whole = frame.format.is_rgb or frame.format.name.startswith("yuvj")
    rgb = frame.reformat(
        *size,
        format="rgb24",
        interpolation=EXACT,
        src_colorspace=frame.colorspace if frame.colorspace in list(Colorspace) else usual,
        src_color_range=ColorRange.JPEG if whole else frame.color_range or ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    ).to_ndarray()
    return torch.from_numpy(np.ascontiguousarray(np.rot90(rgb, frame.rotation // 90)))
