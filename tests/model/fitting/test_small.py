"""A style fitted to the large network becomes one of the small network."""

from __future__ import annotations

from dataclasses import replace

import torch

from impasto.model.fitting.content import crops
from impasto.model.fitting.imitation import likeliest
from impasto.model.fitting.small import small_vector
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.styles.table import StyleTable

PHOTOS = crops(count=4, side=32)


def test_its_vector_paints_what_the_large_network_paints(tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    wanted = small.styles.vectors[0] + 0.3  # which the small network can paint for sure
    painted = small.network(PHOTOS, wanted.expand(len(PHOTOS), -1))
    found = small_vector(tiny_checkpoint, tiny_checkpoint.styles.vectors[0], PHOTOS, painted)
    assert found
    assert found.network_id == small.network_id

    def error(vector: torch.Tensor) -> float:
        return float((small.network(PHOTOS, vector.expand(len(PHOTOS), -1)) - painted).abs().mean())

    assert error(found.vector) < 0.5 * error(small.styles.vectors[0])


def test_it_begins_where_known_styles_say(tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    for shares in ({"great-wave": 1.0}, {"great-wave": 0.5, "the-scream": 0.5}):
        start = likeliest(tiny_checkpoint.styles.blend(shares), tiny_checkpoint.styles, small.styles)
        own = small.styles.blend(shares)
        assert (start - own).norm() < 0.25 * (small.styles.vectors.mean(dim=0) - own).norm()


def test_one_known_style_is_all_that_it_can_begin_at(tiny_checkpoint: Checkpoint) -> None:
    small = tiny_checkpoint.of("small")
    alone = StyleTable(tiny_checkpoint.styles.styles[:1], tiny_checkpoint.styles.vectors[:1])
    assert likeliest(tiny_checkpoint.styles.vectors[1], alone, small.styles).equal(small.styles.vectors[0])


def test_without_a_small_network_there_is_none(tiny_checkpoint: Checkpoint) -> None:
    alone = replace(tiny_checkpoint, small=None)
    assert small_vector(alone, alone.styles.vectors[0], PHOTOS, PHOTOS) is None
