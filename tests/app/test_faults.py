"""A real service in which something breaks: what is hit gets a problem that says so, and all else goes on."""

from __future__ import annotations

import re
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx2
import numpy as np
import pytest
import torch
from torch import Tensor

from impasto.model.painting import stylizer
from impasto.model.painting.tiles import paint_in_tiles
from impasto.scripts.serving import serve
from tests.app.routes.test_health import eventually
from tests.app.test_server import FORM, started
from tests.pictures import encoded, opened, painting, photo

FAULTY, HUNGRY, TOO_LARGE, SLOW, SOUND = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (9, 9, 9)
SECONDS = 3
"""That a slow picture takes."""


def breaking(paint: Callable[..., Tensor], *, whole: bool) -> Callable[..., Tensor]:
    def painted(network: Any, photos: Tensor, *rest: Any, **named: Any) -> Tensor:
        corners = [tuple(corner) for corner in photos[:, :, 0, 0].tolist()]
        if FAULTY in corners:
            raise RuntimeError("a fault in /srv/some/folder")
        if HUNGRY in corners:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes.")
        if TOO_LARGE in corners and whole:
            raise torch.OutOfMemoryError
        if SLOW in corners:
            time.sleep(SECONDS)
        return paint(network, photos, *rest, **named)

    return painted


def serve_with_faults() -> None:
    """The service, with pictures on which the thread that paints breaks: told by the colour of their first corner."""
    with (
        patch.object(stylizer.Stylizer, "_paint", breaking(stylizer.Stylizer._paint, whole=True)),
        patch.object(stylizer, "paint_in_tiles", breaking(paint_in_tiles, whole=False)),
    ):
        serve()


class Service(NamedTuple):
    """A service in a process of its own, and the folder of its data."""

    url: str
    process: int
    folder: Path


@pytest.fixture(scope="module")
def service(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("data")
    settings: dict[str, Any] = {"batch_size": 8, "queue_share": 1, "data_dir": folder, "precision": "float32"}
    with started(tiny_checkpoint_file, program=serve_with_faults, **settings) as (url, process):
        yield Service(url, process, folder)


def cornered(colour: tuple[int, int, int]) -> bytes:
    pixels = photo()
    pixels[:8, :8] = colour
    return encoded(pixels)


def paint(url: str, picture: bytes, **fields: str) -> Any:
    return httpx2.post(f"{url}/v1/stylize", data={**FORM, **fields}, files={"image": ("photo", picture)}, timeout=60)


def add(url: str, style_id: str) -> Any:
    pack = httpx2.get(f"{url}/v1/styles/the-scream/pack", timeout=60).content
    return httpx2.put(f"{url}/v1/styles/{style_id}/pack", content=pack, timeout=60)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def metric(url: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", httpx2.get(f"{url}/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


@contextmanager
def full_disk(process: int) -> Iterator[None]:
    """Not a byte more can be written to any file by a process, as where its disk is full."""
    _, most = resource.prlimit(process, resource.RLIMIT_FSIZE)
    resource.prlimit(process, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it may have ended by that
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))


def test_pictures_that_break_in_a_batch_get_their_problems_and_all_others_are_painted(service: Service) -> None:
    url = service.url
    kinds = [SOUND, FAULTY, SOUND, HUNGRY, TOO_LARGE, SOUND]
    alone = {kind: np.asarray(opened(paint(url, cornered(kind)).content)) for kind in (SOUND, TOO_LARGE)}
    with ThreadPoolExecutor(1 + len(kinds)) as pool:
        first = pool.submit(paint, url, cornered(SLOW))  # meanwhile all others come together
        assert eventually(lambda: metric(url, "impasto_queue_pixels") > 0)
        answers = list(pool.map(lambda kind: paint(url, cornered(kind)), kinds))
    assert first.result().status_code == 200
    assert metric(url, 'impasto_batch_pictures_bucket{le="1.0"}') < metric(url, "impasto_batch_pictures_count")
    assert code(answers[1]) == (500, "internal_error") and "/srv" not in answers[1].text
    assert code(answers[3]) == (503, "out_of_memory") and int(answers[3].headers["retry-after"]) > 0
    for place in (0, 2, 4, 5):
        painted = np.asarray(opened(answers[place].content), np.int16)
        assert np.abs(painted - alone[kinds[place]]).max() <= 1  # a batch rounds otherwise
    assert (metric(url, "impasto_queue_requests"), metric(url, "impasto_queue_pixels")) == (0, 0)
    assert httpx2.get(f"{url}/readyz").status_code == 200


def test_a_full_disk_is_said_of_what_needs_it_and_small_pictures_are_painted_on(service: Service) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    url, upload, large = service.url, encoded(noise), encoded(np.zeros((3000, 3000, 3), np.uint8))

    def fit() -> Any:
        files = {"image": ("painting.png", encoded(painting()))}
        return httpx2.post(f"{url}/v1/styles", data={"id": "fitted"}, files=files, timeout=60)

    with full_disk(service.process):
        refused = [paint(url, upload), paint(url, large, stroke="native"), add(url, "full"), fit()]
        assert paint(url, cornered(SOUND)).status_code == 200
        assert httpx2.get(f"{url}/v1/styles/full").status_code == 404
    told = [(503, "disk_full"), (503, "out_of_memory"), (503, "store_unavailable"), (503, "store_unavailable")]
    assert [code(answer) for answer in refused] == told
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    assert "TMPDIR" in refused[1].json()["detail"]
    assert paint(url, upload).status_code == 200
    assert (add(url, "full").status_code, fit().status_code) == (201, 202)


def test_an_sqlite_file_that_was_removed_takes_nothing_and_is_used_again_when_it_is_back(
    service: Service, tmp_path: Path
) -> None:
    url, folder = service.url, service.folder
    assert add(url, "before").status_code == 201
    moves = (folder, tmp_path / "folder"), (folder / "impasto.db", tmp_path / "file")
    for number, (there, elsewhere) in enumerate(moves):
        there.rename(elsewhere)
        assert code(add(url, "meanwhile")) == (503, "store_unavailable")
        assert paint(url, cornered(SOUND), style="before").status_code == 200
        assert not there.exists()
        elsewhere.rename(there)
        assert add(url, f"after-{number}").status_code == 201
    with closing(sqlite3.connect(folder / "impasto.db")) as database:
        kept = {style for (style,) in database.execute("SELECT id FROM styles")}
    assert {"before", "after-0", "after-1"} <= kept and "meanwhile" not in kept
