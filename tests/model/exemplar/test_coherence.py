"""Coherence: against the rule written out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from impasto.model.exemplar.coherence import cohere
from impasto.model.exemplar.config import CoherenceConfig
from impasto.model.exemplar.exemplar import Exemplar
from tests.model.exemplar.exemplars import pebbles


def written_out(exemplar: Exemplar, height: int, width: int, config: CoherenceConfig, seed: int) -> list[list[int]]:
    """The map, row by row, in integers and without tensors but for what is drawn at random."""
    reach = config.window // 2
    source = (exemplar.rgb.permute(1, 2, 0).numpy() * 255).round().astype(int)
    most = int(np.sqrt(2**24 / (3 * (config.window**2 - 1))) / 2)
    half = int(np.sqrt(2**24 / (3 * (config.window**2 // 2))) / 2)
    random = torch.Generator().manual_seed(seed)
    corners = exemplar.windows(config.window).nonzero()

    def drawn() -> dict[tuple[int, int], tuple[int, int]]:
        numbers = torch.randint(len(corners), (height, width), generator=random)
        return {
            (row, column): tuple((corners[numbers[row, column]] + reach).tolist())
            for row in range(height)
            for column in range(width)
        }

    found = drawn()
    along = range(-reach, reach + 1)
    window = [(row, column) for row in along for column in along]
    for number in range(config.passes):
        others = drawn()
        steps = most if number else half
        values = np.round((source / 255 - 0.5).astype(np.float32) * np.float32(2 * steps)).astype(int)
        compared = [each for each in window if each < (0, 0) or (number and each > (0, 0))]
        neighbors = window if number else compared
        for place in sorted(found):

            def on_map(offset: tuple[int, int], place: tuple[int, int] = place) -> tuple[int, int]:
                return min(max(place[0] + offset[0], 0), height - 1), min(max(place[1] + offset[1], 0), width - 1)

            candidates = [
                (found[near][0] + place[0] - near[0], found[near][1] + place[1] - near[1])
                for near in map(on_map, neighbors)
            ] + [others[place]]
            best, least = None, None
            for row, column in candidates:
                if not (
                    reach <= row < exemplar.rgb.shape[1] - reach and reach <= column < exemplar.rgb.shape[2] - reach
                ):
                    continue
                difference = sum(
                    int(((values[row + down, column + right] - values[found[on_map((down, right))]]) ** 2).sum())
                    for down, right in compared
                )
                if least is None or difference < least:
                    best, least = (row, column), difference
            assert best is not None
            found[place] = best
    return [list(found[place]) for place in sorted(found)]


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(("window", "passes"), [(3, 1), (5, 1), (3, 3), (5, 2)])
def test_the_map_is_that_of_the_rule_pixel_by_pixel(window: int, passes: int) -> None:
    config = CoherenceConfig(window, passes)
    found = cohere(pebbles(14), 11, 13, config, seed=4)
    assert found.flatten(0, 1).tolist() == written_out(pebbles(14), 11, 13, config, seed=4)


def test_most_pixels_lie_beside_those_that_lie_beside_them_in_the_exemplar() -> None:
    found = cohere(pebbles(48), 60, 60)
    assert (found[:, 1:] - found[:, :-1] == torch.tensor([0, 1])).all(dim=2).float().mean() > 0.5
