"""How well a network paints: distances to the paintings and the photos, on photos it never saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.losses import relative_error
from model.stylizer import Stylizer
from model.training.objective import Objective


@dataclass(frozen=True)
class Evaluation:
    """What was measured over P photos and N styles.

    photo_distance: D of the untouched photos from each painting, mean over photos, (N,).
    distance: D of the painted pictures from their own painting, mean over photos, (N,).
    content_error: C of the painted pictures, mean over photos, (N,).
    nearest: the row of the painting nearest to each painted picture, (N, P): the one with the
        smallest sum of the logarithms of its distances over the style layers.
    """

    styles: tuple[str, ...]
    photo_distance: Tensor
    distance: Tensor
    content_error: Tensor
    nearest: Tensor

    @property
    def remaining(self) -> Tensor:
        """Distance of the painted pictures as a share of the untouched photos', (N,)."""
        return self.distance / self.photo_distance

    @property
    def own(self) -> Tensor:
        """Share of each style's pictures whose nearest painting is their own, (N,)."""
        return (self.nearest == torch.arange(len(self.styles))[:, None]).double().mean(dim=1)

    def table(self) -> str:
        """Markdown: a row per style, then all of them."""
        lines = [
            "| style | D photo | D painted | ratio | C | own painting nearest |",
            "|---|---|---|---|---|---|",
        ]
        columns = (self.photo_distance, self.distance, self.remaining, self.content_error, self.own)
        rows = [*zip(self.styles, *(column.tolist() for column in columns), strict=True)]
        rows.append(("**all**", *(column.mean().item() for column in columns)))
        lines += [f"| {name} | {p:.2f} | {d:.2f} | {r:.3f} | {c:.2f} | {o:.0%} |" for name, p, d, r, c, o in rows]
        worst = (
            f"Worst: ratio {self.remaining.max():.3f} ({self.styles[int(self.remaining.argmax())]}), "
            f"C {self.content_error.max():.2f} ({self.styles[int(self.content_error.argmax())]}), "
            f"own painting nearest {self.own.min():.0%} ({self.styles[int(self.own.argmin())]})."
        )
        return "\n".join([*lines, "", worst])


@torch.inference_mode()
def evaluate(
    stylizer: Stylizer, objective: Objective, photos: Sequence[Tensor], *, progress: Iterable[int] | None = None
) -> Evaluation:
    """Paint every photo in every style and measure.

    objective: holds the paintings' Grams, in the order of the stylizer's styles.
    photos: (3, S, S) in [0, 1] each.
    progress: iterates over range(len(photos)); tqdm, say.
    """
    count = len(stylizer.styles)
    content_layer = objective.config.content_layer
    photo_distance = torch.zeros(count, dtype=torch.float64)
    distance, content_error = torch.zeros_like(photo_distance), torch.zeros_like(photo_distance)
    nearest = torch.zeros(count, len(photos), dtype=torch.long)
    for position in progress or range(len(photos)):
        photo = photos[position][None]
        features = objective.loss_network(photo)
        photo_distance += objective.distances(features).double().sum(dim=0)
        for row in range(count):
            painted = objective.loss_network(stylizer.paint(photo, stylizer.styles.vectors[row][None]))
            to_paintings = objective.distances(painted).double()
            distance[row] += to_paintings[:, row].sum()
            content_error[row] += relative_error(painted[content_layer], features[content_layer])[0]
            nearest[row, position] = to_paintings.log().sum(dim=0).argmin()
    shown = len(photos)
    return Evaluation(stylizer.styles.ids, photo_distance / shown, distance / shown, content_error / shown, nearest)
