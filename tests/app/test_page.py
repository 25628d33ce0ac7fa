"""What is known of the page's files."""

from __future__ import annotations

from pathlib import Path

from impasto.app.page import BROWSER_KERNELS, PageFiles


def test_the_version_is_another_when_a_file_of_the_page_is(tmp_path: Path) -> None:
    versions = set()
    for name, text in (("main.js", "1"), ("main.js", "2"), ("other.js", "2")):
        (tmp_path / name).write_text(text)
        versions.add(PageFiles.read(tmp_path).version)
    assert len(versions) == 3
    assert PageFiles.read(tmp_path).version in versions


def test_the_runtime_is_known_by_its_version_where_it_was_fetched_and_kernels_were_built(tmp_path: Path) -> None:
    (tmp_path / "main.js").touch()
    (tmp_path / "onnxruntime-web" / "1.30.0").mkdir(parents=True)
    (tmp_path / "onnxruntime-web" / "1.30.0" / "ort.mjs").touch()
    before = PageFiles.read(tmp_path)
    (tmp_path / BROWSER_KERNELS).parent.mkdir(parents=True)
    (tmp_path / BROWSER_KERNELS).touch()
    after = PageFiles.read(tmp_path)
    assert (before.runtime, after.runtime) == (None, "1.30.0")


def test_what_is_fetched_is_no_part_of_the_pages_version(tmp_path: Path) -> None:
    (tmp_path / "main.js").touch()
    before = PageFiles.read(tmp_path)
    (tmp_path / "onnxruntime-web").mkdir()
    (tmp_path / "onnxruntime-web" / "ort.mjs").touch()
    assert PageFiles.read(tmp_path).version == before.version
