"""A service of Impasto, from Python. Needs httpx, which the extra `client` brings; loads no torch.

with Client("http://localhost:8000") as client:  # key="impasto_..." where the service asks for one
    painted = client.stylize("photo.jpg", {"klimt-the-kiss": 0.6, "hokusai-great-wave": 0.4})
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import sleep
from typing import Any, Literal
from uuid import uuid4

import httpx
from PIL import Image

from impasto.model.errors import ImpastoError
from impasto.model.exemplar.config import TextureMethod
from impasto.model.network.config import Which
from impasto.model.painting.stroke import Stroke

RECIPE = (
    "weights",
    "painting",
    "network",
    "strength",
    "preserve_color",
    "stroke",
    "photorealistic",
    "regions",
    "statistics",
    "size",
)
"""What a recipe says of a painting, by the names that `Client.stylize` gives it."""
MATCHED = "strength", "preserve_color", "regions", "size"
"""The same of one that is like another picture, beside `like`."""
LONGEST_WAIT = 60.0
"""Seconds. A service that wants to be left alone for longer is not waited for."""


INTERVAL = 1.0
"""Seconds between two looks at a job."""
PART = 16_000_000
"""Bytes of a film that are fetched at once: no more is fetched again when the connection breaks."""


class JobFailed(ImpastoError):
    """A job of a service did not come to its end; the message says why."""


class ServiceError(ImpastoError):
    """What a service answered instead: HTTP status, stable code and detail, as docs/api.md lists them.

    The code is empty where something between here and the service answered.
    """

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(status, code, detail)
        self.status, self.code, self.detail = status, code, detail

    def __str__(self) -> str:
        return f"{self.detail} (HTTP {self.status})"


class Client:
    """The service at a URL. Threads may share one; `with` closes its connections in the end.

    key: made by `impasto keys add`, where the service asks for one. timeout: seconds without a byte. retries: how often
    to come back to a service that is busy or cannot be reached: when its `Retry-After` says, else after 1, 2, 4, … s.
    """

    def __init__(self, url: str, *, key: str | None = None, timeout: float = 60, retries: int = 4) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else None
        self._http = httpx.Client(base_url=url, timeout=timeout, headers=headers)
        self._retries = retries

    def stylize(
        self,
        picture: Image.Image | bytes | Path | str,
        weights: Mapping[str, float],
        *,
        painting: Image.Image | bytes | Path | str | None = None,
        strength: float = 1.0,
        preserve_color: bool = False,
        stroke: Stroke = 1.0,
        photorealistic: bool = False,
        regions: Sequence[Mapping[str, Any]] = (),
        statistics: str = "picture",
        network: Which = "large",
        size: int | None = None,
        frames: Literal["first", "all"] = "first",
    ) -> Image.Image:
        """A picture painted in a blend of styles, {style id: weight}, as 8-bit RGB, or RGBA if it is transparent.

        picture: a path, or the bytes of a file, of any format that the service reads; or an image.
        weights: may be empty where there are regions; what they leave stays the photo.
        painting: one that stands among the styles by the id `painting`, or is the only one where no weight names it: as
            picture is given, or its style vector, as recipes have it.
        strength, preserve_color, stroke, photorealistic: as `Stylizer.stylize` takes them.
        size: longest side of the result.
        network: small for the small network, if the service has one.
        frames: all of a picture that moves, as its file or an image: what is painted moves as it does (`seek`).
        regions, statistics: as docs/regions.md has them; the mask of a region may be whatever the picture may be.
        Raises ServiceError, httpx.TransportError; OSError for a file that cannot be read.
        """
        form = {"style": list(weights), "weight": list(weights.values()), "statistics": statistics}
        options = {"stroke": stroke, "photorealistic": photorealistic, "network": network}
        manner = {"strength": strength, "preserve_color": preserve_color, "size": size or "", "frames": frames}
        files = {"image": _file(picture, moving=frames == "all")}
        if painting is not None:
            files["painting"] = _file(_of_recipe(painting))
        return self._painted("v1/stylize", files, {**form, **options, **manner}, regions)

    def match(
        self,
        picture: Image.Image | bytes | Path | str,
        like: Image.Image | bytes | Path | str,
        *,
        strength: float = 1.0,
        preserve_color: bool = False,
        regions: Sequence[Mapping[str, Any]] = (),
        size: int | None = None,
    ) -> Image.Image:
        """A picture in the colours and the light of another: as docs/photorealistic.md has it.

        All else, and what is raised, as for `stylize`; regions have no weights, and perhaps a mask on the other
        picture, as `like`.
        """
        manner = {"strength": strength, "preserve_color": preserve_color, "size": size or ""}
        return self._painted("v1/stylize/like", {"image": _file(picture), "like": _file(like)}, manner, regions)

    def repeat(self, picture: Image.Image | bytes | Path | str, recipe: Mapping[str, Any]) -> Image.Image:
        """A picture painted by a recipe, as the page lets it be downloaded. Raises as `stylize` does."""
        former = {"stroke": "native"} if recipe.get("impasto") == 1 else {}  # which painted in one pass
        given = {name: recipe[name] for name in RECIPE if name in recipe}
        if palette := recipe.get("like"):
            taken = {name: given[name] for name in MATCHED if name in given}
            return self.match(picture, json.dumps(palette).encode(), **taken)
        return self.stylize(picture, **{"weights": {}, **former, **given})

    def paint_video(
        self,
        film: Path | str,
        output: Path | str,
        weights: Mapping[str, float],
        *,
        to: Mapping[str, float] | None = None,
        flow: bool = False,
        strength: float = 1.0,
        preserve_color: bool = False,
        stroke: Stroke = 1.0,
        network: Which = "large",
        progress: Callable[[dict[str, Any]], object] = lambda job: None,
    ) -> None:
        """A film painted in a blend of styles, {style id: weight}, as a file, whose name says the format.

        to: the blend of the last frame, to which that of the first moves. flow: as docs/api.md has it; strength,
        preserve_color, stroke, network: as `stylize` takes them.
        progress: told the job every second, as docs/api.md has it. What it raises ends the waiting, not the job.
        Raises ServiceError, JobFailed, httpx.TransportError; OSError.
        """
        film, output = Path(film), Path(output)
        last = to or {}
        form = {"style": [*weights], "weight": [*weights.values()], "to": [*last], "to_weight": [*last.values()]}
        options = {"strength": strength, "preserve_color": preserve_color, "stroke": stroke, "network": network}
        written = {"flow": flow, "format": output.suffix[1:].lower()}
        with film.open("rb") as file:
            form |= {**options, **written}
            result = self._result_of("v1/videos", form, {"video": (film.name, file)}, progress)
        self._fetch(result, output)

    def texture(
        self,
        exemplar: Image.Image | bytes | Path | str,
        width: int = 512,
        height: int = 512,
        *,
        method: TextureMethod = "quilting",
        progress: Callable[[dict[str, Any]], object] = lambda job: None,
        **options: Any,
    ) -> Image.Image:
        """A texture of an exemplar's own pixels, as 8-bit RGB, or RGBA if it is transparent.

        exemplar, and the pictures of `transfer` and `analogy`: as `stylize` takes them. method, options: size, block,
        seed and others, as docs/api.md has them of `POST /v1/textures`. progress, and what is raised: as for
        `paint_video`.
        """
        form = {"width": width, "height": height, "method": method, **options}
        return self._made("v1/textures", {"image": exemplar}, form, progress)

    def transfer(
        self,
        picture: Image.Image | bytes | Path | str,
        texture: Image.Image | bytes | Path | str,
        *,
        progress: Callable[[dict[str, Any]], object] = lambda job: None,
        **options: Any,
    ) -> Image.Image:
        """A picture of pieces of a texture. All else as for `texture`, of `POST /v1/transfers`."""
        return self._made("v1/transfers", {"image": picture, "texture": texture}, options, progress)

    def analogy(
        self,
        a: Image.Image | bytes | Path | str,
        a_prime: Image.Image | bytes | Path | str,
        b: Image.Image | bytes | Path | str,
        *,
        progress: Callable[[dict[str, Any]], object] = lambda job: None,
        **options: Any,
    ) -> Image.Image:
        """What is to B as A′ is to A. All else as for `texture`, of `POST /v1/analogies`."""
        return self._made("v1/analogies", {"a": a, "a_prime": a_prime, "b": b}, options, progress)

    def styles(self) -> list[dict[str, Any]]:
        """Every style that can be painted, as `GET /v1/styles` tells. Raises ServiceError, httpx.TransportError."""
        styles: list[dict[str, Any]] = self._ask("GET", "v1/styles").json()["styles"]
        return styles

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _painted(
        self,
        path: str,
        pictures: Mapping[str, bytes],
        form: Mapping[str, Any],
        regions: Sequence[Mapping[str, Any]],
    ) -> Image.Image:
        files = [(field, (field, picture)) for field, picture in pictures.items()]
        texts = []
        for number, region in enumerate(regions, start=1):
            for part in ("mask", "like"):
                if isinstance(mask := region.get(part), Image.Image | bytes | Path | str):
                    name = f"{part} {number}"
                    files.append(("mask", (name, _file(_of_data_url(mask)))))
                    region = {**region, part: name}
            texts.append(json.dumps(region))
        return _opened(self._ask("POST", path, data={**form, "region": texts, "format": "png"}, files=files))

    def _made(
        self,
        path: str,
        pictures: Mapping[str, Image.Image | bytes | Path | str],
        form: Mapping[str, Any],
        progress: Callable[[dict[str, Any]], object],
    ) -> Image.Image:
        """The picture of a job."""
        files = {field: (field, _file(picture)) for field, picture in pictures.items()}
        result = self._result_of(path, {**form, "format": "png"}, files, progress)
        return _opened(self._ask("GET", result))

    def _result_of(
        self, path: str, form: Mapping[str, Any], files: Mapping[str, Any], progress: Callable[[dict[str, Any]], object]
    ) -> str:
        """Where the result of a job is, once there is one."""
        once = {"Idempotency-Key": str(uuid4())}
        job = self._ask("POST", path, headers=once, data=form, files=files).json()
        where = f"v1/jobs/{job['id']}"
        while job["state"] in ("queued", "running"):
            sleep(INTERVAL)
            job = self._ask("GET", where).json()
            progress(job)
        if job["state"] != "succeeded":
            raise JobFailed(job["message"] or f"the job is {job['state']}")
        return f"{where}/result"

    def _fetch(self, path: str, output: Path) -> None:
        """A file, part by part, each of which is asked for again as anything else is."""
        part, size = output.with_name(output.name + ".part"), 1
        with part.open("wb") as file:
            while (begin := file.tell()) < size:
                answer = self._ask("GET", path, headers={"Range": f"bytes={begin}-{begin + PART - 1}"})
                if answer.status_code == httpx.codes.OK:  # of a proxy that knows no parts: all of it
                    file.seek(0)
                file.write(answer.content)
                size = int(answer.headers.get("Content-Range", "0").rpartition("/")[2])
        part.replace(output)

    def _ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        attempt = 0
        while True:
            wait = min(2.0**attempt, LONGEST_WAIT)
            try:
                answer = self._http.request(method, path, **content)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if attempt == self._retries:
                    raise
            else:
                if answer.is_success:
                    return answer
                wait = _seconds(answer.headers.get("Retry-After", ""), wait)
                if answer.status_code not in (429, 503) or attempt == self._retries or wait > LONGEST_WAIT:
                    raise _error(answer)
            sleep(wait)
            attempt += 1


def _opened(answer: httpx.Response) -> Image.Image:
    picture = Image.open(io.BytesIO(answer.content))
    picture.load()
    return picture


def _of_recipe(painting: Image.Image | bytes | Path | str) -> Image.Image | bytes | Path | str:
    return painting.encode() if isinstance(painting, str) and painting.startswith("vector:") else painting


def _of_data_url(mask: Image.Image | bytes | Path | str) -> Image.Image | bytes | Path | str:
    if isinstance(mask, str) and mask.startswith("data:"):
        return base64.b64decode(mask.partition(";base64,")[2])
    return mask


def _file(picture: Image.Image | bytes | Path | str, *, moving: bool = False) -> bytes:
    if isinstance(picture, Image.Image):
        file = io.BytesIO()
        credit = picture.info.get("exif")  # its orientation, artist and copyright
        shown = picture.tell()
        picture.save(file, "PNG", save_all=moving, exif=credit)
        picture.seek(shown)
        return file.getvalue()
    return picture if isinstance(picture, bytes) else Path(picture).read_bytes()


def _seconds(retry_after: str, otherwise: float) -> float:
    """How long to wait: until a number of seconds is over, or until a date."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after).replace(tzinfo=UTC)  # as all dates of HTTP
    except (ValueError, OverflowError):
        return otherwise
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _error(answer: httpx.Response) -> ServiceError:
    try:
        problem = answer.json()
        return ServiceError(answer.status_code, problem["code"], problem["detail"])
    except (ValueError, KeyError, TypeError):  # a proxy's page
        return ServiceError(answer.status_code, "", answer.reason_phrase)
