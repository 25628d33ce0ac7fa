"""Films as they are written: H.264 in MP4, MOV and Matroska, VP9 in WebM, with the sound of the film they come from.

A piece begins with a frame that needs no other, and no frame waits for a later one: so packets of one piece follow
those of another as they are.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import torch.nn.functional as F
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream
from torch import Tensor

from impasto.model.pictures.picture import Picture
from impasto.model.video.clip import Clip, Frame, UnsupportedVideo
from impasto.model.video.film import EXACT, opened, sounds
from impasto.model.video.pieces import read_times, write_times

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""A file's name -> how it is written."""
H264 = "libx264", {"crf": "17", "preset": "fast", "bf": "0"}
VP9 = "libvpx-vp9", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "5", "row-mt": "1"}
PIECE = "film.mp4"

AnyPacket: TypeAlias = "Packet[Any]"
Timed: TypeAlias = tuple[Fraction, int, AnyPacket]
"""When a packet is due, in seconds; what decides between two that are due at once; the packet."""


class FilmPieces:
    """`Pieces` of a film. Raises UnsupportedVideo where the file cannot hold the sound."""

    def __init__(self, source: Path, clip: Clip, output: Path) -> None:
        self._source, self._clip = source, clip
        self._format = CONTAINERS[output.suffix.lower()]
        self._codec, self._options = VP9 if self._format == "webm" else H264
        with av.open(os.devnull, "w", format=self._format) as container:
            supported = container.supported_codecs
        if strange := [codec for codec in clip.sound if codec not in supported]:
            raise UnsupportedVideo(
                f"{output}: {output.suffix} does not hold sound in {', '.join(strange)}; write a .mkv or a .mov"
            )

    def write(self, folder: Path, frames: Iterator[Frame]) -> None:
        """As `Pieces.write`."""
        times: list[int] = []
        with av.open(folder / PIECE, "w") as container:
            stream = self._stream(container)
            for frame in frames:
                container.mux(stream.encode(self._encodable(frame)))
                times.append(frame.time)
            container.mux(stream.encode(None))
        write_times(folder, times)

    def _stream(self, container: OutputContainer) -> VideoStream:
        stream = container.add_stream(self._codec, rate=self._clip.rate, options=self._options)
        assert isinstance(stream, VideoStream)
        context, (width, height) = stream.codec_context, self._clip.size
        context.width, context.height = width + width % 2, height + height % 2
        context.pix_fmt, context.time_base = "yuv420p", self._clip.time_base
        context.sample_aspect_ratio = self._clip.pixel_aspect
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream

    def _encodable(self, frame: Frame) -> av.VideoFrame:
        rgb = av.VideoFrame.from_ndarray(even(frame.picture).numpy(), format="rgb24")
        made = rgb.reformat(
            format="yuv420p",
            interpolation=EXACT,
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        made.pts, made.time_base = frame.time, self._clip.time_base
        return made

    def join(self, folders: Sequence[Path], output: Path) -> None:
        """As `Pieces.join`."""
        options = {"movflags": "+faststart"} if self._format in ("mp4", "mov") else {}
        with ExitStack() as open_files:
            container = open_files.enter_context(av.open(output, "w", format=self._format, options=options))
            first = open_files.enter_context(av.open(folders[0] / PIECE))
            stream = container.add_stream_from_template(first.streams.video[0])
            stream.time_base = self._clip.time_base
            streams = [self._painted(folders, stream)]
            if self._clip.sound:
                sound = open_files.enter_context(opened(self._source))
                streams.append(_sound(sound, container))
            for _, _, packet in heapq.merge(*streams):
                container.mux(packet)

    def _painted(self, folders: Sequence[Path], stream: VideoStream) -> Iterator[Timed]:
        times = [time for folder in folders for time in read_times(folder)]
        ends = iter([*times[1:], self._clip.end])
        shown = iter(times)
        for folder in folders:
            with av.open(folder / PIECE) as piece:
                for packet in piece.demux(video=0):
                    if packet.size == 0:
                        continue
                    packet.stream = stream
                    packet.time_base = self._clip.time_base
                    packet.pts = packet.dts = next(shown)
                    packet.duration = max(1, next(ends) - packet.pts)
                    yield packet.pts * self._clip.time_base, packet.pts, packet


def _sound(source: InputContainer, container: OutputContainer) -> Iterator[Timed]:
    copies = {each.index: container.add_stream_from_template(each) for each in sounds(source)}
    return (
        (packet.dts * packet.time_base, -1, _moved(packet, copies[packet.stream.index]))
        for packet in source.demux(*sounds(source))
        if packet.dts is not None
    )


def _moved(packet: AnyPacket, stream: AudioStream) -> AnyPacket:
    packet.stream = stream
    return packet


def even(picture: Picture) -> Tensor:
    """Its pixels, (H, W, 3), on white; of even height and width, by the last row or column once more."""
    pixels = picture.on_white().pixels
    height, width = pixels.shape[:2]
    if height % 2 == width % 2 == 0:
        return pixels
    planes = F.pad(pixels.permute(2, 0, 1)[None].float(), (0, width % 2, 0, height % 2), mode="replicate")
    return planes[0].permute(1, 2, 0).byte().contiguous()
