"""Films and moving pictures as tests make them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import torch
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from PIL import Image
from torch import Tensor

from tests.pictures import photo

File = TypeVar("File", Path, io.BytesIO)

MILLISECOND = Fraction(1, 1000)
RATE = 10
"""Frames a second of `filmed`."""
HERTZ = 8000
"""Of the sound."""


def panned(count: int, *, height: int = 48, width: int = 64, step: int = 3) -> list[Tensor]:
    """Frames (H, W, 3) of uint8: a photo over which the camera moves, so many pixels a frame."""
    whole = torch.from_numpy(np.array(photo(height=height, width=width + step * count)))
    return [whole[:, step * number : step * number + width].contiguous() for number in range(count)]


def film(
    file: File,
    frames: Sequence[Tensor],
    *,
    times: Sequence[int] = (),
    time_base: Fraction = MILLISECOND,
    sound: str = "",
    title: str = "",
    turned: int = 0,
    codec: str = "libx264",
    format: str = "yuv420p",
    whole_range: bool = False,
    container: str | None = None,
    **options: Any,
) -> File:
    """A film of frames, and when each is shown; the file.

    container: of the film; None: as its name ends. sound: its codec. options: attributes of the picture's.
    """
    shown = times or range(0, 40 * len(frames), 40)
    height, width = frames[0].shape[:2]
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(codec, rate=25, options={"crf": "10"})
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt, context.time_base = width, height, format, time_base
        context.color_range, context.colorspace = ColorRange.JPEG if whole_range else ColorRange.MPEG, Colorspace.ITU709
        for name, value in options.items():
            setattr(context, name, value)
        if turned:
            stream.set_display_rotation(turned)
        written.metadata["title"] = title
        voice = written.add_stream(sound, rate=HERTZ, layout="mono") if sound else None
        for pixels, time in zip(frames, shown, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels.numpy(), format="rgb24").reformat(
                format=format,
                src_color_range=ColorRange.JPEG,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=context.color_range,
            )
            frame.pts, frame.time_base = time, time_base
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))
        if isinstance(voice, AudioStream):
            _sing(written, voice, round(shown[-1] * time_base / MILLISECOND) + 40)
    return file


def filmed(
    count: int = 10, *, width: int = 64, height: int = 48, container: str = "mp4", sound: str = "", hdr: bool = False
) -> bytes:
    """A film as a file. hdr: as if of high dynamic range."""
    frames, file = panned(count, height=height, width=width), io.BytesIO()
    light: dict[str, Any] = {"color_trc": ColorTrc.SMPTE2084} if hdr else {}
    film(file, frames, times=range(count), time_base=Fraction(1, RATE), container=container, sound=sound, **light)
    return file.getvalue()


def _sing(container: av.container.OutputContainer, voice: AudioStream, milliseconds: int) -> None:
    for first in range(0, HERTZ * milliseconds // 1000, 1024):
        wave = (8000 * np.sin(np.arange(first, first + 1024) / HERTZ * 2 * np.pi * 440)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = HERTZ, first, Fraction(1, HERTZ)
        container.mux(voice.encode(frame))
    container.mux(voice.encode(None))


def shown(path: Path) -> list[Fraction]:
    """When each frame of a film is shown, in seconds."""
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
        return sorted(packet.pts * packet.time_base for packet in packets if packet.pts is not None)


def sound(path: Path) -> bytes:
    """The sound of a film as it is encoded."""
    with av.open(path) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


def pictures(film: Path | bytes) -> list[Tensor]:
    """The frames of a film, (H, W, 3) of uint8."""
    with av.open(io.BytesIO(film) if isinstance(film, bytes) else film, "r") as container:
        return [torch.from_numpy(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def moving(file: File, frames: Sequence[Tensor], **options: Any) -> File:
    """A moving picture of frames (H, W, 3) or with alpha (H, W, 4)."""
    first, *others = [Image.fromarray(frame.numpy()) for frame in frames]
    first.save(file, save_all=True, append_images=others, **options)
    return file


def animated(count: int = 4, *, format: str = "GIF") -> bytes:
    """A picture that moves, as a file."""
    return moving(io.BytesIO(), panned(count), format=format, duration=100, loop=0).getvalue()
