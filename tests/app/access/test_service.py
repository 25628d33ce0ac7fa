"""Keys of a real server process, made and revoked by the command while it runs."""

from __future__ import annotations

import time
from pathlib import Path

import httpx2
import pytest

from impasto.client import Client, ServiceError
from tests.app.test_server import serving
from tests.commands import impasto
from tests.pictures import encoded, photo

SOON = 2.0
"""Seconds in which a running service knows of a key."""


def keys(data_dir: Path, *arguments: str) -> str:
    """What `impasto keys` prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPASTO_DATA_DIR", str(data_dir))
        return impasto("keys", *arguments).stdout.strip()


def test_a_key_is_good_and_a_revoked_one_is_not_within_two_seconds(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    keys(tmp_path, "add", "me", "--scope", "paint", "manage")
    with serving(tiny_checkpoint_file, data_dir=tmp_path, host="0.0.0.0") as url:
        assert httpx2.get(f"{url}/v1/styles").status_code == 401
        headers = {"X-API-Key": keys(tmp_path, "add", "zoe", "--scope", "paint")}
        for change, status in ((None, 200), (["revoke", "zoe"], 401)):
            if change:
                keys(tmp_path, *change)
            deadline = time.monotonic() + SOON
            while httpx2.get(f"{url}/v1/styles", headers=headers).status_code != status:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    assert keys(tmp_path, "list").startswith("me")


def test_the_first_key_closes_a_service_on_loopback(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    with serving(tiny_checkpoint_file, data_dir=tmp_path) as url:
        assert httpx2.get(f"{url}/v1/styles").status_code == 200
        key = keys(tmp_path, "add", "zoe", "--scope", "paint")
        time.sleep(SOON)
        picture = encoded(photo(height=32, width=32))
        with Client(url) as stranger, pytest.raises(ServiceError, match="asks for a key"):
            stranger.stylize(picture, {"great-wave": 1})
        with Client(url, key=key) as zoe:
            assert zoe.stylize(picture, {"great-wave": 1}).size == (32, 32)


def test_whoever_says_so_has_a_service_that_is_open_to_all(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    with serving(tiny_checkpoint_file, data_dir=tmp_path, host="0.0.0.0", open=True) as url:
        assert httpx2.get(f"{url}/v1/styles").status_code == 200


def test_whoever_invents_where_he_comes_from_stays_who_he_is(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    form, files = {"style": "great-wave"}, {"image": ("photo.png", encoded(photo(height=32, width=32)))}
    with serving(tiny_checkpoint_file, data_dir=tmp_path, rate_limit=1) as url:
        statuses = [
            httpx2.post(
                f"{url}/v1/stylize", data=form, files=files, headers={"X-Forwarded-For": f"198.51.100.{number}"}
            ).status_code
            for number in range(11)
        ]
    assert statuses == [200] * 10 + [429]


def test_a_large_upload_without_a_key_is_answered(tiny_checkpoint_file: Path, tmp_path: Path) -> None:
    keys(tmp_path, "add", "me", "--scope", "paint")
    with serving(tiny_checkpoint_file, data_dir=tmp_path) as url:
        files = {"image": ("photo.png", bytes(40_000_000))}
        answer = httpx2.post(f"{url}/v1/stylize", data={"style": "great-wave"}, files=files, timeout=60)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_required")
        assert "server" not in answer.headers
