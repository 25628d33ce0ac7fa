"""The rooms of the page: what is in each, and that imports between them go one way."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from impasto.app.page import RUNTIME

WEB = Path(__file__).parents[2] / "app" / "web"
ROOMS = {
    "parts": set[str](),
    "service": {"parts"},
    "recipe": {"parts", "service"},
    "photo": {"parts", "service", "recipe"},
    "engine": set(),
    "device": {"parts", "service", "recipe", "engine"},
    "easel": {"parts", "service", "recipe", "photo", "device"},
    "blend": {"parts", "service", "recipe", "device"},
    "regions": {"parts", "recipe", "easel"},
    "styles": {"parts", "service", "recipe"},
    "camera": {"parts", "service", "recipe", "easel", "device"},
    "clip": {"parts", "service", "recipe"},
}
"""From which others a room may import; main.js, above them all, from each."""
MODULES = sorted(WEB.rglob("*.js"))
SERVICE_WORKER = WEB / "offline.js"
"""Registered under an address with the page's version."""
IMPORT = re.compile(r"""\b(?:from|import|URL)\s*\(?\s*["']([\w./-]+\.js)["']""")


def imported(module: Path) -> list[Path]:
    """The files that a module imports, or has a worker begin with."""
    return [(module.parent / address).resolve() for address in IMPORT.findall(module.read_text("utf-8"))]


def room(file: Path) -> str:
    return file.parent.relative_to(WEB).as_posix()


def test_every_folder_of_the_page_is_a_room() -> None:
    assert {room(file) for file in WEB.rglob("*") if file.is_file() and RUNTIME not in file.parts} == {".", *ROOMS}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(WEB).as_posix())
def test_a_module_imports_files_from_where_it_may(module: Path) -> None:
    allowed = set(ROOMS) if room(module) == "." else ROOMS[room(module)] | {room(module)}
    for file in imported(module):
        assert file.is_file(), file
        assert room(file) in allowed, file


def test_nothing_goes_round_in_circles() -> None:
    TopologicalSorter(ROOMS).prepare()
    TopologicalSorter({module: imported(module) for module in MODULES}).prepare()


def test_every_module_is_reached_from_main() -> None:
    reached, left = set[Path](), [WEB / "main.js"]
    while left:
        module = left.pop()
        if module not in reached:
            reached.add(module)
            left += imported(module)
    assert sorted({*reached, SERVICE_WORKER}) == MODULES


def test_what_the_html_loads_is_there_and_nothing_else_of_its_kind() -> None:
    loaded = set(re.findall(r'<(?:link|script)\b[^>]*(?:href|src)="([^"]+)"', (WEB / "index.html").read_text("utf-8")))
    assert loaded == {"main.js", "icon.svg", *(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.css"))}
