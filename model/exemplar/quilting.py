"""A texture of an exemplar's pieces, cut where they fit; a photo, where the pieces are chosen to look like it too.

A. Efros, W. Freeman, "Image Quilting for Texture Synthesis and Transfer", SIGGRAPH 2001.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.model.exemplar.config import QuiltingConfig, TransferConfig
from impasto.model.exemplar.exemplar import Exemplar, Show, assembled, check_size, remapped, square
from impasto.model.exemplar.match import Matcher, Part
from impasto.model.exemplar.order import wavefront
from impasto.model.exemplar.seam import seams
from impasto.model.pictures.color import brightness

SHRINKING = 2 / 3
"""A pass's pieces over those of the pass before."""
SMALLEST = 5
"""Pixels on a side of the smallest pieces of a transfer, if those of its first pass are no smaller."""


@dataclass(frozen=True)
class Guide:
    """What a quilt is to look like.

    photo, exemplar: (1, H, W) and (1, h, w), brightness in [0, 1].
    fitting: share of how pieces fit one another and the quilt before, against how they fit the photo.
    before: (3, H, W), the quilt of the pass before, or None.
    """

    photo: Tensor
    exemplar: Tensor
    fitting: float
    before: Tensor | None = None


def quilt(
    exemplar: Exemplar,
    height: int,
    width: int,
    config: QuiltingConfig | None = None,
    *,
    seed: int = 0,
    guide: Guide | None = None,
    show: Show = lambda share: None,
) -> Tensor:
    """Where each pixel of a texture comes from: a map (height, width, 2). Raises NoWindow, InvalidValue."""
    config = config or QuiltingConfig()
    check_size(height, width)
    apart = config.block - config.shared
    rows, columns = config.pieces(height), config.pieces(width)
    places = exemplar.windows(config.block)
    pixels, piece = exemplar.pixels, square(config.block)
    edge = piece[(piece < config.shared).any(dim=1)]  # what a piece shares with those above and to the left
    like = [] if guide is None else _like(guide, exemplar, piece)
    fitting = 1.0 if guide is None else guide.fitting
    parts = [Part(exemplar.rgb, edge, torch.full((len(edge),), fitting), masked=True), *(part for part, _ in like)]
    matcher = Matcher(parts, places, often=[torch.ones(len(edge), dtype=torch.bool)])

    random = torch.Generator().manual_seed(seed)
    chances = torch.rand(rows, columns, generator=random, dtype=torch.float64)
    texture = torch.zeros(rows * apart + config.shared, columns * apart + config.shared, 3)
    coordinates = torch.zeros(*texture.shape[:2], 2, dtype=torch.long)
    wanted = [_enlarged(channels, texture.shape[:2]) for _, channels in like]
    made = 0
    for step in wavefront(rows, columns, 2):
        beside = step.flip(1)[:, None] > 0  # (to the left, above)
        around = (apart * step[:, None] + edge).unbind(dim=2)
        within = (apart * step[:, None] + piece).unbind(dim=2)
        known = ((edge.flip(1) < config.shared) & beside).any(dim=2)
        sought = matcher.sought([texture[*around], *(each[*within] for each in wanted)], known)
        going_on = matcher.differences(sought, coordinates[*(apart * step).T][:, None])[:, 0]  # where one goes on
        sources = matcher.nearest(sought, config.tolerance, chances[*step.T], going_on)[:, None] + piece
        new = assembled(pixels, sources)
        put = ~_kept(texture[*within], new, beside[:, 0], config)
        there = [each[put] for each in within]
        texture[*there], coordinates[*there] = new[put], sources[put]
        made += len(step)
        show(made / (rows * columns))
    return coordinates[:height, :width]


def transfer(
    exemplar: Exemplar,
    photo: Tensor,
    config: TransferConfig | None = None,
    *,
    seed: int = 0,
    show: Show = lambda share: None,
) -> Tensor:
    """A photo (3, H, W) in [0, 1] of pieces of an exemplar: where each pixel comes from, a map (H, W, 2). Raises
    NoWindow.

    Each pass has smaller pieces, which fit the pass before. They are compared with the photo by brightness, once it has
    the exemplar's mean and spread: without, a photo darker than the cloth is made of nothing but its darkest thread.
    """
    config = config or TransferConfig()
    _, height, width = photo.shape
    own, seen = brightness(exemplar.rgb), brightness(photo)
    guide = Guide(remapped(seen, seen, own), own, 0.0)
    for number, pieces in enumerate(passes(config)):
        share = number / (config.passes - 1) if number else 0.0
        guide = replace(guide, fitting=0.8 * share + 0.1)

        def show_all(share: float, number: int = number) -> None:
            show((number + share) / config.passes)

        found = quilt(exemplar, height, width, pieces, seed=seed, guide=guide, show=show_all)
        guide = replace(guide, before=assembled(exemplar.pixels, found).permute(2, 0, 1))
    return found


def passes(config: TransferConfig) -> list[QuiltingConfig]:
    """How each pass of a transfer is made."""
    found = [config.quilting]
    while len(found) < config.passes:
        block = max(round(SHRINKING * found[-1].block), min(SMALLEST, found[-1].block))
        found.append(replace(found[-1], block=block, overlap=None))
    return found


def _like(guide: Guide, exemplar: Exemplar, piece: Tensor) -> list[tuple[Part, Tensor]]:
    """What pieces are compared by beside their edges, and the channels (C, H, W) that they are to be like."""
    like = [(Part(guide.exemplar, piece, torch.full((len(piece),), 1 - guide.fitting)), guide.photo)]
    if guide.before is not None:
        like.append((Part(exemplar.rgb, piece, torch.full((len(piece),), guide.fitting)), guide.before))
    return like


def _enlarged(channels: Tensor, size: torch.Size) -> Tensor:
    """(C, H, W) -> (height, width, C): the last row and column repeated up to a size."""
    below, right = size[0] - channels.shape[1], size[1] - channels.shape[2]
    return F.pad(channels[None], (0, right, 0, below), mode="replicate")[0].permute(1, 2, 0)


def _kept(old: Tensor, new: Tensor, beside: Tensor, config: QuiltingConfig) -> Tensor:
    """Which pixels of pieces (Q, block²) stay as they were: those before the cuts.

    old, new: (Q, block², 3). beside: (Q, 2), whether there is a piece to the left, and above.
    """
    block, shared = config.block, config.shared
    errors = ((new - old) * 255).round().square().sum(dim=2).unflatten(1, (block, block))
    left, above = seams(torch.cat([errors[:, :, :shared], errors.mT[:, :, :shared]])).chunk(2)
    along = torch.arange(block)
    by_column = (along < left[:, :, None]) & beside[:, :1, None]
    by_row = (along[:, None] < above[:, None]) & beside[:, 1:, None]
    return (by_column | by_row).flatten(1)
