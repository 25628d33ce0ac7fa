"""Real worker processes, really killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from unittest.mock import patch

import httpx2
import numpy as np
import psycopg
import pytest
import torch
from dbos import DBOSClient, DBOSPortableJSONSerializer, PortableWorkflowError
from PIL import Image
from sqlalchemy.exc import OperationalError
from torch import Tensor

from impasto.app.database import connect, writing
from impasto.app.jobs import fit, optimize, worker
from impasto.app.jobs.jobs import FAULT
from impasto.app.styles.store import StyleExists
from impasto.client import Client, ServiceError
from impasto.model.errors import InvalidValue
from impasto.model.exemplar.config import AnalogyConfig, QuiltingConfig, SamplingConfig, TransferConfig
from impasto.model.exemplar.plan import AnalogyPlan, Plan, TexturePlan, TransferPlan
from impasto.model.fitting.config import FitConfig
from impasto.model.fitting.content import crops
from impasto.model.fitting.fitter import Fitter
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.pictures import images
from impasto.model.prediction.style_predictor import StylePredictor
from impasto.model.styles.pack import StylePack
from impasto.model.styles.paintings import read_painting
from tests.app.test_server import free_port, serving, started
from tests.networks import tiny_predictor
from tests.pictures import encoded, opened, painting, photo
from tests.processes import Process, command

ROOT = Path(__file__).parents[3]
PASSES, STRIDE = 8, 5


def small_worker(ahead: int) -> None:
    """The worker, with few and small photos to fit on, often telling how far it is, and with a wrong clock."""
    now = time.time

    def few_crops(folder: Path | None, count: int = 4, side: int = 32, seed: int = 0) -> Tensor:
        return crops(folder, count=4, side=32, seed=seed)

    def quick_fitter(*which: Any, config: FitConfig, **where: Any) -> Fitter:
        own = replace(config, passes=min(config.passes, PASSES), batch=2, settled=-1)
        return Fitter(*which, config=own, **where)

    with (
        patch.object(fit, "crops", few_crops),
        patch.object(fit, "Fitter", quick_fitter),
        patch.object(optimize, "STRIDE", STRIDE),
        patch.object(time, "time", lambda: now() + ahead),
    ):
        worker.main(external=True)


@contextmanager
def working(checkpoint: Path, database_url: str, *, ahead: int = 0, **settings: object) -> Iterator[Process]:
    """A worker process. ahead: by how many seconds its clock is wrong."""
    process = Process(
        small_worker,
        ahead,
        settings={"checkpoint": checkpoint, "database_url": database_url, "device": "cpu", **settings},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def service(tiny_checkpoint_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with its worker, as its URL, for all jobs whose worker nobody kills."""
    database_url = f"sqlite:///{tmp_path_factory.mktemp('jobs')}/impasto.db"
    serve = serving(tiny_checkpoint_file, database_url=database_url, optimizations=True)
    with serve as url, working(tiny_checkpoint_file, database_url):
        yield url


def ask(url: str, style_id: str, fit: str = "full") -> str:
    """Ask for a fit; the URL of its job."""
    files = {"image": ("painting.png", encoded(painting(3)))}
    answer = httpx2.post(f"{url}/v1/styles", data={"id": style_id, "fit": fit}, files=files, timeout=60)
    assert answer.status_code == 202, answer.text
    return url + str(answer.headers["location"])


def ask_for_picture(url: str, steps: int = 40, style_scale: float = 1.0, method: str = "gram") -> str:
    """Ask for a picture by optimisation; the URL of its job."""
    files = [("image", ("photo.png", encoded(photo()))), ("painting", ("painting.png", encoded(painting(3))))]
    form = {"steps": str(steps), "start": "noise", "style_scale": str(style_scale), "method": method}
    answer = httpx2.post(f"{url}/v1/optimizations", data=form, files=files, timeout=60)
    assert answer.status_code == 202, answer.text
    return url + str(answer.headers["location"])


def until(job: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + 300
    while not holds(found := httpx2.get(job, timeout=60).json()):
        assert time.monotonic() < deadline, found
        assert found["state"] in ("queued", "running"), found
        time.sleep(0.05)
    return dict(found)


def succeeded(job: dict[str, Any]) -> bool:
    return bool(job["state"] == "succeeded")


def fitted(url: str, style_id: str, tiny_checkpoint: Checkpoint) -> Tensor:
    """The vector of a style that was added."""
    data = httpx2.get(f"{url}/v1/styles/{style_id}/pack", timeout=60).content
    network_id, size = tiny_checkpoint.network_id, tiny_checkpoint.network.style_size
    return StylePack.from_bytes(data, network_id=network_id, style_size=size).vector


def steps_done(database_url: str, job: str) -> list[str]:
    """The names of the steps of a job that are on record."""
    engine = connect(database_url)
    client = DBOSClient(
        system_database_engine=writing(engine), serializer=DBOSPortableJSONSerializer(), application_name="impasto"
    )
    steps = [step["function_name"] for step in client.list_workflow_steps(job.rsplit("/", 1)[1])]
    client.destroy()
    engine.dispose()
    return steps


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_killed_fit_is_gone_on_with_by_the_next_worker_and_ends_the_same(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, database_url: str
) -> None:
    with serving(tiny_checkpoint_file, database_url=database_url) as url:
        killed, whole = ask(url, "killed"), ask(url, "whole")
        with working(tiny_checkpoint_file, database_url) as first:
            until(killed, lambda job: job["step"] >= 2)
            with working(tiny_checkpoint_file, database_url):  # stands by
                first.send_signal(signal.SIGKILL)
                at = httpx2.get(killed, timeout=60).json()["step"]
                assert at < PASSES
                assert until(killed, succeeded)["step"] == PASSES
                ended = until(whole, succeeded)
        assert ended["verdict"] in ("good", "fair", "poor") and ended["message"]
        assert set(ended["losses"]) == {"content_error", "style_distance"}
        assert fitted(url, "killed", tiny_checkpoint).equal(fitted(url, "whole", tiny_checkpoint))
        done = steps_done(database_url, killed)
        assert [done.count(step) for step in ("begin", "advance", "judge", "add")] == [1, PASSES, 1, 1]
        blend = {"style": ["killed", "great-wave"], "weight": "0.5"}
        files = {"image": ("photo.png", encoded(photo()))}
        assert httpx2.post(f"{url}/v1/stylize", data=blend, files=files, timeout=60).status_code == 200
        assert httpx2.get(f"{killed}/preview", timeout=60).headers["content-type"] == "image/jpeg"


def test_a_service_and_its_worker_that_are_killed_at_work_lose_nothing_and_go_on_when_started_again(
    tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    database_url, port = f"sqlite:///{tmp_path}/impasto.db", free_port()
    serve = partial(started, tiny_checkpoint_file, database_url=database_url, port=port)
    large = {"image": ("photo.png", encoded(photo(height=1200, width=1200)))}
    with ThreadPoolExecutor() as pool, serve(ending=-signal.SIGKILL) as (url, service):
        pack = httpx2.get(f"{url}/v1/styles/the-scream/pack", timeout=60).content
        httpx2.put(f"{url}/v1/styles/added/pack", content=pack, timeout=60).raise_for_status()
        job = ask(url, "fitted")
        with working(tiny_checkpoint_file, database_url, ahead=3600) as worker:  # the clock jumps, too
            until(job, lambda job: job["step"] >= 1)
            form = {"style": "added"}
            painting = pool.submit(httpx2.post, f"{url}/v1/stylize", data=form, files=large, timeout=60)
            _wait_for(lambda: "impasto_queue_pixels 0.0" not in httpx2.get(f"{url}/metrics").text)
            os.kill(service, signal.SIGKILL)
            worker.kill()
            assert isinstance(painting.exception(), httpx2.TransportError)
    assert not [*(tmp_path / "temporary").iterdir()]
    with closing(sqlite3.connect(tmp_path / "impasto.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with serve() as (url, _), working(tiny_checkpoint_file, database_url, ahead=-3600):
        kept = httpx2.get(job, timeout=60).json()["step"]
        assert kept >= 1
        until(job, lambda job: job["step"] > kept)
        assert steps_done(database_url, job).count("begin") == 1  # it went on, and did not begin anew
        assert httpx2.post(f"{url}/v1/stylize", data=form, files=large, timeout=60).status_code == 200


def test_a_style_is_predicted_at_once_or_fitted_from_there(
    tiny_checkpoint: Checkpoint, predicting_checkpoint_file: Path, vgg_weights: dict[str, Tensor], tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/impasto.db"
    serve = serving(predicting_checkpoint_file, database_url=database_url)
    with serve as url, working(predicting_checkpoint_file, database_url):
        at_once, quick = ask(url, "at-once", "none"), ask(url, "quick", "quick")
        ended = until(at_once, succeeded)
        assert (ended["step"], ended["steps"], ended["seconds_left"]) == (0, 0, 0)
        assert ended["verdict"] in ("good", "fair", "poor") and ended["message"]
        assert httpx2.get(f"{at_once}/preview", timeout=60).headers["content-type"] == "image/jpeg"
        assert (until(quick, succeeded)["step"], steps_done(database_url, quick).count("advance")) == (1, 1)
        predictor = StylePredictor(tiny_predictor(tiny_checkpoint), weights=vgg_weights, device="cpu")
        expected = predictor.predict(read_painting(encoded(painting(3))).rgb)
        found = fitted(url, "at-once", tiny_checkpoint)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
        assert not fitted(url, "quick", tiny_checkpoint).equal(found)


def test_a_running_fit_is_followed_and_cancelled(service: str) -> None:
    job = ask(service, "my-style")
    told = []
    with httpx2.stream("GET", f"{job}/events", timeout=60) as events:
        for line in events.iter_lines():
            if line.startswith("event: "):
                told.append(line.removeprefix("event: "))
                if told[-1] == "preview" and "cancelling" not in told:
                    httpx2.delete(job, timeout=60).raise_for_status()
                    told.append("cancelling")
    assert "running" in told and told.index("preview") < told.index("cancelled")
    assert told[-1] == "cancelled"
    assert httpx2.get(f"{service}/v1/styles/my-style", timeout=60).status_code == 404
    until(ask(service, "my-style"), succeeded)


def test_a_picture_is_made_by_optimisation_shown_on_the_way_and_kept(service: str) -> None:
    job = ask_for_picture(service)
    told = [line for line in httpx2.get(f"{job}/events", timeout=90).text.splitlines() if line]
    assert "event: preview" in told and "event: succeeded" in told
    ended = until(job, succeeded)
    assert (ended["step"], ended["steps"], ended["seconds_left"]) == (40, 40, 0)
    assert set(ended["losses"]) == {"content", "style", "variation", "range"}
    result = httpx2.get(f"{job}/result", timeout=60)
    assert result.headers["content-type"] == "image/png"
    assert opened(result.content).size == (64, 64)
    assert result.content == httpx2.get(f"{job}/result", timeout=60).content
    fit = ask(service, "another-style")
    until(fit, succeeded)
    assert httpx2.get(f"{fit}/result", timeout=60).json()["code"] == "no_result"


def test_a_running_optimisation_is_cancelled_and_the_next_one_made(service: str) -> None:
    job = ask_for_picture(service, steps=500)
    until(job, lambda job: job["step"] > 0)
    httpx2.delete(job, timeout=60).raise_for_status()
    cancelled = httpx2.get(job, timeout=60).json()
    assert cancelled["state"] == "cancelled" and cancelled["step"] < 500
    ended = until(ask_for_picture(service, steps=4, method="neighbors"), succeeded)
    assert (ended["step"], set(ended["losses"])) == (6, {"neighbors", "variation", "range"})


def test_an_optimisation_that_cannot_be_made_says_why(service: str) -> None:
    job = ask_for_picture(service, style_scale=0.2)
    failed = until(job, lambda job: job["state"] == "failed")
    assert "shorter side of 13 pixels, and 32 are needed" in failed["message"]


def test_a_killed_optimisation_is_gone_on_with_from_its_last_picture(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/impasto.db"
    with serving(tiny_checkpoint_file, database_url=database_url, optimizations=True) as url:
        job = ask_for_picture(url, steps=60)
        with working(tiny_checkpoint_file, database_url) as first:
            begun = until(job, lambda job: job["step"] >= 2 * STRIDE)
            first.send_signal(signal.SIGKILL)
            first.wait()
        with working(tiny_checkpoint_file, database_url):
            ended = until(job, succeeded)
        assert ended["step"] == 60
        assert sum(ended["losses"].values()) < sum(begun["losses"].values())
        assert steps_done(database_url, job).count("advance") == 60 // STRIDE
        assert opened(httpx2.get(f"{job}/result", timeout=60).content).size == (64, 64)


CUT_OUT = Image.fromarray(painting(height=48, width=64)).convert("RGBA")
CUT_OUT.paste((0, 255, 0, 0), (0, 0, 64, 9))
CUT_OUT.putpixel((20, 30), (1, 2, 3, 128))


@pytest.mark.parametrize(
    ("route", "files", "form", "plan"),
    [
        (
            "textures",
            {"image": encoded(CUT_OUT)},
            {"method": "quilting", "block": 12, "width": 70, "height": 50, "seed": 3},
            TexturePlan(50, 70, QuiltingConfig(block=12), 3),
        ),
        (
            "textures",
            {"image": encoded(CUT_OUT)},
            {"method": "sampling", "window": 5, "width": 20, "height": 15},
            TexturePlan(15, 20, SamplingConfig(window=5)),
        ),
        (
            "transfers",
            {"image": encoded(photo()), "texture": encoded(CUT_OUT)},
            {"block": 9, "passes": 2},
            TransferPlan(TransferConfig(block=9, passes=2)),
        ),
        (
            "analogies",
            {"a": encoded(photo()), "a_prime": encoded(255 - photo()), "b": encoded(photo(1))},
            {"size": 32, "keep_color": True},
            AnalogyPlan(AnalogyConfig(size=32), keep_color=True),
        ),
    ],
)
def test_what_is_made_of_an_exemplar_is_what_commands_make(
    service: str, route: str, files: dict[str, bytes], form: dict[str, Any], plan: Plan
) -> None:
    answer = httpx2.post(f"{service}/v1/{route}", data=form, files=files, timeout=60)
    job = service + answer.headers["location"]
    told = httpx2.get(f"{job}/events", timeout=90).text.splitlines()
    assert "event: succeeded" in told and told.count("event: preview") == 1
    ended = until(job, succeeded)
    assert (ended["step"], ended["steps"], ended["seconds_left"]) == (100, 100, 0)
    result = httpx2.get(f"{job}/result", timeout=60)
    read = [images.decode(file, at_most=side) for file, side in zip(files.values(), plan.at_most, strict=True)]
    assert result.content == images.encode(plan.make(read), "png", quality=90)
    assert opened(httpx2.get(f"{job}/preview", timeout=60).content).format == "JPEG"


def test_a_running_texture_is_cancelled_and_the_client_waits_for_the_next_one(service: str) -> None:
    files, form = {"image": encoded(painting())}, {"method": "coherence", "passes": 50}
    job = service + httpx2.post(f"{service}/v1/textures", data=form, files=files, timeout=60).headers["location"]
    begun = until(job, lambda job: job["step"] > 0)
    assert begun["step"] < begun["steps"] == 100 and begun["seconds_left"] > 0
    httpx2.delete(job, timeout=60).raise_for_status()
    assert httpx2.get(job, timeout=60).json()["state"] == "cancelled"
    told: list[dict[str, Any]] = []
    with Client(service) as client:
        texture = client.texture(CUT_OUT, 40, 30, block=9, seed=1, progress=told.append)
        assert client.transfer(encoded(photo()), CUT_OUT, block=9).size == (64, 64)
        assert client.analogy(encoded(photo()), encoded(photo()), encoded(photo(1)), size=24).size == (24, 24)
        with pytest.raises(ServiceError, match="64 × 48 pixels, fewer than the 60 × 60"):
            client.texture(CUT_OUT, block=60)
    assert told[-1]["state"] == "succeeded"
    made = TexturePlan(30, 40, QuiltingConfig(block=9), 1).make([images.decode(encoded(CUT_OUT))])
    assert texture.mode == "RGBA" and np.array_equal(np.asarray(texture), np.asarray(images.as_image(made)))


def test_only_what_is_meant_for_whoever_asked_is_told() -> None:
    for error, told in (
        (StyleExists("there is a style 'my-style' already"), "there is a style 'my-style' already"),
        (InvalidValue("no photo in /srv/some/folder: see https://impasto.example/x"), "no photo in …: see https://imp"),
        (RuntimeError("a fault, with a path"), FAULT),
    ):
        with pytest.raises(PortableWorkflowError) as caught, worker.working():
            raise error
        assert str(caught.value).startswith(told)


def test_a_worker_whose_connection_breaks_ends_since_another_may_be_at_work(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: SimpleQueue[object] = SimpleQueue()
    monkeypatch.setattr(worker, "WATCH", 0.05)
    monkeypatch.setattr(os, "_exit", sys.exit)  # of the thread, in this process
    monkeypatch.setattr(threading, "excepthook", lambda ending: ended.put(ending.exc_value.code))
    engine = connect(f"{postgres_server}/postgres")
    administration = psycopg.connect(f"{postgres_server}/postgres", autocommit=True)
    with administration as other, worker.only_worker(engine, "0123456789abcdef"):
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        assert ended.get(timeout=30) == 1
    engine.dispose()


def test_a_worker_that_cannot_record_a_step_ends_so_that_the_job_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended, worker.working():
        raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database or disk is full"))
    assert ended.value.code == 1


def test_a_fit_that_cannot_be_made_says_why(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path}/impasto.db"
    (tmp_path / "empty").mkdir()
    with (
        serving(tiny_checkpoint_file, database_url=database_url) as url,
        working(tiny_checkpoint_file, database_url, fit_content=tmp_path / "empty"),
    ):
        job = ask(url, "my-style")
        failed = until(job, lambda job: job["state"] == "failed")
        assert "no picture in …" in failed["message"]
        assert str(tmp_path) not in failed["message"]  # the worker's files are its own
        assert httpx2.get(f"{url}/v1/styles/my-style", timeout=60).status_code == 404


def children(process: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text("utf-8").rsplit(")", 1)[1][:3]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_the_worker_of_a_service_is_started_again_and_ends_with_it(
    tiny_checkpoint_file: Path, tmp_path: Path, by: signal.Signals
) -> None:
    service = command("serve", settings={"checkpoint": tiny_checkpoint_file, "data_dir": tmp_path, "port": 0})
    try:
        first = _wait_for(lambda: children(service.pid))[0]
        os.kill(first, signal.SIGKILL)
        second = _wait_for(lambda: [child for child in children(service.pid) if child != first])[0]
    finally:
        service.send_signal(by)
        service.wait(20)
    _wait_for(lambda: not alive(second))


def test_ctrl_c_in_a_terminal_ends_a_service_and_its_worker_without_a_traceback(
    tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    settings = {"CHECKPOINT": tiny_checkpoint_file, "DATA_DIR": tmp_path, "PORT": 0}
    environment = {**os.environ, **{f"IMPASTO_{name}": str(value) for name, value in settings.items()}}
    command, pipe = [sys.executable, "-m", "impasto", "serve"], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=pipe, process_group=0) as service:
        assert service.stderr is not None
        (worker,) = _wait_for(lambda: children(service.pid))
        assert any(b"running on" in line for line in service.stderr)
        os.killpg(service.pid, signal.SIGINT)
        assert b"Traceback" not in service.stderr.read()
    assert service.returncode == 128 + signal.SIGINT
    _wait_for(lambda: not alive(worker))


def _wait_for(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return result
