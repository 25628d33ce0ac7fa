"""What is painted in tiles is what is painted whole."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.fast_network import FastNetwork
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Operations
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting import memory, stylizer
from impasto.model.painting.memory import OutOfMemory
from impasto.model.painting.stylizer import Stylizer
from impasto.model.painting.tiles import paint_in_tiles
from impasto.model.styles.table import StyleTable

Size = tuple[int, int]


class Cancelled(Exception):
    pass


def photos_of(count: int, height: int, width: int) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module", params=["PyTorch", "kernels"])
def operations(request: pytest.FixtureRequest, tiny_network: StyleNetwork) -> Operations:
    return Operations() if request.param == "PyTorch" else Kernels(norm.channels for norm in tiny_network.norms)


@pytest.fixture(scope="module")
def fast(operations: Operations, tiny_network: StyleNetwork) -> FastNetwork:
    network = FastNetwork(tiny_network)
    network.operations = operations
    return network


@pytest.mark.parametrize("size", [(32, 32), (33, 33), (37, 50), (64, 91), (33, 200), (201, 33)])
@pytest.mark.parametrize("tile", [1, 4, 10, 32, 100, 1000])
def test_a_picture_in_tiles_of_any_size_is_the_whole(
    fast: FastNetwork, tiny_styles: StyleTable, size: Size, tile: int
) -> None:
    photos, vectors = photos_of(1, *size), tiny_styles.vectors[:1]
    painted = paint_in_tiles(fast, photos, vectors, tile=tile)
    torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=1e-5)


def test_every_picture_of_a_batch_is_painted_in_its_own_style_or_blend(
    fast: FastNetwork, tiny_styles: StyleTable
) -> None:
    photos = photos_of(3, 45, 70)
    vectors = torch.stack([*tiny_styles.vectors[:2], tiny_styles.blend({"great-wave": 0.3, "the-scream": 0.7})])
    painted = paint_in_tiles(fast, photos, vectors, tile=32)
    torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=1e-5)


def test_in_bfloat16_no_pixel_is_off_by_a_grey_level(
    operations: Operations, tiny_network: StyleNetwork, tiny_styles: StyleTable
) -> None:
    fast = FastNetwork(tiny_network, torch.bfloat16)
    fast.operations = operations
    photos, vectors = photos_of(2, 57, 90), tiny_styles.vectors[:2]
    for tile in (8, 32, 64):
        painted = paint_in_tiles(fast, photos, vectors, tile=tile)
        assert painted.dtype == torch.float32
        torch.testing.assert_close(painted, fast(photos, vectors), rtol=0, atol=1 / 255)


@pytest.mark.parametrize("blocks", [0, 2])
def test_a_network_may_have_any_number_of_residual_blocks(blocks: int) -> None:
    torch.manual_seed(0)
    network = StyleNetwork(NetworkConfig(widths=(2, 3, 5), residual_blocks=blocks)).requires_grad_(False)
    fast, photos, vectors = FastNetwork(network), photos_of(1, 37, 42), network.identity_style()[None]
    torch.testing.assert_close(paint_in_tiles(fast, photos, vectors, tile=16), fast(photos, vectors), rtol=0, atol=1e-5)


def test_bytes_are_painted_as_what_they_stand_for(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    as_bytes = (photos_of(1, 40, 60) * 255).to(torch.uint8)
    painted = paint_in_tiles(fast, as_bytes, tiny_styles.vectors[:1], tile=16)
    assert torch.equal(painted, paint_in_tiles(fast, as_bytes.float() / 255, tiny_styles.vectors[:1], tile=16))


def test_progress_rises_to_one(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    shares: list[float] = []
    paint_in_tiles(fast, photos_of(2, 40, 60), tiny_styles.vectors[:2], tile=16, progress=shares.append)
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.1 and shares[-1] == 1
    assert max(later - earlier for earlier, later in pairwise(shares)) < 0.1


def test_what_progress_raises_ends_the_painting_in_its_middle(fast: FastNetwork, tiny_styles: StyleTable) -> None:
    told: list[float] = []

    def cancel(share: float) -> None:
        told.append(share)
        if share > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        paint_in_tiles(fast, photos_of(1, 40, 60), tiny_styles.vectors[:1], tile=16, progress=cancel)
    assert 0.5 < told[-1] < 0.6


def _keep_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "LARGEST_IN_MEMORY", 1000)
    monkeypatch.setattr(memory, "MOST_KEPT", 1000)


def test_a_large_picture_is_kept_in_files_that_are_gone_afterwards(
    fast: FastNetwork, tiny_styles: StyleTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, vectors = photos_of(1, 40, 60), tiny_styles.vectors[:1]
    expected = paint_in_tiles(fast, photos, vectors, tile=16)
    _keep_in_files(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    written, write = [], os.pwrite

    def noted(*line: Any) -> int:
        written.append(write(*line))
        return written[-1]

    monkeypatch.setattr("os.pwrite", noted)
    assert torch.equal(paint_in_tiles(fast, photos, vectors, tile=16), expected)
    assert written and not [*tmp_path.iterdir()]


def test_a_full_disk_is_said_before_anything_is_painted(
    fast: FastNetwork, tiny_styles: StyleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    _keep_in_files(monkeypatch)
    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OutOfMemory, match=r"a file of \d.*No space left on device.*TMPDIR"):
        paint_in_tiles(fast, photos_of(1, 40, 60), tiny_styles.vectors[:1], tile=16)


@pytest.fixture
def painter(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer(tiny_checkpoint.network, device="cpu", precision="float32")


def test_a_stylizer_paints_in_tiles_what_is_too_large_for_one_pass(
    painter: Stylizer, tiny_styles: StyleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, vectors = photos_of(3, 40, 60), tiny_styles.vectors
    expected = painter.paint(photos, vectors)
    for most in (40 * 60 * 4 * 4 * 4, 1000):  # each by itself, then in tiles
        monkeypatch.setattr(stylizer, "MOST_AT_ONCE", most)
        monkeypatch.setattr(stylizer, "TILE", 32)
        shares: list[float] = []
        painted = painter.paint(photos, vectors, progress=shares.append)
        torch.testing.assert_close(painted, expected, rtol=0, atol=1e-5)
        assert shares == sorted(shares) and len(shares) > 1 and shares[-1] == 1


def test_a_stylizer_paints_bytes(painter: Stylizer, tiny_styles: StyleTable) -> None:
    as_bytes = (photos_of(1, 40, 60) * 255).to(torch.uint8)
    vectors = tiny_styles.vectors[:1]
    assert torch.equal(painter.paint(as_bytes, vectors), painter.paint(as_bytes.float() / 255, vectors))


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000000000 bytes."),
            ": another 4.0 GB could not be had",
        ),
        (MemoryError(), ""),
    ],
)
def test_memory_that_is_short_is_said_with_the_way_out(
    painter: Stylizer, tiny_styles: StyleTable, monkeypatch: pytest.MonkeyPatch, error: Exception, more: str
) -> None:
    def short(*_: object, **__: object) -> Tensor:
        raise error

    monkeypatch.setattr(painter, "_paint", short)
    monkeypatch.setattr(stylizer, "paint_in_tiles", short)
    with pytest.raises(OutOfMemory, match=f"to paint 60 × 40 pixels{more}; paint a smaller picture"):
        painter.paint(photos_of(1, 40, 60), tiny_styles.vectors[:1])


def test_memory_that_is_really_short_is_said(painter: Stylizer) -> None:
    with pytest.raises(OutOfMemory, match="could not be had"), memory.shortage("paint"):
        torch.empty(2**50)


def test_other_errors_are_not_taken_for_a_lack_of_memory(painter: Stylizer, tiny_styles: StyleTable) -> None:
    with pytest.raises(RuntimeError, match="channels"):
        painter.paint(torch.rand(1, 4, 40, 60), tiny_styles.vectors[:1])


def test_a_picture_that_a_gpu_cannot_hold_is_painted_there_in_tiles(
    painter: Stylizer, tiny_styles: StyleTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos, vectors = photos_of(2, 40, 60), tiny_styles.vectors[:2]
    expected = painter.paint(photos, vectors)

    def too_large(*_: object) -> Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(painter, "_paint", too_large)
    torch.testing.assert_close(painter.paint(photos, vectors), expected, rtol=0, atol=1e-5)
    monkeypatch.setattr(stylizer, "paint_in_tiles", lambda *_, **__: too_large())
    with pytest.raises(OutOfMemory, match="60 × 40"):
        painter.paint(photos, vectors)
