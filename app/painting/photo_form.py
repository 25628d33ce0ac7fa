"""What every request to paint a photo brings along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, get_args

from fastapi import Depends, File, Form, Header, UploadFile
from pydantic import BeforeValidator

from impasto.app.http.negotiation import preferred_format
from impasto.app.painting.paintings import PaintOptions
from impasto.model.errors import InvalidValue
from impasto.model.network.config import SMALLEST_SIDE, Which, Whose
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.region_recipe import CheckedStroke, RegionRecipe
from impasto.model.painting.stroke import parse_stroke
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format, MovingFormat, Picture

Strength = Annotated[float, Form(ge=0, le=1, description="1 is the painting, 0 is the photo")]
PreserveColor = Annotated[bool, Form(description="Keep the photo's colours")]
StrokeSize = Annotated[
    CheckedStroke,
    BeforeValidator(parse_stroke),
    Form(
        description="Size of the strokes relative to the picture, whatever its resolution: 1 as in a picture of "
        "512 pixels, 2 twice as large. native: one pass of the network, whose strokes are a fixed number of pixels",
        examples=[2, "native"],
    ),
]
Network = Annotated[
    Which,
    Form(description="small: a third of the time, and nearly the same picture; where /v1/info names its id"),
]
"""Fields of a film's form too."""


@dataclass(frozen=True)
class PhotoForm:
    """The photo, how it is to be painted, and as what kind of file the result is wanted."""

    image: UploadFile
    options: PaintOptions
    network: Which
    format: Format | None
    quality: int
    recipe: bool
    accept: str

    @property
    def recipe_of_file(self) -> tuple[object, ...]:
        """All that decides, beside photo and styles, on the file that is answered."""
        formats: tuple[Format, ...] = get_args(Format)
        written = [self.format or preferred_format(self.accept, own, formats) for own in formats]
        return self.options, written, self.quality, self.recipe

    def format_of(self, painting: Picture) -> Format:
        """As asked for by field, else by Accept, else as uploaded."""
        return self.format or preferred_format(self.accept, painting.format, get_args(Format))

    def moving_format(self, own: MovingFormat) -> MovingFormat:
        """The same for a photo of that format all frames of which are painted. Raises InvalidValue."""
        if self.format == "jpeg":
            raise InvalidValue("format: nothing moves in a JPEG; frames=all is written as png or webp, or as it came")
        return self.format or preferred_format(self.accept, own, get_args(MovingFormat))

    def encode(
        self,
        painting: Picture,
        weights: Mapping[str, float],
        network_id: str | None,
        *,
        like: Sequence[float] | None = None,
        guest: str | None = None,
        regions: tuple[RegionRecipe, ...] = (),
        masks: Mapping[str, bytes] | None = None,
        statistics: Whose = "picture",
    ) -> bytes:
        """A painting as a file, with its recipe if it is wanted.

        weights: of the style ids. network_id: None where no network was asked. like, regions, statistics: as in the
            recipe; guest: its `painting`; masks: the files of theirs, by name.
        """
        text = None
        if self.recipe:
            text = Recipe(
                weights=dict(weights),
                network_id=network_id,
                network="small" if self.network == "small" else None,
                size=max(painting.size),
                strength=self.options.strength,
                preserve_color=self.options.preserve_color,
                stroke=self.options.stroke,
                photorealistic=self.options.photorealistic,
                like=None if like is None else tuple(like),
                painting=guest,
                statistics=statistics,
                regions=regions,
            ).to_text(masks)
        return images.encode(painting, self.format_of(painting), quality=self.quality, description=text)


async def get_plain_form(
    image: Annotated[
        UploadFile,
        File(description="The photo: JPEG, PNG, WebP, AVIF, GIF or TIFF; its first frame, unless `frames` says all"),
    ],
    strength: Strength = 1.0,
    preserve_color: PreserveColor = False,
    size: Annotated[
        int | None,
        Form(ge=SMALLEST_SIDE, description="Longest side of the result in pixels. None: the photo's own, if allowed"),
    ] = None,
    format: Annotated[Format | None, Form(description="None: by Accept, else as uploaded")] = None,
    quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP, and of an AVIF that moves")] = 90,
    recipe: Annotated[
        bool, Form(description="Write into the file what it was painted with; `impasto recipe` reads it")
    ] = True,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> PhotoForm:
    """What is asked whether or not there are styles."""
    options = PaintOptions(size, strength, preserve_color)
    return PhotoForm(image, options, "large", format, quality, recipe, accept)


async def get_photo_form(
    form: Annotated[PhotoForm, Depends(get_plain_form)],
    stroke: StrokeSize = 1.0,
    photorealistic: Annotated[
        bool,
        Form(description="Take only colours and light from the painting: a photo, with every edge where it was"),
    ] = False,
    network: Network = "large",
) -> PhotoForm:
    options = replace(form.options, stroke=stroke, photorealistic=photorealistic)
    return replace(form, options=options, network=network)
