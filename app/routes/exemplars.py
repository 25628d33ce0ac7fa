"""Textures, photos of pieces of a texture, and analogies, as jobs: made of an exemplar's own pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Depends, File, Form, Header, UploadFile

from impasto.app.dependencies import get_painter, get_submission
from impasto.app.http.negotiation import preferred_format
from impasto.app.http.openapi import pictures, problems
from impasto.app.jobs.exemplars import read
from impasto.app.jobs.requests import ExemplarKind, ExemplarRequest
from impasto.app.jobs.submission import ACCEPTED, Submission
from impasto.app.painting.painter import Painter
from impasto.app.schemas import JobInfo
from impasto.model.exemplar.config import TextureMethod
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format

router = APIRouter(prefix="/v1", tags=["jobs"])

RESPONSES = {202: ACCEPTED, **problems(400, 408, 413, 415, 422, 429, 503)}

Side = Annotated[int, Form(ge=1, description="Of the texture, in pixels")]
Block = Annotated[int | None, Form(ge=2, description="Pixels on a side of a piece. None: 36")]
Overlap = Annotated[int | None, Form(ge=1, description="Pixels by which pieces overlap. None: a sixth of a piece")]
Tolerance = Annotated[
    float | None,
    Form(ge=0, le=1000, description="By what share a piece or window may fit worse than the best. None: 0.1"),
]
Seed = Annotated[int, Form(ge=0, lt=2**63, description="Of what is left to chance")]


class Ask:
    """What every one of them is asked with, and how it becomes a job."""

    def __init__(
        self,
        submission: Annotated[Submission, Depends(get_submission)],
        painter: Annotated[Painter, Depends(get_painter)],
        format: Annotated[Format | None, Form(description="None: by Accept, else as uploaded")] = None,
        quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP")] = 90,
        accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    ) -> None:
        self._submission, self._painter = submission, painter
        self._format, self._quality, self._accept = format, quality, accept

    async def submit(
        self, kind: ExemplarKind, uploads: Sequence[UploadFile], options: dict[str, Any], like: int = 0
    ) -> JobInfo:
        """The job. options: those that are None are as commands have them. like: whose format is that of the result."""
        files = [await upload.read() for upload in uploads]
        chosen = {name: value for name, value in options.items() if value is not None}

        def checked() -> ExemplarRequest:
            decoded = read(kind, files, chosen, self._submission.settings)
            written = self._format or preferred_format(self._accept, decoded[like].format, get_args(Format))
            sent = tuple(images.encode(picture, "png") for picture in decoded)
            return ExemplarRequest(kind, sent, chosen, written, self._quality)

        return JobInfo.model_validate(await self._submission.submit(await self._painter.code(checked)))


@router.post(
    "/textures",
    summary="Make a texture of any size of an exemplar's own pixels, as a job",
    status_code=202,
    responses=RESPONSES,
    openapi_extra=pictures("image"),
)
async def make_texture(
    image: Annotated[UploadFile, File(description="The exemplar: any format that can be read")],
    ask: Annotated[Ask, Depends()],
    method: Annotated[
        TextureMethod,
        Form(
            description="quilting: of pieces, cut where they fit. sampling: pixel by pixel, of all windows that fit. "
            "coherence: pixel by pixel, each beside one that lies beside it in the exemplar too"
        ),
    ] = "quilting",
    width: Side = 512,
    height: Side = 512,
    size: Annotated[
        int | None,
        Form(ge=1, description="Longest side to which the exemplar is reduced. None: 512; of sampling 128"),
    ] = None,
    block: Block = None,
    overlap: Overlap = None,
    window: Annotated[
        int | None,
        Form(ge=3, description="Of sampling and coherence: pixels on a side of what is compared. None: 11 and 5"),
    ] = None,
    tolerance: Tolerance = None,
    passes: Annotated[
        int | None, Form(ge=1, le=100, description="Of coherence: times that every pixel is chosen. None: 3")
    ] = None,
    seed: Seed = 0,
) -> JobInfo:
    options = {
        "method": method,
        "width": width,
        "height": height,
        "size": size,
        "block": block,
        "overlap": overlap,
        "window": window,
        "tolerance": tolerance,
        "passes": passes,
        "seed": seed,
    }
    return await ask.submit("make_texture", [image], options)


@router.post(
    "/transfers",
    summary="Make a photo of pieces of a texture, as a job",
    status_code=202,
    responses=RESPONSES,
    openapi_extra=pictures("image", "texture"),
)
async def transfer_texture(
    image: Annotated[UploadFile, File(description="The photo: any format that can be read")],
    texture: Annotated[UploadFile, File(description="What it is made of")],
    ask: Annotated[Ask, Depends()],
    size: Annotated[int | None, Form(ge=1, description="Longest side of the result in pixels. None: 512")] = None,
    texture_size: Annotated[
        int | None, Form(ge=1, description="Longest side to which the texture is reduced. None: 256")
    ] = None,
    block: Block = None,
    overlap: Overlap = None,
    tolerance: Tolerance = None,
    passes: Annotated[
        int | None,
        Form(
            ge=1,
            le=100,
            description="Times that the picture is made, each of pieces two thirds as large, which fit one another "
            "more and the photo less. None: 3",
        ),
    ] = None,
    seed: Seed = 0,
) -> JobInfo:
    options = {
        "size": size,
        "texture_size": texture_size,
        "block": block,
        "overlap": overlap,
        "tolerance": tolerance,
        "passes": passes,
        "seed": seed,
    }
    return await ask.submit("transfer_texture", [image, texture], options)


@router.post(
    "/analogies",
    summary="A is to A′ as B is to what? As a job",
    status_code=202,
    responses=RESPONSES,
    openapi_extra=pictures("a", "a_prime", "b"),
)
async def make_analogy(
    a: Annotated[UploadFile, File(description="A, what something was done to")],
    a_prime: Annotated[UploadFile, File(description="A′, what came of it: pixel by pixel what A shows")],
    b: Annotated[UploadFile, File(description="B, what the same is to be done to")],
    ask: Annotated[Ask, Depends()],
    kappa: Annotated[
        float | None,
        Form(
            ge=0,
            le=1e6,
            description="How much worse a pixel may be for lying beside its neighbours in A′ too: 0.5 to 5 for "
            "textures, 2 to 25 for paintings. None: 2",
        ),
    ] = None,
    compare: Annotated[
        Literal["brightness", "color"] | None,
        Form(description="What pixels are compared by; color where A is a map of what is where. None: brightness"),
    ] = None,
    levels: Annotated[
        int | None, Form(ge=1, le=16, description="Sizes from coarse to fine. None: as many as begin at 16 pixels")
    ] = None,
    keep_color: Annotated[bool, Form(description="Take brightness alone from A′, and the colours from B")] = False,
    size: Annotated[
        int | None, Form(ge=1, description="Longest side to which all three are reduced. None: 256")
    ] = None,
) -> JobInfo:
    options = {"kappa": kappa, "compare": compare, "levels": levels, "keep_color": keep_color, "size": size}
    return await ask.submit("make_analogy", [a, a_prime, b], options, like=2)
