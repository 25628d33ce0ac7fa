"""What every request to paint a photo brings along, and the way from there to its answer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, File, Form, Header, Request, Response, UploadFile

from impasto.app.dependencies import get_batcher, get_settings
from impasto.app.http.disconnect import ClientDisconnected, unless_disconnected
from impasto.app.http.etag import entity_tag
from impasto.app.http.negotiation import preferred_format
from impasto.app.painting.batcher import Batcher
from impasto.app.settings import Settings
from impasto.model.errors import InvalidValue
from impasto.model.network.config import SMALLEST_SIDE
from impasto.model.painting.stylizer import check_size, finish
from impasto.model.pictures import images
from impasto.model.pictures.images import Format, Picture

Write = Callable[[Sequence[Picture], Format], tuple[bytes, str]]
"""Paintings and the format that was asked for -> a file and its media type."""


@dataclass(frozen=True)
class PhotoForm:
    """The photo and how it is to be painted, whatever the styles."""

    request: Request
    batcher: Batcher
    settings: Settings
    image: UploadFile
    strength: float
    preserve_color: bool
    size: int | None
    format: Format | None
    quality: int
    accept: str

    async def answer(
        self, blends: Sequence[Mapping[str, float]], write: Write, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The photo painted in each of the blends, all at once, as one file.

        headers: of the answer, beside those that every painting has.
        Raises UnknownStyle, InvalidWeights, InvalidValue, QueueFull, DeadlineExceeded, and what decoding raises.
        """
        vectors = [self.batcher.stylizer.styles.blend(blend) for blend in blends]

        async def work() -> Response:
            with self.batcher.place():
                started = time.perf_counter()
                data = await self.image.read()
                photo = await self.batcher.code(lambda: self._decode(data, len(blends)))
                check_size(photo)
                decoded = time.perf_counter()
                painted = await self.batcher.paint_all(photo.rgb, vectors)
                encoding = time.perf_counter()

                def encode() -> tuple[bytes, str, str]:
                    pictures = [
                        finish(photo, each.rgb, strength=self.strength, preserve_color=self.preserve_color)
                        for each in painted
                    ]
                    body, media_type = write(pictures, self.format or preferred_format(self.accept, photo.format))
                    return body, media_type, entity_tag(body)

                body, media_type, etag = await self.batcher.code(encode)
                encoded = time.perf_counter()
            waited = min(each.queue for each in painted)
            timing = {
                "decode": decoded - started,
                "queue": waited,
                "inference": max(each.queue + each.inference for each in painted) - waited,
                "encode": encoded - encoding,
            }
            return Response(
                body,
                media_type=media_type,
                headers={
                    **(headers or {}),
                    "X-Model-Version": self.batcher.stylizer.network_id,
                    "Server-Timing": ", ".join(f"{name};dur={seconds * 1000:.1f}" for name, seconds in timing.items()),
                    "ETag": etag,
                    "Vary": "Accept",
                },
            )

        try:
            return await unless_disconnected(self.request, work())
        except ClientDisconnected:
            return Response(status_code=499)

    def _decode(self, data: bytes, count: int) -> Picture:
        """The photo, in the size of its paintings: several have together no more pixels than a batch."""
        largest = self.settings.max_size
        if count > 1:
            each = self.settings.batch_pixels // count
            largest = min(largest, longest_side(images.size(data), each))
            if self.size is not None and self.size > largest:
                raise InvalidValue(
                    f"size: {count} paintings of this photo have at most {largest} pixels each on their longest side, "
                    f"so that they have together at most {self.settings.batch_pixels:,} pixels"
                )
        return images.decode(data, max_pixels=self.settings.max_pixels, longest_side=self.size, at_most=largest)


def get_photo_form(
    request: Request,
    image: Annotated[UploadFile, File(description="The photo: JPEG, PNG, WebP, AVIF, or GIF/TIFF (first frame)")],
    batcher: Annotated[Batcher, Depends(get_batcher)],
    settings: Annotated[Settings, Depends(get_settings)],
    strength: Annotated[float, Form(ge=0, le=1, description="1 is the painting, 0 is the photo")] = 1.0,
    preserve_color: Annotated[bool, Form(description="Keep the photo's colours")] = False,
    size: Annotated[
        int | None,
        Form(ge=SMALLEST_SIDE, description="Longest side of the result in pixels. None: the photo's own, if allowed"),
    ] = None,
    format: Annotated[Format | None, Form(description="None: by Accept, else as uploaded")] = None,
    quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP")] = 90,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> PhotoForm:
    """Raises InvalidValue for a size beyond the service's."""
    if size is not None and size > settings.max_size:
        raise InvalidValue(f"size: results have at most {settings.max_size} pixels on their longest side")
    return PhotoForm(
        request=request,
        batcher=batcher,
        settings=settings,
        image=image,
        strength=strength,
        preserve_color=preserve_color,
        size=size,
        format=format,
        quality=quality,
        accept=accept,
    )


def longest_side(shape: tuple[int, int], pixels: int) -> int:
    """The longest side at which a picture of that shape, width and height, has at most so many pixels."""
    longest, shortest = max(shape), min(shape)
    side = math.isqrt(pixels * longest // shortest)
    while side > 1 and side * max(1, round(shortest * side / longest)) > pixels:
        side -= 1
    return side
