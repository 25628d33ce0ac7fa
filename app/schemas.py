"""The JSON that the service answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasPath, BaseModel, BeforeValidator, ConfigDict, Field

from impasto.app.jobs.jobs import State
from impasto.app.jobs.requests import Kind, VideoFormat
from impasto.model.network.config import Which
from impasto.model.styles.fit_record import Grade
from impasto.model.styles.style import LONGEST_SOURCE, LONGEST_TEXT


class StyleInfo(BaseModel):
    """A style that can be painted."""

    id: str = Field(examples=["van-gogh-starry-night"])
    title: str = Field(examples=["The Starry Night"])
    artist: str = Field(examples=["Vincent van Gogh"])
    year: str = Field(examples=["1889"])
    licence: str = Field(examples=["public domain: the artist died 1890"])
    source: str = Field(description="Where the painting is from.")
    origin: Literal["built-in", "added"]
    networks: list[Which] = Field(description="Which networks can paint it.")
    losses: dict[str, float] = Field(description="As measured at the end of training.")
    verdict: Grade | None = Field(description="How well an added style was fitted; null for built-in styles.")
    created: str | None = Field(description="When an added style was added; null for built-in styles.")


class StyleEdit(BaseModel):
    """What is to be changed of an added style; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(None, description="A new id; the old one is free again.")
    title: str | None = Field(None, min_length=1, max_length=LONGEST_TEXT)
    artist: str | None = Field(None, max_length=LONGEST_TEXT)
    year: str | None = Field(None, max_length=LONGEST_TEXT)
    licence: str | None = Field(None, max_length=LONGEST_TEXT)
    source: str | None = Field(None, max_length=LONGEST_SOURCE)


class StyleList(BaseModel):
    """Every style that can be painted."""

    styles: list[StyleInfo]


class JobInfo(BaseModel):
    """A fit of a new style, a picture by optimisation, a film, or a picture of an exemplar's own pixels.

    Of a `Job`, by `model_validate`.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    kind: Kind
    style: str | None = Field(
        validation_alias="style_id",
        description="The style's id, to be used when its fit has succeeded; null for the others.",
        examples=["my-style"],
    )
    state: State
    step: int = Field(
        validation_alias=AliasPath("progress", "step"),
        description="Made so far. Of a fit, passes, in each of which every photo is painted once; of an optimisation, "
        "steps of descent; of a film, frames; of an exemplar's pixels, hundredths.",
    )
    steps: int | None = Field(
        validation_alias=AliasPath("progress", "steps"),
        description="At the most; a fit stops earlier when nothing is gained any more.",
    )
    losses: dict[str, float] = Field(
        validation_alias=AliasPath("progress", "losses"),
        description="Of a fit, content_error: how much of a photo is lost, and style_distance: how far its painting is "
        "from yours. Of an optimisation, the parts of what is minimised.",
    )
    seconds_left: float | None = Field(
        validation_alias=AliasPath("progress", "seconds_left"),
        description="At the pace so far; less when it ends early.",
    )
    verdict: Grade | None = Field(description="Of a fit that succeeded.")
    message: str | None = Field(description="What the verdict means, or why the job failed.")
    created: Annotated[str, BeforeValidator(datetime.isoformat)]


class RequestLimits(BaseModel):
    """What a request may ask for."""

    max_upload_bytes: int
    max_pixels: int = Field(description="Of an uploaded photo, and of a result.")
    max_size: int | None = Field(description="Longest side in pixels of a result. None: any.")
    min_size: int = Field(description="Shortest side in pixels of a photo and of a result.")
    max_styles: int = Field(description="Styles in one blend.")
    max_blends: int = Field(description="Blends in one grid.")
    max_grid_pixels: int = Field(description="Of all pictures of a grid together.")


class OptimizationLimits(BaseModel):
    """What a picture by optimisation may ask for."""

    max_size: int = Field(description="Longest side in pixels.")
    max_steps: int = Field(description="At the coarsest size.")
    max_paintings: int


class ExemplarLimits(BaseModel):
    """What may be made of an exemplar's own pixels."""

    max_seconds: float = Field(description="As predicted from the sizes, for two cores.")


class VideoLimits(BaseModel):
    """What a film may be."""

    max_bytes: int
    max_seconds: float
    max_frames: int
    max_pixels: int = Field(description="Of a frame.")
    writes: list[VideoFormat]


class Info(BaseModel):
    """What this service is."""

    version: str
    network_id: str = Field(description="Identity of the convolutions; a style fits one network only.")
    small_network_id: str | None = Field(
        description="Of the small network, which paints where `network=small` is asked for. None: there is none."
    )
    device: str
    precision: str
    canonical_size: int = Field(
        description="Longer side in pixels of the pictures whose strokes, relative to the picture, are those of a "
        "stroke of 1."
    )
    painting_size: int = Field(
        description="Shortest side in pixels of the paintings whose Gram matrices were the targets: "
        "in one pass at about this size of photo, strokes are as coarse as the painter's."
    )
    styles: int
    page: str = Field(description="Version of the page's files: another when one of them is.")
    predicts: bool = Field(
        description="Whether a painting's style can be told at a glance: `painting` of POST /v1/stylize, and `fit` of "
        "POST /v1/styles."
    )
    browser_runtime: str | None = Field(
        description="Version of ONNX Runtime Web with which the page paints on a visitor's own device. "
        "None: it was not fetched, or the page's kernels were not built (`make device`)."
    )
    reads: list[str]
    writes: list[str]
    limits: RequestLimits
    exemplars: ExemplarLimits
    optimization: OptimizationLimits | None = Field(description="None: this service makes no pictures by optimisation.")
    video: VideoLimits | None = Field(description="None: this service paints no films.")


class Health(BaseModel):
    """A probe's answer."""

    status: Literal["ok"] = "ok"


class Part(BaseModel):
    """A part of the service."""

    ready: bool
    reason: str | None = Field(None, description="Why it is not, or what else is wrong with it.")


class Readiness(Health):
    """The answer of a service that can do all that it should."""

    parts: dict[str, Part] = Field(description="network, worker, database, service: those that this service needs")
