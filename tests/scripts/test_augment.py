"""Styled copies of a data set, as a user makes them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.scripts.augmenting import CHOICES, seed_of
from tests.commands import Result, impasto
from tests.pictures import encoded, opened, photo


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Pictures of two kinds, of several sizes and formats, some deep down, with things that are none beside them."""
    folder = tmp_path / "dataset"
    for n, name in enumerate(["cat/tom.jpg", "cat/old/felix.png", "dog/rex.jpg", "dog/ace.webp", "dog/toy.gif"]):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        side = 40 if n < 3 else 8
        kind = {".jpg": "JPEG"}.get(file.suffix, file.suffix[1:].upper())
        file.write_bytes(encoded(photo(n, height=side, width=48), kind))
    (folder / "labels.txt").write_text("cat dog")
    (folder / "dog" / "._rex.jpg").write_bytes(b"what macOS leaves")
    return folder


@pytest.fixture
def styled(tmp_path: Path) -> Path:
    return tmp_path / "styled"


def augment(*arguments: object, checkpoint: Path) -> Result:
    return impasto("augment", *arguments, "--checkpoint", checkpoint, "--device", "cpu")


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_picture_has_its_copies_where_its_label_is(
    dataset: Path, styled: Path, tiny_checkpoint_file: Path
) -> None:
    result = augment(dataset, styled, "-n", 2, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    made = files_in(styled)
    assert made.keys() == {
        CHOICES,
        *(f"cat/tom-styled-{n}.jpg" for n in (1, 2)),
        *(f"cat/old/felix-styled-{n}.png" for n in (1, 2)),
        *(f"dog/rex-styled-{n}.jpg" for n in (1, 2)),
        *(f"dog/ace-styled-{n}.webp" for n in (1, 2)),
        *(f"dog/toy.gif-styled-{n}.png" for n in (1, 2)),
    }
    one, other = (opened(made[f"cat/old/felix-styled-{n}.png"]) for n in (1, 2))
    assert one.size == other.size == (48, 40) and one.tobytes() != other.tobytes()
    assert opened(made["dog/ace-styled-1.webp"]).size == (48, 8)


def test_copies_do_not_depend_on_what_else_is_there(dataset: Path, styled: Path, tiny_checkpoint_file: Path) -> None:
    augment(dataset, styled, "-n", 2, checkpoint=tiny_checkpoint_file)
    before = files_in(styled)
    (dataset / "cat/tom.jpg").unlink()
    for name in ("dog/rex-styled-1.jpg", "cat/old/felix-styled-2.png"):
        (styled / name).unlink()
    result = augment(dataset, styled, "-n", 2, "--batch", 1, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    after = files_in(styled)
    assert after.keys() == before.keys()
    for name in after.keys() - {CHOICES}:
        one, other = (np.asarray(opened(files[name]), np.int16) for files in (before, after))
        assert np.abs(one - other).max() <= 2, name


def test_what_is_there_and_whole_stays_and_what_is_not_is_made_again(
    dataset: Path, styled: Path, tiny_checkpoint_file: Path
) -> None:
    augment(dataset, styled, checkpoint=tiny_checkpoint_file)
    before = files_in(styled)
    mine = encoded(photo(9, height=40, width=48))
    (styled / "cat/old/felix-styled-1.png").write_bytes(mine)
    (styled / "cat/tom-styled-1.jpg").write_bytes(before["cat/tom-styled-1.jpg"][:400])
    augment(dataset, styled, "-n", 2, checkpoint=tiny_checkpoint_file)
    after = files_in(styled)
    assert after["cat/old/felix-styled-1.png"] == mine
    assert after["cat/tom-styled-1.jpg"] == before["cat/tom-styled-1.jpg"]
    assert "cat/tom-styled-2.jpg" in after
    augment(dataset, styled, "--overwrite", checkpoint=tiny_checkpoint_file)
    assert files_in(styled)["cat/old/felix-styled-1.png"] == before["cat/old/felix-styled-1.png"]


def test_copies_of_other_choices_are_not_mixed(dataset: Path, styled: Path, tiny_checkpoint_file: Path) -> None:
    augment(dataset, styled, checkpoint=tiny_checkpoint_file)
    before = files_in(styled)
    for name, *value in (("seed", 1), ("alpha", 0.2, 0.4), ("style", "great-wave"), ("draw", "gaussian")):
        result = augment(dataset, styled, f"--{name}", *value, checkpoint=tiny_checkpoint_file)
        assert result.returncode == 1 and f"made with other {name}" in result.stderr
    assert files_in(styled) == before
    result = augment(dataset, styled, "--seed", 1, "--overwrite", checkpoint=tiny_checkpoint_file)
    assert result.returncode == 0, result.stderr
    assert json.loads(files_in(styled)[CHOICES])["seed"] == 1
    assert files_in(styled)["cat/tom-styled-1.jpg"] != before["cat/tom-styled-1.jpg"]


def test_originals_are_copied_if_they_are_asked_for(dataset: Path, styled: Path, tiny_checkpoint_file: Path) -> None:
    augment(dataset, styled, checkpoint=tiny_checkpoint_file)
    augment(dataset, styled, "--originals", checkpoint=tiny_checkpoint_file)
    made = files_in(styled)
    for name in ("cat/tom.jpg", "cat/old/felix.png", "dog/toy.gif"):
        assert made[name] == (dataset / name).read_bytes()
    assert "labels.txt" not in made


def test_no_original_is_overwritten_by_a_copy(dataset: Path, styled: Path, tiny_checkpoint_file: Path) -> None:
    (dataset / "cat/tom-styled-1.jpg").write_bytes((dataset / "cat/tom.jpg").read_bytes())
    result = augment(dataset, styled, "--originals", checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and "tom-styled-1.jpg would be a picture and the copy of another" in result.stderr
    assert not styled.exists()


def test_broken_pictures_are_named_at_the_end_and_the_others_are_styled(
    dataset: Path, styled: Path, tiny_checkpoint_file: Path
) -> None:
    whole = (dataset / "cat/tom.jpg").read_bytes()
    (dataset / "cat/broken.jpg").write_bytes(whole[: len(whole) // 2])
    (dataset / "dog/empty.png").touch()
    (styled / "dog/rex-styled-1.jpg").mkdir(parents=True)
    result = augment(dataset, styled, "-n", 2, checkpoint=tiny_checkpoint_file)
    assert result.returncode == 1 and result.stderr.count("\n") == 4
    assert "cat/broken.jpg: the picture's header is broken" in result.stderr
    assert "dog/empty.png: the picture is empty" in result.stderr
    assert "dog/rex.jpg: " in result.stderr
    assert "3 of the 7 pictures could not be styled" in result.stderr
    assert len(files_in(styled)) == 1 + 4 * 2 + 1


def test_opacity_is_kept(tmp_path: Path, styled: Path, tiny_checkpoint_file: Path) -> None:
    picture = Image.fromarray(photo(height=40, width=40))
    picture.putalpha(Image.linear_gradient("L").resize((40, 40)))
    (tmp_path / "dataset").mkdir()
    (tmp_path / "dataset/cut.png").write_bytes(encoded(picture))
    augment(tmp_path / "dataset", styled, checkpoint=tiny_checkpoint_file)
    made = opened((styled / "cut-styled-1.png").read_bytes())
    assert made.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_folders_that_are_links_are_followed(
    dataset: Path, tmp_path: Path, styled: Path, tiny_checkpoint_file: Path
) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/kitten").symlink_to(dataset / "cat", target_is_directory=True)
    augment(tmp_path / "linked", styled, checkpoint=tiny_checkpoint_file)
    assert files_in(styled).keys() == {CHOICES, "kitten/tom-styled-1.jpg", "kitten/old/felix-styled-1.png"}


def test_folders_that_cannot_be_used_are_refused(dataset: Path, tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, output, fault in [
        (tmp_path / "none", tmp_path / "out", "there is no folder"),
        (dataset / "cat/tom.jpg", tmp_path / "out", "there is no folder"),
        (tmp_path / "empty", tmp_path / "out", "there is no picture in"),
        (dataset, dataset, "choose a folder beside it"),
        (dataset, dataset / "styled", "choose a folder beside it"),
        (dataset, tmp_path, "choose a folder beside it"),
    ]:
        result = augment(source, output, checkpoint=tiny_checkpoint_file)
        assert result.returncode == 1 and fault in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("choices", "fault"),
    [
        (["-n", "0"], "-n and --batch are at least 1, not 0 and 16"),
        (["--quality", "0"], "--quality is between 1 and 100"),
        (["--alpha", "0.9", "0.1"], "alpha is a number from 0 to 1"),
        (["--style", "great-wav"], "did you mean great-wave"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--stroke", "9"], "stroke is a number from 0.25 to 4"),
    ],
    ids=str,
)
def test_choices_that_cannot_be_end_in_one_clear_line(
    dataset: Path, styled: Path, tiny_checkpoint_file: Path, choices: list[str], fault: str
) -> None:
    result = impasto("augment", dataset, styled, *choices, "--checkpoint", tiny_checkpoint_file)
    assert result.returncode == 1 and fault in result.stderr and result.stderr.count("\n") == 1
    assert not styled.exists()


def test_no_two_copies_have_the_same_seed() -> None:
    seeds = {
        seed_of(seed, Path(name), n) for seed in range(3) for name in ("a/b.jpg", "a.jpg", "b.jpg") for n in range(9)
    }
    assert len(seeds) == 81 and all(0 <= seed < 2**63 for seed in seeds)
