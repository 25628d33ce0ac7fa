"""What holds of every method: its pixels are the exemplar's, and one seed makes one picture, however it is computed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from impasto.model.exemplar.analogies import analogy
from impasto.model.exemplar.coherence import cohere
from impasto.model.exemplar.config import (
    AnalogyConfig,
    CoherenceConfig,
    QuiltingConfig,
    SamplingConfig,
    TransferConfig,
)
from impasto.model.exemplar.exemplar import Exemplar, NoWindow, assembled
from impasto.model.exemplar.quilting import quilt, transfer
from impasto.model.exemplar.sampling import sample
from tests.model.exemplar.exemplars import is_made_of, noise, pebbles

Method = Callable[..., Tensor]


def quilted(exemplar: Exemplar, height: int, width: int, **options: object) -> Tensor:
    return quilt(exemplar, height, width, QuiltingConfig(block=9), **options)  # type: ignore[arg-type]


def sampled(exemplar: Exemplar, height: int, width: int, **options: object) -> Tensor:
    return sample(exemplar, height, width, SamplingConfig(window=5), **options)  # type: ignore[arg-type]


def cohering(exemplar: Exemplar, height: int, width: int, **options: object) -> Tensor:
    return cohere(exemplar, height, width, CoherenceConfig(passes=2), **options)  # type: ignore[arg-type]


def transferred(exemplar: Exemplar, height: int, width: int, **options: object) -> Tensor:
    config = TransferConfig(block=9, passes=2)
    return transfer(exemplar, noise(height, width, seed=7), config, **options)  # type: ignore[arg-type]


def analogous(exemplar: Exemplar, height: int, width: int, seed: int = 0, **options: object) -> Tensor:
    b = noise(height, width, seed=7 + seed)
    return analogy(1 - exemplar.rgb, exemplar.rgb, b, AnalogyConfig(levels=2), **options)  # type: ignore[arg-type]


TEXTURES = [quilted, sampled, cohering]
METHODS = [*TEXTURES, transferred, analogous]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(30, 21), (1, 1), (2, 5), (40, 3)])
def test_every_pixel_is_the_exemplars(method: Method, size: tuple[int, int]) -> None:
    exemplar = pebbles()
    assert is_made_of(method(exemplar, *size), exemplar, size)


@pytest.mark.parametrize("method", METHODS)
def test_places_visited_at_once_come_out_as_one_after_the_other(method: Method, sequential: Callable[[], None]) -> None:
    together = method(pebbles(), 26, 33, seed=2)
    sequential()
    assert torch.equal(method(pebbles(), 26, 33, seed=2), together)


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_is_one_picture_on_any_number_of_threads(method: Method, on_threads: Callable[[int], None]) -> None:
    on_threads(1)
    one = method(pebbles(48), 40, 50, seed=3)
    on_threads(2)
    assert torch.equal(method(pebbles(48), 40, 50, seed=3), one)


@pytest.mark.parametrize("method", METHODS)
def test_another_seed_is_another_picture(method: Method) -> None:
    assert not torch.equal(method(pebbles(), 30, 30, seed=0), method(pebbles(), 30, 30, seed=1))


@pytest.mark.parametrize("method", METHODS)
def test_an_exemplar_of_one_colour_makes_pictures_of_it(method: Method) -> None:
    flat = Exemplar(torch.full((3, 20, 20), 0.4))
    assert is_made_of(found := method(flat, 24, 18), flat, (24, 18))
    assert assembled(flat.pixels, found).unique().numel() == 1


@pytest.mark.parametrize("method", TEXTURES)
def test_what_is_transparent_is_never_taken(method: Method) -> None:
    usable = torch.ones(32, 32, dtype=torch.bool)
    usable[10:13, :20] = False
    exemplar = Exemplar(pebbles().rgb, usable)
    assert is_made_of(method(exemplar, 30, 21), exemplar, (30, 21))


@pytest.mark.parametrize("method", TEXTURES)
def test_an_exemplar_smaller_than_what_is_looked_at_is_refused(method: Method) -> None:
    with pytest.raises(NoWindow, match="4 × 30 pixels, fewer than"):
        method(Exemplar(noise(30, 4)), 40, 40)


@pytest.mark.parametrize("method", METHODS)
def test_the_share_that_is_made_grows_until_all_is(method: Method) -> None:
    shares: list[float] = []
    method(pebbles(), 20, 24, show=shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1) and len(shares) > 3


@pytest.mark.parametrize("method", METHODS)
def test_whoever_looks_on_can_end_it(method: Method) -> None:
    def leave(_: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        method(pebbles(), 20, 24, show=leave)
