"""How well pictures are painted: distances to the paintings and the photos, on photos never trained on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.model.perception.losses import content_loss, relative_error
from impasto.model.perception.objective import Objective

Paint = Callable[[Tensor, int], Tensor]
"""A photo (3, H, W) in [0, 1] and the row of a style -> the painted picture, of the photo's shape."""


@dataclass(frozen=True)
class Evaluation:
    """What was measured of P photos painted in N styles; (N, P) each.

    styles: the N ids. size: side of the photos in pixels.
    photo_distance: D of the untouched photo from the painting.
    distance: D of the painted picture from its own painting.
    content_error: C of the painted picture.
    style_loss, content_loss: what training minimises, at equal strengths of all styles.
    nearest: row of the painting nearest to the painted picture: the one with the smallest sum of the logarithms
        of its distances over the style layers.
    """

    styles: tuple[str, ...]
    size: int
    photo_distance: Tensor
    distance: Tensor
    content_error: Tensor
    style_loss: Tensor
    content_loss: Tensor
    nearest: Tensor

    @property
    def remaining(self) -> Tensor:
        """Distance of each style's pictures as a share of the untouched photos', (N,)."""
        return self.distance.mean(dim=1) / self.photo_distance.mean(dim=1)

    @property
    def confusion(self) -> Tensor:
        """Share of the pictures in each style (row) to which each painting (column) is nearest, (N, N)."""
        counts = [row.bincount(minlength=len(self.styles)) for row in self.nearest]
        return torch.stack(counts).double() / self.nearest.shape[1]

    @property
    def own(self) -> Tensor:
        """Share of each style's pictures whose nearest painting is their own, (N,)."""
        return self.confusion.diagonal()


@torch.inference_mode()
def evaluate(
    paint: Paint,
    styles: Sequence[str],
    objective: Objective,
    photos: Sequence[Tensor],
    *,
    progress: Iterable[int] | None = None,
) -> Evaluation:
    """Paint every photo in every style and measure.

    styles: their ids; row n of `paint` and painting n of the objective are style n.
    photos: (3, S, S) in [0, 1] each.
    progress: iterates over range(len(photos)); tqdm, say.
    """
    layer = objective.config.content_layer
    found: dict[str, list[Tensor]] = {}

    def note(name: str, values: Tensor) -> None:
        found.setdefault(name, []).append(values.double().cpu())

    device = objective.scales.device
    for position in progress or range(len(photos)):
        photo = photos[position]
        untouched = objective.loss_network(photo[None].to(device))
        note("photo_distance", objective.distances(untouched).sum(dim=0))
        for row in range(len(styles)):
            painted = objective.loss_network(paint(photo, row)[None].to(device))
            distances = objective.distances(painted)
            note("distance", distances[:, row].sum())
            note("content_error", relative_error(painted[layer], untouched[layer])[0])
            note("style_loss", objective.style_losses(distances)[row])
            note("content_loss", content_loss(painted[layer], untouched[layer])[0])
            note("nearest", distances.log().sum(dim=0).argmin())
    by_style = {name: torch.stack(values).reshape(len(photos), -1).T for name, values in found.items()}
    nearest = by_style.pop("nearest").long()
    return Evaluation(tuple(styles), photos[0].shape[-1], **by_style, nearest=nearest)
