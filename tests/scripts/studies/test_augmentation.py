"""The study behind docs/augmentation.md, on a few drawings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.model.network.checkpoint import load
from impasto.scripts.studies import augmentation
from impasto.scripts.studies.augmentation import (
    ARMS,
    CORRUPTIONS,
    KEPT_OUT,
    KINDS,
    SEEN,
    SIDE,
    Drawings,
    accuracy,
    compared,
    interval,
    split,
    squared,
    trained,
    write_drawings,
)
from tests.pictures import encoded, photo

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture
def drawings() -> Drawings:
    """Of each kind 16, all of one colour of its own; styled in the same colour."""
    kinds = torch.arange(len(KINDS)).repeat_interleave(16)
    colors = torch.linspace(0, 255, len(KINDS)).byte()[kinds][:, None, None, None]
    pictures = torch.cat([colors, 255 - colors, colors], 1).expand(-1, 3, SIDE, SIDE).contiguous()
    styled = pictures[:, None].repeat(1, 3, 1, 1, 1)
    return Drawings(pictures, styled, pictures, kinds, torch.arange(len(kinds)) // 2)


@pytest.mark.parametrize("arm", list(ARMS))
def test_every_arm_learns_what_can_be_learned(drawings: Drawings, arm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "BATCH", 16)
    shown = ARMS[arm](drawings, torch.arange(5))
    assert shown.shape == (5, 3, SEEN, SEEN) and float(shown.min()) >= 0 and float(shown.max()) <= 1
    network = trained(drawings, torch.ones(len(drawings.kinds), dtype=torch.bool), arm, seed=0)
    assert accuracy(network, drawings.plain, drawings.kinds) > 60


def test_drawings_that_are_much_alike_are_on_one_side(drawings: Drawings) -> None:
    tested = split(drawings, 0)
    assert 0.1 < float(tested.float().mean()) < 0.5
    assert torch.equal(tested[::2], tested[1::2])
    assert not torch.equal(tested, split(drawings, 1))


def test_corruptions_change_pictures_and_keep_their_kind() -> None:
    pictures = torch.stack([torch.from_numpy(photo(n)).permute(2, 0, 1) for n in range(2)])
    for name, alter in CORRUPTIONS.items():
        altered = alter(pictures)
        assert altered.shape == pictures.shape and altered.dtype == torch.uint8, name
        assert float((altered.float() - pictures.float()).abs().mean()) > 2, name


def test_intervals_are_students() -> None:
    assert interval([1.0, 2.0, 3.0]) == "2.0 ± 2.5"


def test_what_styles_add_is_compared_seed_by_seed() -> None:
    tests = ["as drawn", *CORRUPTIONS, "restyled"]
    found = {
        arm: [dict.fromkeys(tests, 50.0 + 10 * seed + gain) for seed in range(3)]
        for arm, gain in zip(ARMS, (0, 1, 3), strict=True)
    }
    told = compared(found)
    assert re.search(r"\| blur .* 60\.0 ± 24\.8 .* 61\.0 ± 24\.8 .* 63\.0 ± 24\.8 .* 2\.0 ± 0\.0", told)


def test_drawings_are_square_on_white_and_none_stands_twice(tmp_path: Path) -> None:
    for row, folders in enumerate(KINDS.values()):
        folder = tmp_path / "png" / folders[0] / "deeper"
        folder.mkdir(parents=True)
        for n in range(2):
            drawing = Image.fromarray(photo(row, height=90, width=300))
            drawing.putalpha(Image.fromarray(np.full((90, 300), 255, np.uint8)))
            (folder / f"drawing-{n}.png").write_bytes(encoded(drawing))
    write_drawings(tmp_path / "png", tmp_path / "plain")
    assert sorted(path.name for path in (tmp_path / "plain").iterdir()) == sorted(KINDS)
    made = list((tmp_path / "plain").rglob("*.png"))
    assert len(made) == len(KINDS)
    pixels = np.asarray(squared(next((tmp_path / "png").rglob("*.png"))))
    assert pixels.shape == (SIDE, SIDE, 3) and (pixels[0] == 255).all() and (pixels[SIDE // 2] != 255).any()


def test_what_is_kept_out_is_among_the_styles() -> None:
    assert set(KEPT_OUT) < set(load().styles.ids)


def test_the_sheet_is_in_the_documentation() -> None:
    text = (DOCS / "augmentation.md").read_text("utf-8")
    assert "](images/augmentation.jpg)" in text and (DOCS / "images/augmentation.jpg").is_file()
