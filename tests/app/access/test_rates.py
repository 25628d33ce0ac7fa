"""How much one client may have painted."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import redis
from fastapi.testclient import TestClient
from limits import RateLimitItemPerSecond

from impasto.app.access.keys import KeyStore
from impasto.app.access.rates import MINUTE, RateExceeded, Rates
from impasto.app.main import create_app
from impasto.app.settings import Settings
from impasto.model.errors import InvalidValue
from tests.app.test_server import free_port
from tests.pictures import encoded, photo


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    """A Redis of our own."""
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed (Debian, Ubuntu: apt install redis-server)")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server, redis.Redis(port=port) as client:
        while server.poll() is None:
            with suppress(redis.ConnectionError):
                client.ping()
                break
        yield f"redis://127.0.0.1:{port}"
        server.terminate()


@pytest.fixture(params=["memory", "redis"])
def store(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    url: str = request.getfixturevalue("redis_url")
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


def test_each_client_has_so_many_megapixels_a_minute(store: str | None) -> None:
    rates = Rates(2, store)
    quota = rates.take("one", 1_500_000)
    assert quota is not None
    assert (quota.limit, quota.remaining) == (2_000_000, 500_000) and 1 <= quota.reset <= MINUTE
    with pytest.raises(RateExceeded, match=r"costs 0.6 megapixels, and 0.5 of the 2.0 a minute are left"):
        rates.take("one", 600_000)
    quota = rates.take("other", 2_000_000)
    assert quota is not None and quota.remaining == 0


def test_what_is_refused_takes_nothing(store: str | None) -> None:
    rates = Rates(1, store)
    rates.take("one", 900_000)
    for _ in range(3):
        with pytest.raises(RateExceeded):
            rates.take("one", 1_000_000)
    quota = rates.take("one", 100_000)
    assert quota is not None and quota.remaining == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_keeps_nobody_waiting_for_more_than_a_minute(
    store: str | None, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    rates, now = Rates(1, store), time.time
    rates.take("one", 1_000_000)
    with pytest.raises(RateExceeded):
        rates.take("one", 100_000)
    monkeypatch.setattr(time, "time", lambda: now() + hours * 3600)
    if store is None:  # a Redis has a clock of its own
        rates.take("one", 1_000_000)
    with pytest.raises(RateExceeded) as refused:
        rates.take("one", 100_000)
    assert 1 <= refused.value.retry_after <= MINUTE


def test_small_pictures_cost_a_tenth_of_a_megapixel(store: str | None) -> None:
    rates = Rates(1, store)
    for left in (900_000, 800_000):
        quota = rates.take("one", 32 * 32)
        assert quota is not None and quota.remaining == left


def test_a_picture_larger_than_a_minute_allows_takes_all_of_it(store: str | None) -> None:
    rates = Rates(1, store)
    quota = rates.take("one", 12_000_000)
    assert quota is not None and quota.remaining == 0
    with pytest.raises(RateExceeded):
        rates.take("one", 1)


def test_pictures_at_once_get_no_more_than_there_is(store: str | None) -> None:
    rates = Rates(1, store)

    def take(_: int) -> bool:
        try:
            rates.take("one", 100_000)
        except RateExceeded:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(30))) == 10


def test_whoever_comes_back_when_told_is_let_in(store: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    short = partial(RateLimitItemPerSecond, multiples=2)  # else the test takes a minute
    monkeypatch.setattr("impasto.app.access.rates.RateLimitItemPerMinute", short)
    rates = Rates(1, store)
    rates.take("one", 1_000_000)
    with pytest.raises(RateExceeded) as refused:
        rates.take("one", 1_000_000)
    assert 1 <= refused.value.retry_after <= 2
    time.sleep(refused.value.retry_after)
    rates.take("one", 1_000_000)


def test_replicas_share_what_a_redis_counts(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    Rates(1, redis_url).take("one", 1_000_000)
    with pytest.raises(RateExceeded):
        Rates(1, redis_url).take("one", 1_000_000)


def test_a_redis_that_is_gone_keeps_nobody_from_painting() -> None:
    assert Rates(1, f"redis://127.0.0.1:{free_port()}").take("one", 5_000_000) is None


@pytest.mark.parametrize("store", ["nonsense", "http://host", "redis"])
def test_an_address_that_is_none_is_refused_at_start(store: str) -> None:
    with pytest.raises(InvalidValue, match="IMPASTO_RATE_STORE"):
        Rates(1, store)


# In the service


def paint(service: TestClient, side: int = 256, **headers: str) -> tuple[int, dict[str, str]]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    files = {"image": ("photo.png", encoded(photo(height=side, width=side)))}
    answer = service.post("/v1/stylize", data={"style": "great-wave"}, files=files, headers=names)
    return answer.status_code, dict(answer.headers)


@pytest.fixture
def limited(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(
        update={"rate_limit": 1.0, "data_dir": tmp_path, "proxies": 1, "batch_pixels": 2_000_000}
    )


def test_an_answer_tells_what_is_left_and_a_refusal_when_to_come_back(limited: Settings) -> None:
    with TestClient(create_app(limited)) as service:
        status, headers = paint(service)
        assert status == 200
        assert headers["ratelimit-policy"] == '"painting";q=1000000;w=60;qu="pixels"'
        assert re.fullmatch(r'"painting";r=900000;t=\d+', headers["ratelimit"])
        blends = {"blend": ["great-wave=1"] * 9}
        files = {"image": ("photo.png", encoded(photo(height=256, width=256)))}
        grid = service.post("/v1/stylize/grid", data=blends, files=files)
        assert grid.headers["ratelimit"].startswith('"painting";r=300000;')  # 9 × 65,536 pixels
        for _ in range(3):
            assert paint(service)[0] == 200
        status, headers = paint(service)
        assert status == 429
        assert headers["ratelimit"].startswith('"painting";r=0;t=')
        assert headers["retry-after"] == headers["ratelimit"].rpartition("=")[2]
        assert service.get("/v1/styles").status_code == 200  # only painting is limited


def test_the_pixels_of_a_picture_that_a_photo_is_to_be_like_count_too(limited: Settings) -> None:
    with TestClient(create_app(limited)) as service:
        files = {
            name: (name, encoded(photo(height=side, width=side))) for name, side in (("image", 256), ("like", 512))
        }
        answer = service.post("/v1/stylize/like", files=files)
        assert answer.headers["ratelimit"].startswith('"painting";r=600000;')  # 327,680 pixels


def test_clients_are_told_apart_by_address_and_by_key(limited: Settings) -> None:
    with TestClient(create_app(limited)) as service:
        for _ in range(10):
            paint(service, X_Forwarded_For="198.51.100.7")
        assert paint(service, X_Forwarded_For="203.0.113.9, 198.51.100.7")[0] == 429
        assert paint(service, X_Forwarded_For="198.51.100.8")[0] == 200
    store = KeyStore(limited.database)
    one, other = store.add("one", ["paint"]), store.add("other", ["paint"])
    store.close()
    with TestClient(create_app(limited)) as service:
        for _ in range(10):
            paint(service, X_API_Key=one)
        assert paint(service, X_API_Key=one, X_Forwarded_For="203.0.113.1")[0] == 429
        assert paint(service, X_API_Key=other)[0] == 200


def test_nothing_is_limited_by_default(client: TestClient) -> None:
    for _ in range(12):
        status, headers = paint(client)
        assert status == 200 and "ratelimit" not in headers
