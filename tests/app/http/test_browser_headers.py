"""The page as it is served: its files, and what browsers are told about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from impasto.app.main import create_app
from impasto.app.page import RUNTIME, WEB
from impasto.app.settings import Settings

FILES = sorted(
    path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file() and RUNTIME not in path.parts
)
TEXTS = [name for name in FILES if Path(name).suffix in {".html", ".css", ".js", ".svg"}]
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
}
SAME = (
    "Cache-Control",
    "Content-Security-Policy",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
)
"""Headers that are on every answer."""


def test_the_page_stands_at_the_root(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Impasto" in answer.text


@pytest.mark.parametrize("name", FILES)
def test_every_file_of_the_page_has_its_type_and_is_asked_for_again_by_its_etag(client: TestClient, name: str) -> None:
    answer = client.get(f"/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == TYPES[Path(name).suffix]
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_nothing_may_be_loaded_from_elsewhere_guessed_or_framed(client: TestClient) -> None:
    for path in ("/", "/main.js", "/v1/styles", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"].replace("'wasm-unsafe-eval'", "")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["permissions-policy"].startswith("camera=(self)")
    docs = client.get("/docs").headers  # whose code comes from elsewhere
    assert not {"content-security-policy", "cross-origin-embedder-policy"} & {*docs}


def test_every_answer_says_the_same_to_browsers(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("impasto.app.routes.styles._info", broken)
    told: dict[int, dict[str, str]] = {}
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        for method, path, headers in (
            ("GET", "/healthz", {}),
            ("GET", "/nowhere", {}),
            ("PUT", "/healthz", {}),
            ("POST", "/v1/stylize", {"Content-Length": "999999999"}),
            ("POST", "/v1/stylize", {"Origin": "https://elsewhere.example"}),
            ("GET", "/healthz", {"Host": "elsewhere.example"}),
            ("GET", "/v1/styles", {}),
        ):
            answer = client.request(method, path, headers=headers)
            told[answer.status_code] = {name: answer.headers.get(name, "") for name in SAME}
    assert set(told) == {200, 403, 404, 405, 413, 421, 500}
    assert all(headers == told[200] and all(headers.values()) for headers in told.values())


def test_no_file_of_the_page_names_another_host_or_has_code_or_style_in_its_html() -> None:
    for name in TEXTS:
        text = (WEB / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""["'(]\s*(https?:)?//[a-z0-9]""", text), name
    html = (WEB / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


def test_the_first_load_is_under_150_kilobytes() -> None:
    """Without the modules that are imported when they are first wanted."""
    modules, left = set[Path](), [WEB / "main.js"]
    while left:
        module = left.pop()
        modules.add(module)
        imported = {
            (module.parent / name).resolve() for name in re.findall(r'from "([^"]+)"', module.read_text("utf-8"))
        }
        left += imported - modules
    others = {WEB / name for name in TEXTS if not name.endswith(".js")}
    assert len(modules) > 20
    assert sum(file.stat().st_size for file in modules | others) < 150_000


def test_the_page_hides_no_error_of_the_service(client: TestClient) -> None:
    wrong_method, unknown = client.get("/v1/stylize"), client.get("/nowhere.js")
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
