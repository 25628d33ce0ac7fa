"""Films that are made, not stored."""

from __future__ import annotations

import io
from collections.abc import Iterator

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.reformatter import ColorTrc
from av.video.stream import VideoStream
from PIL import Image

from tests.pictures import Pixels

RATE = 10
"""Frames a second."""


def frames(count: int, *, width: int = 64, height: int = 48) -> Iterator[Pixels]:
    """A bright column that goes from left to right over a slope of colours."""
    for number in range(count):
        pixels = np.zeros((height, width, 3), np.uint8)
        pixels[..., 0] = np.linspace(0, 200, width)
        pixels[..., 1] = np.linspace(0, 200, height)[:, None]
        pixels[:, 2 * number % width :][:, :8] = 255
        yield pixels


def film(
    count: int = 10, *, width: int = 64, height: int = 48, format: str = "mp4", sound: str = "", hdr: bool = False
) -> bytes:
    """A film as a file. sound: its codec. hdr: as if of high dynamic range."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as container:
        stream = container.add_stream("libx264", rate=RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if hdr:
            stream.codec_context.color_trc = ColorTrc.SMPTE2084
        heard = container.add_stream(sound, rate=8000, layout="mono") if sound else None
        for pixels in frames(count, width=width, height=height):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
        if isinstance(heard, AudioStream):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
            silence.sample_rate = 8000
            container.mux(heard.encode(silence))
            container.mux(heard.encode(None))
    return file.getvalue()


def animation(count: int = 4, *, format: str = "GIF") -> bytes:
    """A picture that moves, as a file."""
    file = io.BytesIO()
    first, *others = [Image.fromarray(pixels) for pixels in frames(count)]
    first.save(file, format, save_all=True, append_images=others, duration=100, loop=0)
    return file.getvalue()


def shown(data: bytes) -> list[Pixels]:
    """The frames of a film."""
    with av.open(io.BytesIO(data), "r") as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]
