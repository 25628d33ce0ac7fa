"""What it costs is known by sizes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from impasto.model.exemplar import cost
from impasto.model.exemplar.analogies import analogy
from impasto.model.exemplar.config import (
    AnalogyConfig,
    CoherenceConfig,
    MethodConfig,
    QuiltingConfig,
    SamplingConfig,
    TransferConfig,
)
from impasto.model.exemplar.exemplar import Exemplar
from impasto.model.exemplar.match import Matcher, Sought
from impasto.model.exemplar.quilting import quilt, transfer
from impasto.model.exemplar.sampling import sample
from tests.model.exemplar.exemplars import noise


@pytest.fixture
def multiplied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often a matcher multiplies, at the most."""
    counted = []
    nearest = Matcher.nearest

    def count(self: Matcher, sought: Sought, *options: object, **named: object) -> torch.Tensor:
        counted.append(sought.weights.numel() * int(self._allowed.sum()))
        return nearest(self, sought, *options, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Matcher, "nearest", count)
    return counted


def test_it_is_what_is_multiplied(multiplied: list[int]) -> None:
    exemplar, photo = Exemplar(noise(30, 34)), noise(40, 44, seed=1)
    quilting, sampling, transferring, analogous = (
        QuiltingConfig(block=9),
        SamplingConfig(window=5),
        TransferConfig(block=9),
        AnalogyConfig(),
    )
    cases: list[tuple[Callable[[], torch.Tensor], float]] = [
        (lambda: quilt(exemplar, 40, 44, quilting), cost.of_texture((30, 34), (40, 44), quilting) * cost.PIECES),
        (lambda: sample(exemplar, 20, 22, sampling), cost.of_texture((30, 34), (20, 22), sampling) * cost.WINDOWS),
        (
            lambda: transfer(exemplar, photo, transferring),
            cost.of_transfer((30, 34), (40, 44), transferring) * cost.PIECES,
        ),
        (
            lambda: analogy(exemplar.rgb, exemplar.rgb, photo, analogous),
            cost.of_analogy((30, 34), (40, 44), analogous) * cost.ANALOGIES,
        ),
    ]
    for make, predicted in cases:
        multiplied.clear()
        make()
        assert predicted == pytest.approx(sum(multiplied), rel=0.25)  # of few levels there is more to do than of many


@pytest.mark.parametrize("config", [QuiltingConfig(), SamplingConfig(), CoherenceConfig()])
def test_a_texture_costs_what_it_has_of_pixels(config: MethodConfig) -> None:
    one, four = (cost.of_texture((99, 99), (side, side), config) for side in (600, 1200))
    assert four / one == pytest.approx(4, rel=0.1)


def test_twice_the_size_is_sixteen_times_the_analogy() -> None:
    one, other = (cost.of_analogy((side, side), (side, side), AnalogyConfig()) for side in (256, 512))
    assert other / one == pytest.approx(16, rel=0.01)


@pytest.mark.parametrize("config", [QuiltingConfig(block=10**9), SamplingConfig(10**9 + 1), CoherenceConfig(10**9 + 1)])
def test_what_cannot_be_made_takes_no_time(config: MethodConfig) -> None:
    assert cost.of_texture((50, 50), (500, 500), config) == 0
