"""What a painting network is trained for, and what it is judged by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from impasto.model.errors import InvalidValue
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.perception.loss_network import LossNetwork, load_weights
from impasto.model.perception.losses import (
    color_variation,
    content_loss,
    gram,
    grid_energy,
    line_energy,
    relative_error,
    style_loss,
    total_variation,
)
from impasto.model.pictures.resize import resize


@dataclass(frozen=True)
class Losses:
    """One number per image each, (B,).

    total, content, style: what is minimised, weighted.
    content_error: C = ‖F(y) − F(x)‖² / ‖F(x)‖² at the content layer.
    style_distance: D = Σ over the style layers of ‖G(y) − G(s)‖² / ‖G(s)‖².
    """

    total: Tensor
    content: Tensor
    style: Tensor
    content_error: Tensor
    style_distance: Tensor


class Objective(nn.Module):
    """The losses of painted pictures against their photos and the Grams of their paintings.

    paintings: (3, H, W) in [0, 1] each, resized already. Their Gram matrices are computed once, here,
    and kept one per style: `grams[layer]` is (N, C, C). Without any, `aim` tells what to compare with.
    """

    scales: Tensor
    """By how much each painting's style loss is multiplied at each layer, (L, N)."""
    _energies: Tensor

    def __init__(self, config: ObjectiveConfig, paintings: Iterable[Tensor], weights: dict[str, Tensor] | None = None):
        super().__init__()
        if len(config.style_weights) != len(config.style_layers):
            raise InvalidValue(f"{len(config.style_weights)} style weights for {len(config.style_layers)} style layers")
        self.config = config
        layers = {config.content_layer, *config.style_layers}
        self.loss_network = LossNetwork(layers, weights or load_weights(), pooling=config.pooling)
        with torch.no_grad():
            each = [self.measured(self.loss_network(painting[None])) for painting in paintings]
        if each:
            self.aim({layer: torch.cat([grams[layer] for grams in each]) for layer in config.style_layers})

    @classmethod
    def of_styles(cls, config: ObjectiveConfig, paintings: Mapping[str, Tensor]) -> Self:
        """Against the paintings of styles, {id: (3, H, W) in [0, 1]}, which are resized as the configuration says."""
        return cls(config, [resize(rgb, config.size_of(style_id)) for style_id, rgb in paintings.items()])

    def aim(self, grams: Mapping[str, Tensor]) -> None:
        """Compare pictures with paintings of these Gram matrices from now on: (N, C, C) at each style layer."""
        layers = self.config.style_layers
        for layer in layers:
            self.register_buffer(layer, grams[layer], persistent=False)
        energies = torch.stack(
            [torch.stack([each.float().square().mean() for each in grams[layer]]) for layer in layers]
        )
        energy = self.config.gram_energy
        self.register_buffer(
            "scales", torch.ones_like(energies) if energy is None else energy / energies, persistent=False
        )
        self.register_buffer("_energies", energies, persistent=False)

    def grams(self, layer: str) -> Tensor:
        """Gram matrices of all paintings at a layer, (N, C, C)."""
        return self.get_buffer(layer)

    def distances(self, features: dict[str, Tensor]) -> Tensor:
        """‖G(y) − G(s)‖² / ‖G(s)‖² of one picture's features at each style layer from each painting, (L, N)."""
        rows = []
        for layer in self.config.style_layers:
            paintings = self.grams(layer)
            rows.append(relative_error(gram(features[layer]).expand_as(paintings), paintings))
        return torch.stack(rows)

    def style_losses(self, distances: Tensor) -> Tensor:
        """The style loss of a picture against each painting, (N,), from its `distances` (L, N)."""
        weights = torch.tensor(self.config.style_weights).to(distances)
        return weights @ (self.scales * self._energies * distances)

    def measured(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Gram matrices (B, C, C) of pictures' features at each style layer."""
        return {layer: gram(features[layer]) for layer in self.config.style_layers}

    def forward(self, painted: Tensor, photos: Tensor, rows: Tensor, strengths: Tensor | None = None) -> Losses:
        """painted, photos: (B, 3, H, W) in [0, 1]. rows: (B,), the painting of each.

        strengths: by how much each painting's style loss is multiplied, (N,).
        """
        return self.losses(painted, self.content(photos), rows, strengths)

    @torch.no_grad()
    def content(self, photos: Tensor) -> Tensor:
        """Features (B, C, H', W') that pictures painted from these photos (B, 3, H, W) should have."""
        layer = self.config.content_layer
        features: dict[str, Tensor] = self.loss_network(photos, deepest=layer)
        return features[layer]

    def losses(self, painted: Tensor, target: Tensor, rows: Tensor, strengths: Tensor | None = None) -> Losses:
        """As `forward`, for photos whose `content` is known."""
        config = self.config
        features = self.loss_network(painted)
        content = config.content_weight * content_loss(features[config.content_layer], target)
        style = torch.zeros_like(content)
        distance = torch.zeros_like(content)
        grams = self.measured(features)
        for layer, weight, scale in zip(config.style_layers, config.style_weights, self.scales, strict=True):
            wanted = self.grams(layer)[rows].float()
            style = style + weight * scale[rows] * style_loss(grams[layer], wanted)
            distance = distance + relative_error(grams[layer].detach(), wanted)
        if strengths is not None:
            style = style * strengths[rows]
        total = content + style
        if config.total_variation_weight:
            total = total + config.total_variation_weight * total_variation(painted)
        if config.color_variation_weight:
            total = total + config.color_variation_weight * color_variation(painted)
        if config.grid_weight:
            total = total + config.grid_weight * grid_energy(painted)
        if config.line_weight:
            total = total + config.line_weight * line_energy(painted)
        error = relative_error(features[config.content_layer].detach(), target)
        return Losses(total, content.detach(), style.detach(), error, distance)
