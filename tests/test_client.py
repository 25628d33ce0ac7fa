"""The client against a real server: painted as the facade paints, and patient as it is asked to be."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image
from starlette.responses import PlainTextResponse

from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.client import Client, ServiceError
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import StrokeConfig
from impasto.model.painting.finish import finish
from impasto.model.painting.likeness import Reference, match
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.regions import Look
from impasto.model.pictures.images import EXIF_ARTIST, decode
from impasto.model.pictures.picture import to_image
from tests.app.test_server import free_port
from tests.films import animated
from tests.pictures import encoded, opened, painting, photo

ROOT = Path(__file__).parent.parent
PHOTO = encoded(photo(height=48, width=64))
BLEND = {"starry-night": 0.75, "great-wave": 0.25}


@contextmanager
def serving(app: Any, port: int | None = None) -> Iterator[str]:
    """A server in a thread of this process, as its URL."""
    port = port or free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def app(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The service, with one place in its queue."""
    data_dir = tmp_path_factory.mktemp("data")
    return create_app(
        Settings(
            checkpoint=tiny_checkpoint_file,
            device="cpu",
            precision="float32",
            queue_size=1,
            data_dir=data_dir,
            worker="external",
        )
    )


@pytest.fixture(scope="module")
def url(app: FastAPI) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url, retries=3) as client:
        yield client


class Waits(list[float]):
    """How long the client would have slept, each time; `meanwhile` happens then."""

    meanwhile: Callable[[], object] | None = None

    def __call__(self, seconds: float) -> None:
        self.append(seconds)
        if self.meanwhile:
            self.meanwhile()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    waits = Waits()
    monkeypatch.setattr("impasto.client.sleep", waits)
    return waits


class Answers:
    """A service that answers with statuses and headers in turn, and keeps the paths that it was asked for."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self._answers, self.paths = list(answers), list[str]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.paths.append(scope["path"])
            status, headers = self._answers.pop(0)
            await PlainTextResponse('{"styles": []}', status, headers)(scope, receive, send)


# What is painted


@pytest.mark.parametrize("options", [{}, {"strength": 0.3}, {"preserve_color": True}], ids=str)
def test_a_picture_is_painted_as_without_a_service(
    client: Client, tiny_checkpoint: Checkpoint, options: dict[str, Any]
) -> None:
    picture = decode(PHOTO)
    painted = tiny_checkpoint.network(picture.rgb[None], tiny_checkpoint.styles.blend(BLEND)[None])[0]
    expected = np.asarray(to_image(finish(picture, painted, StrokeConfig(), **options).rgb))
    np.testing.assert_allclose(np.asarray(client.stylize(PHOTO, BLEND, **options)), expected, atol=1)


def test_the_stroke_is_sent_and_checked_by_the_service(client: Client) -> None:
    assert Recipe.from_text(client.stylize(PHOTO, BLEND, stroke="native").info["impasto"]).stroke == "native"
    with pytest.raises(ServiceError, match=r"stroke is a number from 0.25 to 4, or native, not 5.0"):
        client.stylize(PHOTO, BLEND, stroke=5)


LEFT = Image.new("L", (8, 6))
LEFT.paste(255, (0, 0, 4, 6))


def test_regions_are_painted_with_masks_of_any_kind(client: Client, tmp_path: Path) -> None:
    LEFT.save(tmp_path / "left.png")
    region = {"weights": {"great-wave": 1}, "strength": 0.5}
    shape = {"gradient": {"from": [0, 0], "to": [1, 0]}, "weights": {"the-scream": 1}}
    painted = [
        client.stylize(PHOTO, BLEND, regions=[{**region, "mask": mask}, shape], statistics="region")
        for mask in (LEFT, tmp_path / "left.png", str(tmp_path / "left.png"), (tmp_path / "left.png").read_bytes())
    ]
    assert all(np.array_equal(np.asarray(each), np.asarray(painted[0])) for each in painted)
    assert not np.array_equal(np.asarray(painted[0]), np.asarray(client.stylize(PHOTO, BLEND)))
    alone = np.asarray(client.stylize(PHOTO, {}, regions=[{**region, "mask": LEFT}]))
    assert np.array_equal(alone[:, 48:], photo(height=48, width=64)[:, 48:])


def test_a_recipe_paints_again(client: Client) -> None:
    regions = [{"mask": LEFT, "weights": {"great-wave": 1}}]
    first = client.stylize(PHOTO, BLEND, strength=0.7, stroke=2, regions=regions, size=96)
    recipe = json.loads(first.info["impasto"])
    assert np.array_equal(np.asarray(client.repeat(PHOTO, recipe)), np.asarray(first))
    assert first.size == (96, 72)


def test_a_painting_is_given_along_and_its_recipe_repeats_it(
    client: Client, predicting_checkpoint_file: Path, tmp_path: Path
) -> None:
    settings = {"checkpoint": predicting_checkpoint_file, "device": "cpu", "precision": "float32"}
    own = Settings(**settings, data_dir=tmp_path, worker="external")  # type: ignore[arg-type]
    with serving(create_app(own)) as url, Client(url) as predicting:
        first = predicting.stylize(PHOTO, {"great-wave": 0.4, "painting": 0.6}, painting=encoded(painting()))
        alone = predicting.stylize(PHOTO, {}, painting=Image.fromarray(painting()))
    assert not np.array_equal(np.asarray(alone), np.asarray(first))
    again = client.repeat(PHOTO, json.loads(first.info["impasto"]))  # by a service that predicts nothing
    assert np.array_equal(np.asarray(again), np.asarray(first))


def test_the_small_network_paints_and_a_recipe_of_its_own_repeats_it(client: Client) -> None:
    large, small = (client.stylize(PHOTO, BLEND, network=network) for network in ("large", "small"))
    assert np.asarray(large).tobytes() != np.asarray(small).tobytes()
    again = client.repeat(PHOTO, {"impasto": 3, "weights": BLEND, "network": "small"})
    assert np.array_equal(np.asarray(again), np.asarray(small))


def test_a_recipe_may_leave_out_what_it_need_not_say(client: Client) -> None:
    mask = np.asarray(LEFT)
    url = f"data:image/png;base64,{base64.b64encode(encoded(mask)).decode()}"
    painted = client.repeat(PHOTO, {"impasto": 3, "regions": [{"mask": url, "weights": {"great-wave": 1}}]})
    expected = client.stylize(PHOTO, {}, regions=[{"mask": LEFT, "weights": {"great-wave": 1}}])
    assert np.array_equal(np.asarray(painted), np.asarray(expected))
    former = client.repeat(PHOTO, {"impasto": 1, "weights": BLEND})
    assert np.array_equal(np.asarray(former), np.asarray(client.stylize(PHOTO, BLEND, stroke="native")))


def test_a_path_the_bytes_of_a_file_and_an_image_are_the_same_picture(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(PHOTO)
    given: list[Any] = [path, str(path), PHOTO, opened(PHOTO)]
    painted = [client.stylize(picture, BLEND) for picture in given]
    assert all(each == painted[0] for each in painted)


def test_an_image_keeps_transparency_orientation_and_credit(client: Client) -> None:
    exif = Image.Exif()
    exif.update({EXIF_ARTIST: "Ansel", 0x0112: 6})
    lying = opened(encoded(opened(PHOTO).convert("RGBA"), exif=exif))
    painted = client.stylize(lying, BLEND)
    assert (painted.mode, painted.size) == ("RGBA", (48, 64))
    assert painted.getexif()[EXIF_ARTIST] == "Ansel"


def test_all_frames_of_a_file_or_an_image_are_painted(client: Client) -> None:
    file = animated(3)
    for picture in (file, Image.open(io.BytesIO(file))):
        painted = client.stylize(picture, BLEND, frames="all")
        shown = []
        for number in range(painted.n_frames):  # type: ignore[attr-defined]
            painted.seek(number)
            shown.append((painted.size, painted.info["duration"]))
        assert shown == [((64, 48), 100)] * 3
    assert getattr(client.stylize(PHOTO, BLEND, frames="all"), "n_frames", 1) == 1


def test_styles_are_listed(client: Client) -> None:
    assert [style["id"] for style in client.styles()] == ["great-wave", "starry-night", "the-scream"]


def test_a_service_may_lie_behind_a_prefix() -> None:
    behind = Answers((200, {}))
    with serving(behind) as url, Client(f"{url}/art/") as client:
        assert client.styles() == []
    assert behind.paths == ["/art/v1/styles"]


# What goes wrong


def test_a_problem_is_an_error_with_status_code_and_detail(client: Client, waits: Waits) -> None:
    with pytest.raises(ServiceError, match="did you mean great-wave") as refusal:
        client.stylize(PHOTO, {"great-wav": 1})
    assert (refusal.value.status, refusal.value.code) == (404, "unknown_style")
    assert waits == []


def test_a_busy_service_is_asked_again_when_it_says(app: FastAPI, client: Client, waits: Waits) -> None:
    with ExitStack() as place:
        place.enter_context(app.state.painter.place())  # the only one
        waits.meanwhile = place.close
        assert client.stylize(PHOTO, BLEND).size == (64, 48)
    assert len(waits) == 1 and waits[0] >= 1


def test_a_service_that_stays_busy_is_left_alone_in_the_end(app: FastAPI, client: Client, waits: Waits) -> None:
    with app.state.painter.place(), pytest.raises(ServiceError) as refusal:
        client.stylize(PHOTO, BLEND)
    assert (refusal.value.status, refusal.value.code) == (429, "queue_full")
    assert len(waits) == 3


def test_a_service_that_is_away_is_waited_for(app: FastAPI, waits: Waits) -> None:
    port = free_port()
    with ExitStack() as started, Client(f"http://127.0.0.1:{port}", retries=2) as client:
        waits.meanwhile = lambda: len(waits) == 2 and started.enter_context(serving(Answers((200, {})), port))
        assert client.styles() == []
    assert waits == [1, 2]


def test_a_service_that_never_comes_is_httpxs_own_error(waits: Waits) -> None:
    with Client(f"http://127.0.0.1:{free_port()}", retries=2) as client, pytest.raises(httpx.ConnectError):
        client.styles()
    assert waits == [1, 2]


def test_retry_after_is_seconds_a_date_or_nothing_that_can_be_read(waits: Waits) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    said = ["7", soon, "Thu, 01 Jan 1970 00:00:00 GMT", "soon"]
    with (
        serving(Answers(*((503, {"Retry-After": each}) for each in said), (200, {}))) as url,
        Client(url) as client,
    ):
        client.styles()
    assert (waits[0], waits[2], waits[3]) == (7, 0, 8)
    assert 0 <= waits[1] <= 50


@pytest.mark.parametrize("late", ["61", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_service_that_wants_to_be_left_alone_for_long_is(waits: Waits, late: str) -> None:
    with serving(Answers((503, {"Retry-After": late}))) as url, Client(url) as client, pytest.raises(ServiceError):
        client.styles()
    assert waits == []


def test_what_is_no_problem_document_is_an_error_too() -> None:
    with serving(Answers((502, {}))) as url, Client(url) as client, pytest.raises(ServiceError) as refusal:
        client.styles()
    assert (refusal.value.status, refusal.value.code, refusal.value.detail) == (502, "", "Bad Gateway")


def test_the_client_needs_no_torch() -> None:
    program = "import sys, impasto.client; print('torch' in sys.modules, 'impasto.app' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout == "False False\n"


def test_a_picture_takes_the_colours_of_another_and_its_recipe_repeats_it(client: Client, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(encoded(photo(1, height=70, width=50), "JPEG"))
    reference = Reference.read(other.read_bytes())
    expected = match(decode(PHOTO), Look(reference.palette, strength=0.7)).pixels.numpy()
    assert np.array_equal(np.asarray(client.match(PHOTO, other, strength=0.7)), expected)
    recipe = {"impasto": 3, "photorealistic": True, "like": reference.palette.tolist(), "strength": 0.7}
    assert np.array_equal(np.asarray(client.repeat(PHOTO, recipe)), expected)
    region = {"mask": LEFT, "like": LEFT, "strength": 0.5}
    assert client.match(PHOTO, other, regions=[region]).size == (64, 48)
    carried = client.stylize(PHOTO, BLEND, photorealistic=True)
    assert not np.array_equal(np.asarray(carried), np.asarray(client.stylize(PHOTO, BLEND)))
