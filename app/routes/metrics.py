"""What is measured, as Prometheus reads it; never behind the inference queue."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from impasto.app.dependencies import get_metrics
from impasto.app.metrics import Metrics

router = APIRouter(tags=["service"])


@router.get("/metrics", summary="Measurements for Prometheus", response_class=Response)
async def metrics(request: Request, metrics: Annotated[Metrics, Depends(get_metrics)]) -> Response:
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    # in a thread: jobs are counted in their database
    return Response(await asyncio.to_thread(encode, metrics.registry), media_type=media_type)
