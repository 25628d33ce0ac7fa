"""The complete examples in the documents, run as they stand there: those of docs/api.md against a real service."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import numpy as np
import pytest

from impasto import Stylizer, decode
from impasto.model.network.checkpoint import load
from impasto.model.network.config import SHIPPED
from impasto.model.painting.recipe import Recipe
from tests.app.test_server import serving
from tests.commands import impasto
from tests.pictures import encoded, opened, photo

DOCS = Path(__file__).parents[1] / "docs"
API, ON_DEVICE = DOCS / "api.md", DOCS / "on-device.md"
PHOTO = encoded(photo(height=48, width=64), "JPEG")


def example(heading: str, document: Path = API) -> str:
    """The code under a heading of a document."""
    section = document.read_text("utf-8").split(f"\n### {heading}\n")[1]
    code: str = section.split("```")[1]
    return code.partition("\n")[2]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SHIPPED, data_dir=tmp_path_factory.mktemp("data")) as url:
        yield url


@pytest.mark.parametrize(
    ("heading", "program", "written"),
    [
        ("curl", ["bash", "-e", "example"], "jpeg"),
        ("Python", [sys.executable, "-W", "error", "example"], "png"),
        ("JavaScript in Node.js", ["node", "--no-warnings", "example.mjs"], "jpeg"),
    ],
)
def test_an_example_of_the_documents_paints(
    service: str, tmp_path: Path, heading: str, program: list[str], written: str
) -> None:
    needed = "curl" if heading == "curl" else program[0]
    if shutil.which(needed) is None:
        pytest.skip(f"{needed} is not installed")
    (tmp_path / program[-1]).write_text(example(heading).replace("http://localhost:8000", service), "utf-8")
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    subprocess.run(program, cwd=tmp_path, check=True)
    form = {"style": ["van-gogh-starry-night", "hokusai-great-wave"], "weight": ["0.3", "0.7"], "format": written}
    expected = httpx2.post(f"{service}/v1/stylize", data=form, files={"image": ("photo.jpg", PHOTO)}, timeout=60)
    (output,) = tmp_path.glob("out.*")
    assert np.array_equal(np.asarray(opened(output.read_bytes())), np.asarray(opened(expected.content)))
    assert opened(expected.content).size == (64, 48)


def test_the_example_on_a_device_paints_what_we_paint(tmp_path: Path) -> None:
    assert impasto("export", "-o", tmp_path / "impasto.onnx", "--checkpoint", SHIPPED).returncode == 0
    (tmp_path / "photo.jpg").write_bytes(PHOTO)
    (tmp_path / "example").write_text(example("Python", ON_DEVICE), "utf-8")
    subprocess.run([sys.executable, "-W", "error", "example"], cwd=tmp_path, check=True)
    painted = np.asarray(opened((tmp_path / "out.png").read_bytes()), np.float32)
    source = load()
    blend = source.styles.blend({"van-gogh-starry-night": 0.3, "hokusai-great-wave": 0.7})
    stylizer = Stylizer(source.network, device="cpu", precision="float32")
    ours = stylizer.stylize(decode(PHOTO), blend, stroke="native").pixels.numpy()
    assert np.abs(painted - ours).max() <= 1


def test_every_language_has_an_example() -> None:
    for heading in ("curl", "Python", "JavaScript in a browser", "JavaScript in Node.js", "Swift", "Kotlin"):
        assert "stylize" in example(heading)
    for heading in ("Python", "JavaScript in Node.js", "Kotlin on Android", "Swift on iOS"):
        assert all(name in example(heading, ON_DEVICE) for name in ("canonical", "vector", "painting"))


@pytest.mark.parametrize("heading", ["LiteRT", "Core ML"])
def test_what_a_recipe_for_another_format_needs_of_us_is_there(heading: str) -> None:
    """The converters themselves are in nobody's environment here."""
    ours = [line for line in example(heading, ON_DEVICE).splitlines() if line.startswith("from impasto.")]
    assert len(ours) == 2
    exec("\n".join(ours), {})


def recipes() -> Iterator[bytes]:
    """Those of the documents, as files and in the text."""
    yield from (file.read_bytes() for file in (DOCS / "recipes").iterdir())
    yield from (
        block.partition("```")[0].encode() for block in (DOCS / "regions.md").read_text("utf-8").split("```json")[1:]
    )


@pytest.mark.parametrize("recipe", [*recipes()])
def test_a_recipe_of_the_documents_is_one_for_the_shipped_styles(recipe: bytes) -> None:
    styles, read = load().styles, Recipe.read(recipe)
    blends = [read.weights, *(region.weights for region in read.regions)]
    assert len(blends) > 1 and all(styles.blend(weights).isfinite().all() for weights in blends)
