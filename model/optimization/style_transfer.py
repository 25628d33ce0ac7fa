"""A photo painted like one painting or several, by optimisation.

L. Gatys, A. Ecker, M. Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016; and with what
`mrf.py` and `neighbors.py` minimise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.optimization.config import Method, TransferConfig
from impasto.model.optimization.descent import DescentStep
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.mrf import SHARE, PatchTerm
from impasto.model.optimization.neighbors import HYPERCOLUMN, Hypercolumns, neighbor_term, sought, split_terms
from impasto.model.optimization.networks import load_network
from impasto.model.optimization.patches import MEMORY
from impasto.model.optimization.schedule import (
    SMALLEST,
    Size,
    Stage,
    fitting_count,
    noise,
    octaves,
    refine,
    stages,
)
from impasto.model.optimization.terms import (
    ContentTerm,
    ImageLoss,
    RangeTerm,
    StyleTerm,
    Term,
    VariationTerm,
    check_painting,
    painting_grams,
)
from impasto.model.pictures.color import keep_color
from impasto.model.pictures.images import scaled
from impasto.model.pictures.planes import resample
from impasto.model.pictures.resize import center_crop, fit
from impasto.model.styles.blend import InvalidWeights, convex
from impasto.model.styles.shares import parse_shares

COARSEST: dict[Method, int] = {"gram": 384, "mrf": 96, "neighbors": 64}
"""Pixels on the longer side from which a picture is refined by default."""


class StyleTransfer:
    """A photo and its paintings, ready to become a picture.

    photo, paintings: (3, H, W) in [0, 1]. shares: of the paintings, at least 0 with sum 1; None: equal ones.
    weights: of the loss network; None: as `load_weights` finds them.
    Raises TooLarge, InvalidWeights, LossNetworkMissing; InvalidValue for layers that are not there, or a schedule
    that begins at nothing.
    """

    def __init__(
        self,
        photo: Tensor,
        paintings: Sequence[Tensor],
        config: TransferConfig | None = None,
        *,
        shares: Sequence[float] | None = None,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or TransferConfig()
        self.device = device or torch.device("cpu")
        self._photo, self._paintings = photo, list(paintings)
        if not paintings:
            raise InvalidValue("name a painting")
        shares = convex(shares or [1 / len(paintings)] * len(paintings))
        if len(shares) != len(paintings):
            raise InvalidWeights(f"{len(shares)} shares for {len(paintings)} paintings")
        self._shares = torch.tensor(shares, device=self.device)
        self._content_layers = {} if config.method == "neighbors" else parse_shares(config.content_layers)
        self._style_layers = parse_shares(config.layers)
        own = photo.shape[1], photo.shape[2]
        full = own if config.size is None else scaled(own, config.size)
        sizes = octaves(full, self._fitting_count(full) if config.sizes is None else config.sizes)
        self.plan = stages([*sizes, *sizes[-1:]] if config.method == "neighbors" else sizes, config.stop)
        layers = [*self._content_layers, *self._style_layers]
        self._network = load_network(config, layers, self.device, weights)
        self._hypercolumns = Hypercolumns(self._network, self._style_layers)
        seeing, compared = {
            "gram": (self._network, self._content_layers),
            "mrf": (self._network, layers),
            "neighbors": (self._hypercolumns, [HYPERCOLUMN]),
        }[config.method]
        beside = 0 if config.method == "gram" else MEMORY
        check_memory(seeing, full, config.optimizer, self.device, compared=compared, beside=beside)
        coarsest, finest = self._style_side(self.plan[0].size), self._style_side(full)
        for painting in self._paintings:
            check_painting(self._network, painting, coarsest, finest, self.device)

    @property
    def steps(self) -> int:
        """Of all sizes together, at the most."""
        return sum(stage.stop.steps for stage in self.plan)

    def run(self, resume: DescentStep | None = None) -> Iterator[DescentStep]:
        """Make the picture, step by step; `picture` shows it. Raises Diverged."""
        config = self.config
        return refine(
            self.plan,
            self._start,
            self._losses,
            optimizer=config.optimizer,
            rate=config.rate,
            pyramid=config.method == "neighbors",
            resume=resume,
        )

    def picture(self, progress: DescentStep) -> Tensor:
        """What there is after a step: (3, H, W) in [0, 1], on the CPU, of the size it has got to."""
        painted = progress.picture
        if not self.config.preserve_color:
            return painted
        return keep_color(painted, resample(self._photo[None], (painted.shape[1], painted.shape[2]))[0].clamp(0, 1))

    @torch.no_grad()
    def objective(self, size: Size, begin: Tensor | None = None, *, last: bool = False) -> ImageLoss:
        """What is minimised at a size (height, width).

        begin: the image (1, 3, H, W) that there is, by default the photo. last: whether neighbours are sought layer by
        layer, again and again.
        """
        config, network = self.config, self._network
        if config.method == "gram":
            terms = [*self._content_terms(size), *self._gram_terms(size)]
        elif config.method == "mrf":
            terms = [*self._content_terms(size), *self._patch_terms(size)]
        elif last:
            terms = self._split_terms(size)
        else:
            terms, network = self._neighbor_terms(size, begin), self._hypercolumns
        if config.variation_weight:
            terms.append(VariationTerm(config.variation_weight, config.variation_exponent))
        return ImageLoss(network, [*terms, RangeTerm()])

    def _content_terms(self, size: Size) -> list[Term]:
        photo = self._network(self._at(size))
        return [
            ContentTerm(layer, photo[layer].float(), self.config.content_weight * weight)
            for layer, weight in self._content_layers.items()
        ]

    def _gram_terms(self, size: Size) -> list[Term]:
        side, weight = self._style_side(size), self.config.style_weight
        grams = [painting_grams(self._network, painting, side, self.device) for painting in self._paintings]
        return [
            StyleTerm(layer, torch.cat([each[layer] for each in grams]), self._shares, weight * share)
            for layer, share in self._style_layers.items()
        ]

    def _patch_terms(self, size: Size) -> list[Term]:
        terms: list[Term] = []
        for painting, weight in self._weighted(size):
            seen = self._network(painting[None])
            terms += [
                PatchTerm(layer, seen[layer][0].float(), SHARE * weight * share)
                for layer, share in self._style_layers.items()
            ]
        return terms

    def _neighbor_terms(self, size: Size, begin: Tensor | None) -> list[Term]:
        image = self._at(size)
        if begin is not None and size != self.plan[0].size:
            image = sought(image, begin, self.config.photo_share)
        return [neighbor_term(self._hypercolumns, painting, image, weight) for painting, weight in self._weighted(size)]

    def _split_terms(self, size: Size) -> list[Term]:
        terms: list[Term] = []
        for painting, weight in self._weighted(size):
            terms += split_terms(self._network, self._style_layers, painting, weight, self.config.seed)
        return terms

    def _weighted(self, size: Size) -> Iterator[tuple[Tensor, float]]:
        """The paintings (3, H, W), for a picture of a size, each with the weight of its terms."""
        for painting, share in zip(self._paintings, self._shares.tolist(), strict=True):
            if share:
                yield fit(painting, self._style_side(size)).to(self.device), self.config.style_weight * share

    def _fitting_count(self, full: Size) -> int:
        """How many sizes lead to the full one, as far as the paintings can be looked at in all of them."""
        side = self._style_side(full)
        looked_at = [scaled((painting.shape[1], painting.shape[2]), side) for painting in self._paintings]
        counts = [fitting_count(each, coarsest=SMALLEST) for each in looked_at]
        return min(fitting_count(full, coarsest=COARSEST[self.config.method]), *counts)

    def _style_side(self, size: Size) -> int:
        """The longer side in pixels at which the paintings are looked at, for a picture of a size."""
        return round(self.config.style_scale * max(size))

    def _at(self, size: Size) -> Tensor:
        """The photo at a size, (1, 3, H, W), on the device."""
        return resample(self._photo[None], size).clamp(0, 1).to(self.device)

    def _losses(self, stage: Stage, begin: Tensor) -> ImageLoss:
        return self.objective(stage.size, begin, last=stage is self.plan[-1]).compiled_for(stage)

    def _start(self, size: Size, before: Tensor | None) -> Tensor:
        """The image to begin a size with: the one of the size before, or what the configuration says."""
        if before is not None:
            return resample(before, size)
        if self.config.start == "photo":
            return self._at(size)
        if self.config.start == "painting":
            height, width = size
            return center_crop(self._paintings[0], width, height)[None].to(self.device)
        return noise(size, self.config.seed).to(self.device)
