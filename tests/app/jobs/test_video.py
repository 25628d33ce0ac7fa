"""Films, painted by real workers, some of them killed."""

from __future__ import annotations

import errno
import io
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
import numpy as np
import pytest
from torch import Tensor

from impasto import client
from impasto.app.jobs import video, worker
from impasto.app.jobs.requests import VideoRequest
from impasto.app.jobs.video import VideoPainting
from impasto.app.jobs.video_files import VideoFiles
from impasto.app.settings import Settings
from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures.picture import Picture
from impasto.model.video.clip import Frame
from tests.app.jobs.test_worker import succeeded, until
from tests.app.test_server import serving
from tests.films import RATE, animated, filmed, panned, pictures
from tests.pictures import opened
from tests.processes import Process

FRAMES, PIECE = 16, 4
SLOW, FULL = 80, 96
"""Widths in pixels of films each of whose frames takes a while, and of those for which there is room for one piece."""


def small_worker() -> None:
    """The worker, with small pieces, often telling how far it is."""
    from impasto.model.video import film_pieces, painting
    from impasto.model.video.continuity import Continuity

    paint, encodable = Continuity.paint, film_pieces.FilmPieces._encodable

    def at_its_pace(continuity: Continuity, photo: Picture, vector: Tensor) -> Picture:
        time.sleep(0.1 if photo.size[0] == SLOW else 0)
        return paint(continuity, photo, vector)

    def while_there_is_room(pieces: film_pieces.FilmPieces, frame: Frame) -> Any:
        if frame.picture.size[0] == FULL and frame.time * pieces._clip.time_base * RATE > PIECE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return encodable(pieces, frame)

    with (
        patch.object(painting, "PIECE", PIECE),
        patch.object(video, "SECONDS", 0.0),
        patch.object(worker, "TIDY", 0.5),
        patch.object(Continuity, "paint", at_its_pace),
        patch.object(film_pieces.FilmPieces, "_encodable", while_there_is_room),
    ):
        worker.main(external=True)


class Service:
    """A service that paints films, with its worker, and what it is told of them."""

    def __init__(self, url: str, settings: dict[str, Any]) -> None:
        self.url, self._settings = url, settings
        self._files = VideoFiles(settings["data_dir"] / "videos")
        self.start()

    def start(self) -> None:
        self._worker = Process(small_worker, settings=self._settings)

    def kill(self) -> None:
        self._worker.send_signal(signal.SIGKILL)
        self._worker.wait()

    def ask(self, data: bytes, name: str = "film.mp4", **form: str) -> str:
        """Ask for a film; the URL of its job."""
        form = {"style": "starry-night", **form}
        answer = httpx2.post(f"{self.url}/v1/videos", data=form, files={"video": (name, data)}, timeout=60)
        assert answer.status_code == 202, answer.text
        return self.url + str(answer.headers["location"])

    def folder(self, job: str) -> Path:
        return self._files.film(job.rsplit("/", 1)[1]).parent

    def files_of(self, job: str) -> list[str]:
        return sorted(path.name for path in self.folder(job).glob("*"))


@pytest.fixture(scope="module")
def service(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"data_dir": tmp_path_factory.mktemp("data"), "videos": True, "video_kept": 3}
    with serving(tiny_checkpoint_file, **settings) as url:
        service = Service(url, {"checkpoint": tiny_checkpoint_file, "device": "cpu", **settings})
        yield service
        service.kill()


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_films_are_painted_shown_on_the_way_kept_and_fetched_in_parts(service: Service) -> None:
    job = service.ask(filmed(FRAMES, sound="aac"), to="great-wave")
    moving = service.ask(animated(), name="dance.gif", format="webp", flow="true")
    told = [line for line in httpx2.get(f"{job}/events", timeout=90).text.splitlines() if line]
    assert "event: preview" in told and "event: succeeded" in told
    ended = until(job, succeeded)
    assert (ended["step"], ended["steps"], ended["seconds_left"]) == (FRAMES, FRAMES, 0)
    assert opened(httpx2.get(f"{job}/preview", timeout=60).content).size == (64, 48)
    whole = httpx2.get(f"{job}/result", timeout=60)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["content-disposition"] == 'inline; filename="painted.mp4"'
    painted = pictures(whole.content)
    assert [picture.shape for picture in painted] == [(48, 64, 3)] * FRAMES
    assert np.abs(np.stack(painted).astype(int) - np.stack([*panned(FRAMES)])).mean() > 10  # it is no longer the film
    assert service.files_of(job) == ["painted.mp4"]
    ask = partial(httpx2.get, f"{job}/result", timeout=60)
    part = ask(headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert ask(headers={"If-None-Match": whole.headers["etag"]}).status_code == 304
    assert ask(headers={"Range": f"bytes={len(whole.content)}-"}).json()["code"] == "range_not_satisfiable"
    head = httpx2.head(f"{job}/result", timeout=60)
    assert (head.headers["content-length"], head.content) == (str(len(whole.content)), b"")
    until(moving, succeeded)
    dance = opened(httpx2.get(f"{moving}/result", timeout=60).content)
    assert (dance.format, getattr(dance, "n_frames", 1)) == ("WEBP", 4)


def test_a_killed_film_is_gone_on_with_from_its_last_piece_and_ends_the_same(service: Service) -> None:
    sent = filmed(FRAMES, width=SLOW)
    killed, whole = (service.ask(sent) for _ in range(2))
    first_piece = service.folder(killed) / "painted.mp4.pieces" / "000000" / "film.mp4"
    until(killed, lambda job: job["step"] >= 2 * PIECE + 1)
    service.kill()
    at = httpx2.get(killed, timeout=60).json()["step"]
    written = first_piece.stat().st_mtime_ns
    assert at < FRAMES
    service.start()
    until(killed, lambda job: job["step"] != at)
    assert first_piece.stat().st_mtime_ns == written
    until(killed, succeeded)
    until(whole, succeeded)
    results = [httpx2.get(f"{job}/result", timeout=60).content for job in (killed, whole)]
    assert results[0] == results[1]


def test_a_film_that_is_cancelled_stops_between_two_frames_and_nothing_of_it_stays(service: Service) -> None:
    job = service.ask(filmed(FRAMES, width=SLOW))
    until(job, lambda job: job["step"] >= 2)
    httpx2.delete(job, timeout=60).raise_for_status()
    eventually(lambda: not service.folder(job).exists())
    cancelled = httpx2.get(job, timeout=60).json()
    assert cancelled["state"] == "cancelled" and cancelled["step"] < FRAMES
    assert httpx2.get(f"{job}/result", timeout=60).json()["code"] == "no_result"


def test_a_full_disk_ends_that_film_alone_and_leaves_nothing_of_it(service: Service) -> None:
    job, other = service.ask(filmed(FRAMES, width=FULL)), service.ask(filmed(2))
    failed = until(job, lambda job: job["state"] == "failed")
    assert failed["message"] == "the disk of the service is full; nothing is kept of this film"
    assert not service.folder(job).exists()
    until(other, succeeded)


def test_of_many_painted_films_the_newest_are_kept(service: Service) -> None:
    jobs = [service.ask(filmed(2)) for _ in range(4)]
    for job in jobs:
        until(job, succeeded)
    eventually(lambda: not service.folder(jobs[0]).exists())
    answer = httpx2.get(f"{jobs[0]}/result", timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_result")
    assert "removed to make room" in answer.json()["detail"]
    assert httpx2.get(f"{jobs[3]}/result", timeout=60).status_code == 200


def test_the_client_paints_a_film_and_fetches_it_part_by_part(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PART", 1000)
    monkeypatch.setattr(client, "INTERVAL", 0.1)
    (tmp_path / "film.mp4").write_bytes(filmed(5))
    (tmp_path / "large.mp4").write_bytes(filmed(FRAMES, width=FULL))
    told: list[dict[str, Any]] = []
    blend, last = {"starry-night": 0.5, "the-scream": 0.5}, {"great-wave": 1.0}
    with client.Client(service.url) as paints:
        paints.paint_video(tmp_path / "film.mp4", tmp_path / "out.webm", blend, to=last, progress=told.append)
        with pytest.raises(client.JobFailed, match="the disk of the service is full"):
            paints.paint_video(tmp_path / "large.mp4", tmp_path / "none.mp4", blend)
        with pytest.raises(client.ServiceError, match="format"):
            paints.paint_video(tmp_path / "film.mp4", tmp_path / "out.avi", blend)
    assert (told[-1]["state"], told[-1]["step"]) == ("succeeded", 5)
    fetched = (tmp_path / "out.webm").read_bytes()
    assert len(fetched) > 1000 and len(pictures(fetched)) == 5
    whole = httpx2.get(f"{service.url}/v1/jobs/{told[-1]['id']}/result", timeout=60)
    assert (whole.headers["content-type"], whole.content) == ("video/webm", fetched)
    assert sorted(path.name for path in tmp_path.glob("*")) == ["film.mp4", "large.mp4", "out.webm"]


REQUEST = VideoRequest("", (b"",), {}, False, "mp4")


def test_a_film_that_is_not_there_or_not_let_is_not_begun(
    settings: Settings, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    files = VideoFiles(tmp_path)
    for videos, told in ((True, "the same IMPASTO_VIDEO_DIR"), (False, "IMPASTO_VIDEOS=true")):
        painting = VideoPainting(settings.model_copy(update={"videos": videos}), tiny_checkpoint, files)
        with pytest.raises(InvalidValue, match=told):
            painting._paint(REQUEST, "job", files.painted("job", "mp4"))


def test_a_film_whose_end_was_not_recorded_is_not_painted_again(
    settings: Settings, tiny_checkpoint: Checkpoint, tmp_path: Path
) -> None:
    files = VideoFiles(tmp_path)
    files.receive("job", io.BytesIO())
    painted = files.painted("job", "mp4")
    painted.write_bytes(b"painted")
    VideoPainting(settings, tiny_checkpoint, files)._paint(REQUEST, "job", painted)
    assert painted.read_bytes() == b"painted"
