"""The wheel, installed outside the checkout, beside folders named as those of a checkout are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.app.test_server import free_port
from tests.pictures import encoded, opened, photo

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from hatchling.build import *; print(globals()[f'build_{sys.argv[1]}'](sys.argv[2]))"
PHOTO = encoded(photo(height=48, width=64), "JPEG")


@dataclass(frozen=True)
class Installed:
    """A wheel in a folder of packages, and a project of somebody who uses it."""

    packages: Path
    project: Path

    def start(self, *command: str | Path, **environment: str) -> subprocess.Popen[str]:
        """A process in that project, whose folders come first where Python looks for modules."""
        path = os.pathsep.join(map(str, (self.project, self.packages)))
        environment = {**os.environ, "PYTHONPATH": path, **environment}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.project, env=environment, stdout=pipe, stderr=pipe, text=True)

    def run(self, *command: str | Path) -> str:
        """What a process printed that ended well."""
        with self.start(*command) as process:
            out, errors = process.communicate()
        assert process.returncode == 0, errors
        return out


def build(kind: str, source: Path, target: Path) -> Path:
    """A wheel or an sdist of a folder."""
    command = [sys.executable, "-c", BUILD, kind, str(target)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, check=True)
    return target / built.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheels"))


def test_a_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build("sdist", ROOT, tmp_path)) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    again = build("wheel", folder, tmp_path)
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
        assert "impasto/app/web/index.html" in one.namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    packages, project = (tmp_path_factory.mktemp(name) for name in ("packages", "project"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", packages, wheel], check=True)
    for name in ("app", "model", "scripts"):
        (project / name).mkdir()
        (project / name / "__init__.py").write_text("raise AssertionError('a folder of somebody else is imported')")
    (project / "photo.jpg").write_bytes(PHOTO)
    return Installed(packages, project)


def test_it_takes_one_name(installed: Installed) -> None:
    names = {path.name for path in installed.packages.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"bin", "impasto"}
    found = installed.run(sys.executable, "-c", "import sys, impasto; print(impasto.__file__, 'torch' in sys.modules)")
    assert found == f"{installed.packages / 'impasto' / '__init__.py'} False\n"


def test_it_paints(installed: Installed) -> None:
    command = installed.packages / "bin" / "impasto"
    installed.run(command, "paint", "photo.jpg", "--style", "klimt-the-kiss", "-o", "out.png")
    assert opened((installed.project / "out.png").read_bytes()).size == (64, 48)


def test_it_serves(installed: Installed) -> None:
    settings = {"IMPASTO_PORT": str(free_port()), "IMPASTO_WORKER": "external"}
    url, form = f"http://127.0.0.1:{settings['IMPASTO_PORT']}", {"style": "klimt-the-kiss"}
    with installed.start(installed.packages / "bin" / "impasto", "serve", **settings) as process:
        assert process.stderr is not None
        assert any("running on" in line for line in process.stderr)
        assert httpx2.get(f"{url}/").text.startswith("<!doctype html>")
        answer = httpx2.post(f"{url}/v1/stylize", data=form, files={"image": ("photo.jpg", PHOTO)}, timeout=60)
        process.terminate()
    assert opened(answer.content).size == (64, 48)


def test_the_example_in_the_readme_paints(installed: Installed) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    painting, *_ = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    installed.run(sys.executable, "-W", "error", "-c", painting)
    assert opened((installed.project / "out.jpg").read_bytes()).size == (64, 48)
