"""Pictures by optimisation, as jobs: slow, and of any painting."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Depends, File, Form, Header, UploadFile
from pydantic import BeforeValidator

from impasto.app.dependencies import get_painter, get_submission
from impasto.app.http.negotiation import preferred_format
from impasto.app.http.openapi import pictures, problems
from impasto.app.jobs.requests import OptimizationRequest
from impasto.app.jobs.submission import ACCEPTED, MOST_PAINTINGS, OptimizationsOff, Submission
from impasto.app.painting.painter import Painter
from impasto.app.painting.weights import given
from impasto.app.schemas import JobInfo
from impasto.model.errors import InvalidValue
from impasto.model.painting.stylizer import check_size
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format
from impasto.model.styles.blend import convex
from impasto.model.styles.paintings import read_painting

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.post(
    "/optimizations",
    summary="Paint a photo like any paintings by optimisation, as a job",
    status_code=202,
    responses={202: ACCEPTED, **problems(400, 403, 408, 413, 415, 422, 429, 503)},
    openapi_extra=pictures("image", "painting"),
)
async def optimize(
    image: Annotated[UploadFile, File(description="The photo: any format that can be read")],
    painting: Annotated[
        list[UploadFile], File(min_length=1, max_length=MOST_PAINTINGS, description="A painting; repeat it to blend")
    ],
    submission: Annotated[Submission, Depends(get_submission)],
    painter: Annotated[Painter, Depends(get_painter)],
    weight: Annotated[
        list[float] | None,
        BeforeValidator(given),
        Form(description="One number per painting, at least 0, with sum 1. None: equal shares"),
    ] = None,
    size: Annotated[
        int | None, Form(ge=64, description="Longest side of the result in pixels. None: the photo's own, if allowed")
    ] = None,
    method: Annotated[
        Literal["gram", "mrf", "neighbors"],
        Form(description="gram: the painting's textures. mrf: pieces of it. neighbors: place by place like it"),
    ] = "gram",
    steps: Annotated[int, Form(ge=1, description="Steps at the coarsest size; each finer one has half as many")] = 300,
    style_weight: Annotated[float, Form(gt=0, le=1e6, description="How much the paintings count")] = 10,
    variation_weight: Annotated[float, Form(ge=0, le=1e6, description="How smooth it becomes")] = 1,
    style_scale: Annotated[
        float, Form(ge=0.1, le=4, description="Size of the painting, and so of its strokes, relative to the picture")
    ] = 1,
    start: Annotated[Literal["photo", "painting", "noise"], Form(description="What the picture is at first")] = "photo",
    seed: Annotated[int, Form(ge=0, lt=2**63, description="Of the noise")] = 0,
    preserve_color: Annotated[bool, Form(description="Keep the photo's colours")] = False,
    format: Annotated[Format | None, Form(description="None: by Accept, else as uploaded")] = None,
    quality: Annotated[int, Form(ge=1, le=100, description="Of JPEG and WebP")] = 90,
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> JobInfo:
    settings = submission.settings
    if not settings.optimizations:
        raise OptimizationsOff("this service makes no pictures by optimisation; IMPASTO_OPTIMIZATIONS=true lets it")
    if size is not None and size > settings.optimization_max_size:
        raise InvalidValue(f"size: at most {settings.optimization_max_size} pixels on the longest side")
    if steps > settings.optimization_max_steps:
        raise InvalidValue(f"steps: at most {settings.optimization_max_steps}")
    if weight and len(weight) != len(painting):
        raise InvalidValue(f"weight: {len(weight)} for {len(painting)} paintings; give one each, or none")
    shares = convex(weight or [1 / len(painting)] * len(painting))
    photo, paintings = await image.read(), tuple([await each.read() for each in painting])
    options = {
        "method": method,
        "steps": steps,
        "style_weight": style_weight,
        "variation_weight": variation_weight,
        "style_scale": style_scale,
        "start": start,
        "seed": seed,
        "preserve_color": preserve_color,
    }

    def read() -> OptimizationRequest:
        """What was sent, and can be used."""
        largest = settings.optimization_max_size
        decoded = images.decode(photo, max_pixels=settings.max_pixels, longest_side=size, at_most=largest)
        check_size(decoded)
        for each in paintings:
            read_painting(each, max_pixels=settings.max_pixels)
        written = format or preferred_format(accept, decoded.format, get_args(Format))
        return OptimizationRequest(images.encode(decoded, "png"), paintings, tuple(shares), options, written, quality)

    return JobInfo.model_validate(await submission.submit(await painter.code(read)))
