"""Films and moving pictures as tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.audio.stream import AudioStream
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from PIL import Image
from torch import Tensor

from tests.pictures import photo

MILLISECOND = Fraction(1, 1000)
RATE = 8000
"""Of the sound, in hertz."""


def panned(count: int, *, height: int = 48, width: int = 64, step: int = 3) -> list[Tensor]:
    """Frames (H, W, 3) of uint8: a photo over which the camera moves, so many pixels a frame."""
    whole = torch.from_numpy(np.array(photo(height=height, width=width + step * count)))
    return [whole[:, step * number : step * number + width].contiguous() for number in range(count)]


def film(
    path: Path,
    frames: Sequence[Tensor],
    *,
    times: Sequence[int] = (),
    sound: str = "",
    title: str = "",
    turned: int = 0,
    codec: str = "libx264",
    format: str = "yuv420p",
    whole_range: bool = False,
    **options: Any,
) -> Path:
    """A film of frames, shown at so many milliseconds each. sound: its codec. options: attributes of the picture's."""
    shown = times or range(0, 40 * len(frames), 40)
    height, width = frames[0].shape[:2]
    with av.open(path, "w") as container:
        stream = container.add_stream(codec, rate=25, options={"crf": "10"})
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt, context.time_base = width, height, format, MILLISECOND
        context.color_range, context.colorspace = ColorRange.JPEG if whole_range else ColorRange.MPEG, Colorspace.ITU709
        for name, value in options.items():
            setattr(context, name, value)
        if turned:
            stream.set_display_rotation(turned)
        container.metadata["title"] = title
        voice = container.add_stream(sound, rate=RATE, layout="mono") if sound else None
        for pixels, time in zip(frames, shown, strict=True):
            frame = av.VideoFrame.from_ndarray(pixels.numpy(), format="rgb24").reformat(
                format=format,
                src_color_range=ColorRange.JPEG,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=context.color_range,
            )
            frame.pts, frame.time_base = time, MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if isinstance(voice, AudioStream):
            _sing(container, voice, shown[-1] + 40)
    return path


def _sing(container: av.container.OutputContainer, voice: AudioStream, milliseconds: int) -> None:
    for first in range(0, RATE * milliseconds // 1000, 1024):
        wave = (8000 * np.sin(np.arange(first, first + 1024) / RATE * 2 * np.pi * 440)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, first, Fraction(1, RATE)
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


def pictures(path: Path) -> list[Tensor]:
    """The frames of a film, (H, W, 3) of uint8."""
    with av.open(path) as container:
        return [torch.from_numpy(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]


def moving(path: Path, frames: Sequence[Tensor], **options: Any) -> Path:
    """A moving picture of frames (H, W, 3) or with alpha (H, W, 4)."""
    first, *others = [Image.fromarray(frame.numpy()) for frame in frames]
    first.save(path, save_all=True, append_images=others, **options)
    return path
