"""Painting in bulk, as a user does it: in this process, in folders and in a store that is fsspec's memory."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from impasto.model.files import write_whole
from impasto.scripts import bulk_painting
from impasto.scripts.bulk_painting import BROKEN, CHOICES, Room
from tests.commands import Result, impasto
from tests.films import animated
from tests.pictures import encoded, opened, photo
from tests.processes import command

STYLE = "--style", "starry-night=0.7", "great-wave=0.3"


def bulk(*arguments: object, checkpoint: Path) -> Result:
    return impasto("bulk", *arguments, "--checkpoint", checkpoint, "--device", "cpu")


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def faults(report: bytes) -> dict[str, str]:
    lines = [json.loads(line) for line in report.splitlines()]
    return {line["photo"]: line["fault"] for line in lines}


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    """An object store."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]
    yield memory
    memory.store.clear()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Photos of many kinds, in folders, with what is none beside them."""
    folder = tmp_path / "album"
    turned = Image.Exif()
    turned[0x0112] = 6
    deep = Image.fromarray((photo(4, height=40, width=40)[..., 0].astype(np.int32) * 257).astype(np.uint16))
    for name, data in {
        "one.jpg": encoded(photo(1, height=40, width=56), "JPEG"),
        "far/away/turned.jpg": encoded(photo(2, height=40, width=56), "JPEG", exif=turned.tobytes()),
        "far/printed.jpeg": encoded(Image.fromarray(photo(3)).convert("CMYK"), "JPEG"),
        "far/deep.PNG": encoded(deep),
        "far/moving.gif": animated(3),
        "scan.tif": encoded(photo(5), "TIFF"),
        "notes.txt": b"no photo",
        "far/._one.jpg": b"what macOS leaves",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def test_bulk_paints_what_paint_paints_and_keeps_the_folders(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    result = bulk(album, tmp_path / "out", *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    assert "painted 6 pictures" in result.stdout and "megapixels a second" in result.stdout
    made = files_in(tmp_path / "out")
    assert json.loads(made.pop(CHOICES))["weights"] == {"starry-night": 0.7, "great-wave": 0.3}
    assert made.pop(BROKEN) == b""
    assert made.keys() == {
        "one.jpg",
        "far/away/turned.jpg",
        "far/printed.jpeg",
        "far/deep.PNG",
        "far/moving.gif.png",
        "scan.tif.png",
    }
    assert opened(made["far/away/turned.jpg"]).size == (40, 56)
    for name, data in made.items():
        same = tmp_path / f"same{Path(name).suffix}"
        painted = impasto(
            "paint", album / name.removesuffix(".png"), *STYLE, "-o", same, "--checkpoint", tiny_checkpoint_file
        )
        assert painted.returncode == 0 and same.read_bytes() == data, name


def test_500_photos_with_10_broken_ones_killed_in_the_middle_are_each_painted_once(
    tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    photos, output = tmp_path / "photos", tmp_path / "out"
    kinds = [(encoded(photo(n, height=32 + 4 * n, width=40 + n), "JPEG"), f"{n}.jpg") for n in range(10)]
    broken = {f"{n % 7}/photo-{n}-{n % 10}.jpg" for n in range(13, 493, 48)}
    for n in range(500):
        data, name = kinds[n % 10]
        file = photos / f"{n % 7}/photo-{n}-{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data[: len(data) // 2] if str(file.relative_to(photos)) in broken else data)
    style = *STYLE, "--stroke", "native", "--checkpoint", str(tiny_checkpoint_file), "--device", "cpu"
    arguments = "bulk", str(photos), str(output), *style
    process = command(*arguments, settings={})
    while len(list(output.rglob("*.jpg"))) < 150:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.jpg")}
    assert 150 <= len(before) < 490
    result = impasto(*arguments)
    assert result.returncode == 0, result.stderr
    assert f"{len(before)} of 500 are in {output} already" in result.stdout
    assert f"painted {490 - len(before)} pictures" in result.stdout and "10 could not be painted" in result.stdout
    made = {str(path.relative_to(output)): opened(path.read_bytes()).size for path in output.rglob("*.jpg")}
    good = {str(path.relative_to(photos)): path for path in photos.rglob("*.jpg")}
    assert made == {name: opened(path.read_bytes()).size for name, path in good.items() if name not in broken}
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    reported = faults((output / BROKEN).read_bytes())
    assert reported.keys() == broken and all("picture" in fault for fault in reported.values())
    assert {path.name for path in output.iterdir() if path.is_file()} == {CHOICES, BROKEN}
    assert not list(output.rglob("*.part"))


def test_a_store_is_painted_into_a_store_and_again_only_what_is_not_there_or_empty(
    store: fsspec.AbstractFileSystem, tiny_checkpoint_file: Path
) -> None:
    for n, name in enumerate(["a.jpg", "b/c.jpg", "b/d.webp"]):
        kind = "WEBP" if name.endswith("webp") else "JPEG"
        store.pipe_file(f"/bucket/in/{name}", encoded(photo(n, height=40), kind))
    store.pipe_file("/bucket/in/empty.jpg", b"")
    paths = "memory://bucket/in/", "memory://bucket/out"
    result = bulk(*paths, *STYLE, "--size", 56, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    made = {name.removeprefix("/bucket/out/"): store.cat_file(name) for name in store.find("/bucket/out")}
    assert made.keys() == {"a.jpg", "b/c.jpg", "b/d.webp", CHOICES, BROKEN}
    assert opened(made["a.jpg"]).size == (56, 35)
    assert faults(made[BROKEN]) == {"empty.jpg": "the picture is empty: zero bytes"}
    store.pipe_file("/bucket/out/a.jpg", b"")  # as a machine that lost power leaves it
    store.pipe_file("/bucket/out/b/c.jpg", b"mine")
    store.pipe_file("/bucket/in/empty.jpg", encoded(photo(7), "JPEG"))
    result = bulk(*paths, *STYLE, "--size", 56, checkpoint=tiny_checkpoint_file)
    assert "2 of 4 are in memory://bucket/out already" in result.stdout and "painted 2 pictures" in result.stdout
    assert store.cat_file("/bucket/out/a.jpg") == made["a.jpg"]
    assert store.cat_file("/bucket/out/b/c.jpg") == b"mine" and store.cat_file(f"/bucket/out/{BROKEN}") == b""


def test_paintings_of_other_choices_are_not_mixed(album: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    output = tmp_path / "out"
    bulk(album, output, *STYLE, checkpoint=tiny_checkpoint_file)
    before = files_in(output)
    for choice, name in ((["--style", "the-scream"], "weights"), ([*STYLE, "--size", 40], "size")):
        result = bulk(album, output, *choice, checkpoint=tiny_checkpoint_file)
        assert result.returncode == 1 and f"made with other {name}; choose another folder" in result.stderr
    assert files_in(output) == before
    result = bulk(album, output, "--style", "the-scream", "--overwrite", checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    after = files_in(output)
    assert after.keys() == before.keys() and all(after[name] != before[name] for name in before if name != BROKEN)


def test_what_cannot_be_read_or_written_is_reported_and_the_others_are_painted(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    output = tmp_path / "out"
    (album / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (album / "small.png").write_bytes(encoded(photo(height=20)))
    (album / "wide.webp").write_bytes(encoded(photo(height=40), "WEBP")[:-20])
    (output / "one.jpg").mkdir(parents=True)
    result = bulk(album, output, *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0 and "4 could not be painted" in result.stdout
    reported = faults((output / BROKEN).read_bytes())
    assert reported.keys() == {"gone.jpg", "small.png", "wide.webp", "one.jpg"}
    assert "at least 32" in reported["small.png"] and "No such file" in reported["gone.jpg"]
    assert (output / "scan.tif.png").exists()


def test_a_full_disk_ends_it_in_one_line_and_started_again_it_goes_on(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(path: Path, data: bytes) -> None:
        if path.suffix == ".png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_whole(path, data)

    monkeypatch.setattr("impasto.scripts.places.write_whole", write)
    result = bulk(album, tmp_path / "out", *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and result.stderr.count("\n") == 1 and "No space left on device" in result.stderr
    monkeypatch.undo()
    result = bulk(album, tmp_path / "out", *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0 and len(files_in(tmp_path / "out")) == 6 + 2


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["{in}", "{out}", "--style", "great-wav"], "did you mean great-wave"),
        (["{in}", "{out}"], "give --style, --painting or --region, or several of them; or --recipe; or --like"),
        (["{in}", "{out}", "--style", "great-wave", "--quality", "0"], "--quality is between 1 and 100"),
        (["{none}", "{out}", "--style", "great-wave"], "there is no folder"),
        (["{in}/one.jpg", "{out}", "--style", "great-wave"], "there is no folder"),
        (["memory://none", "{out}", "--style", "great-wave"], "there is no picture in memory://none"),
        (["{in}", "{in}/out", "--style", "great-wave"], "choose a folder beside it"),
        (["memory://a/b", "memory://a", "--style", "great-wave"], "choose a folder beside it"),
        (["s3://bucket/in", "{out}", "--style", "great-wave"], "s3://bucket/in: Install s3fs"),
        (["{in}", "floppy://a", "--style", "great-wave"], "floppy://a: Protocol not known"),
        (["{in}", "{out}", "--style", "great-wave", "--ray", "auto"], "pip install 'impasto[cluster]'"),
        (
            ["{in}", "{out}", "--style", "great-wave", "--painters", "2"],
            "--painters is how many paint at once on --ray",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_done_ends_in_one_clear_line_before_anything_is_painted(
    album: Path,
    tmp_path: Path,
    tiny_checkpoint_file: Path,
    arguments: list[str],
    fault: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)  # as if they were not installed
    monkeypatch.setitem(sys.modules, "ray", None)
    places = {"in": album, "out": tmp_path / "out", "none": tmp_path / "none"}
    before = files_in(tmp_path)
    result = bulk(*(each.format_map(places) for each in arguments), checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and fault in result.stderr and result.stderr.count("\n") == 1, result.stderr
    assert files_in(tmp_path) == before


def test_two_photos_that_would_become_one_file_are_refused(
    album: Path, tmp_path: Path, tiny_checkpoint_file: Path
) -> None:
    (album / "scan.tif.png").write_bytes((album / "one.jpg").read_bytes())
    result = bulk(album, tmp_path / "out", *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and "scan.tif and scan.tif.png would both become scan.tif.png" in result.stderr


@pytest.mark.parametrize("asked", ["find", "pipe_file"])
def test_a_store_that_refuses_is_named_with_what_it_says(
    store: fsspec.AbstractFileSystem, tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("the specified bucket does not exist")

    store.pipe_file("/bucket/a.jpg", encoded(photo(), "JPEG"))
    monkeypatch.setattr(type(store), asked, refuse)
    result = bulk("memory://bucket", "memory://other", *STYLE, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "memory://" in result.stderr and "the specified bucket does not exist" in result.stderr


def test_photos_wait_for_memory_and_one_that_is_larger_than_all_of_it_is_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk_painting, "MOST_AT_ONCE", 10)
    room, entered = Room(), threading.Event()

    def large() -> None:
        with room.taken(99):
            entered.set()

    with room.taken(4), room.taken(6):
        waiting = threading.Thread(target=large)
        waiting.start()
        assert not entered.wait(0.05)
    assert entered.wait(10)
    waiting.join()
