"""What a layer knows of a picture: another picture, found from noise, that looks the same to it.

The first figure of L. Gatys et al., CVPR 2016: a photo from its features at one layer, and a painting from its Gram
matrices at a layer and all before it. The variation that keeps it a picture is A. Mahendran's and A. Vedaldi's
("Understanding Deep Image Representations by Inverting Them", CVPR 2015).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from impasto.model.optimization.config import ReconstructionConfig
from impasto.model.optimization.descent import DescentStep, descend
from impasto.model.optimization.memory import check_memory
from impasto.model.optimization.networks import load_network
from impasto.model.optimization.schedule import noise, octaves
from impasto.model.optimization.terms import ContentTerm, ImageLoss, RangeTerm, StyleTerm, Term, VariationTerm
from impasto.model.perception.losses import gram
from impasto.model.pictures.resize import center_crop


class Reconstruction:
    """A picture (3, H, W) in [0, 1], whose middle is to be found again from what some layers know of it.

    layers: all that will be asked for. Raises TooLarge, LossNetworkMissing; InvalidValue for unknown layers.
    """

    def __init__(
        self,
        picture: Tensor,
        layers: Sequence[str],
        config: ReconstructionConfig | None = None,
        *,
        device: torch.device | None = None,
        weights: dict[str, Tensor] | None = None,
    ) -> None:
        self.config = config = config or ReconstructionConfig()
        self._device = device or torch.device("cpu")
        self._size = octaves((config.size, config.size), 1)[0]
        self._network = load_network(config, layers, self._device, weights)
        check_memory(self._network, self._size, config.optimizer, self._device, compared=layers)
        self.picture = center_crop(picture, config.size)
        with torch.no_grad():
            self._features = self._network(self.picture[None].to(self._device))

    def content(self, layer: str) -> Iterator[DescentStep]:
        """The picture from its features at a layer, step by step."""
        return self._run([ContentTerm(layer, self._features[layer].float())])

    def style(self, layers: Sequence[str]) -> Iterator[DescentStep]:
        """The picture from its Gram matrices at some layers, step by step."""
        share = torch.ones(1, device=self._device)
        return self._run([StyleTerm(layer, gram(self._features[layer]), share, 1 / len(layers)) for layer in layers])

    def _run(self, terms: list[Term]) -> Iterator[DescentStep]:
        config = self.config
        if config.variation_weight:
            terms.append(VariationTerm(config.variation_weight, config.variation_exponent))
        start = noise(self._size, config.seed).to(self._device)
        return descend(
            ImageLoss(self._network, [*terms, RangeTerm()]), start, optimizer=config.optimizer, stop=config.stop
        )
