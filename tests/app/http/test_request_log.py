from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from typing import Literal

import pytest
import structlog
from fastapi.testclient import TestClient

from impasto.app.access.keys import PREFIX


def test_a_request_keeps_the_id_its_client_gave(client: TestClient) -> None:
    response = client.get("/healthz", headers={"X-Request-Id": "checkout-42"})
    assert response.headers["x-request-id"] == "checkout-42"


@pytest.mark.parametrize("forged", ["a b", "x" * 65, "line\tbreak", "{}"])
def test_an_id_that_could_forge_a_log_line_is_replaced(client: TestClient, forged: str) -> None:
    response = client.get("/healthz", headers={"X-Request-Id": forged})
    assert response.headers["x-request-id"] not in ("", forged)


@pytest.mark.parametrize("client", ["process"], indirect=True)  # whose log is read
def test_every_request_is_logged_with_id_status_and_duration(client: TestClient) -> None:
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        client.get("/v1/styles/none", headers={"X-Request-Id": "find-me"})
    (line,) = lines
    assert (line["request_id"], line["method"], line["status"]) == ("find-me", "GET", 404)
    assert line["path"] == "/v1/styles/none"
    assert line["milliseconds"] > 0


@pytest.mark.parametrize("style", ["json", "text"])
def test_lines_of_libraries_have_the_same_format_as_ours(style: Literal["json", "text"]) -> None:
    script = (
        "import logging, structlog; from impasto.app.http.request_log import configure_logging; "
        f"configure_logging({style!r}); structlog.contextvars.bind_contextvars(request_id='find-me'); "
        "logging.getLogger('library').warning('theirs'); "
        "structlog.stdlib.get_logger('app').info('ours', status=200)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    if style == "json":
        assert [json.loads(line)["event"] for line in lines] == ["theirs", "ours"]
        assert json.loads(lines[1])["status"] == 200
        assert [json.loads(line)["request_id"] for line in lines] == ["find-me", "find-me"]
    else:
        assert "theirs" in lines[0] and "ours" in lines[1]


def test_a_fault_is_told_with_what_led_to_it_by_module_and_line_without_paths_or_code() -> None:
    script = (
        "import json, structlog\n"
        "from impasto.app.http.request_log import configure_logging; configure_logging('json')\n"
        "try:\n"
        "    try: json.loads('{')\n"
        "    except ValueError as error: raise RuntimeError('our fault') from error\n"
        "except RuntimeError: structlog.stdlib.get_logger('app').exception('broken')"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    (line,) = result.stderr.splitlines()
    ours, theirs = json.loads(line)["exception"]
    assert ours == {"error": "RuntimeError: our fault", "at": ["__main__:5 <module>"]}
    assert theirs["error"].startswith("JSONDecodeError: ") and theirs["at"][0] == "__main__:4 <module>"
    assert all(re.fullmatch(r"json(\.\w+)?:\d+ \w+", each) for each in theirs["at"][1:])
    assert ".py" not in line and "Traceback" not in line


@pytest.mark.parametrize("style", ["json", "text"])
def test_no_line_shows_a_key_or_a_password_whoever_wrote_it(style: Literal["json", "text"]) -> None:
    key = f"{PREFIX}{secrets.token_urlsafe(32)}"
    script = (
        "import logging, structlog; from impasto.app.http.request_log import configure_logging; "
        f"configure_logging({style!r}); key, url = {key!r}, 'postgresql://somebody:pass-word@host/name'; "
        "logging.getLogger('library').warning('theirs %s %s', key, url)\n"
        "try: raise ValueError(key + url)\n"
        "except ValueError: structlog.stdlib.get_logger('app').exception('ours', key=key, url=url)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (
        "theirs" in result.stderr and "ValueError" in result.stderr and "postgresql://somebody:…@host" in result.stderr
    )
    assert key.removeprefix(PREFIX) not in result.stderr and "pass-word" not in result.stderr
