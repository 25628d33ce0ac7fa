"""An honest word on a fit: frozen convolutions cannot paint everything.

A fitted style is compared with the styles that the network was trained in: how near its pictures come to the
painting, how much of the photo they keep, and what is wrong with them. As good as all but the worst 5 % is good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.model.fitting.fitter import Fitter
from impasto.model.perception import artefacts
from impasto.model.styles.fit_record import Grade

GOOD, FAIR = 1.1, 1.6
"""How many times worse than the trained styles, in any measure, a fit may be for its grade."""
SHOWN = 4
"""Photos on which artefacts are looked for, in the fit's and in every trained style: smaller, to be quicker."""
USUAL = {"style_distance": 1.0, "content_error": 1.4}
"""Losses of trained styles where a checkpoint does not tell."""
COMMON = 0.95
"""Share of the trained styles that are no outliers in their losses."""
UNSEEN = {"saturation": 0.02, "checkerboard": 1.5, "border": 1.2, "diagonals": 1.5}
"""Artefacts up to this are not seen, however free of them the trained styles are."""
ADVICE = {
    "style_distance": "its pictures stay far from the painting, whose brush work this network does not know. Blend it "
    "with other styles, or train a network with this painting among others",
    "content_error": "its pictures keep little of the photo. Use it with a lower strength, or in a blend",
    "saturation": "large parts of its pictures are pure black or white. Use it with a lower strength, or fit a "
    "painting of less contrast",
    "checkerboard": "its pictures show a fine grid. Use it in a blend, or fit a sharper image of the painting",
    "border": "its pictures have a visible frame. Use it in a blend, or crop the painting",
    "diagonals": "its pictures show fine diagonal lines. Use it with a lower strength, or in a blend",
}
"""What each measure says when it is the worst, and what to do."""


@dataclass(frozen=True)
class Verdict:
    """grade, and why.

    losses: content_error and style_distance on the photos it was judged by.
    artefacts: see `model/perception/artefacts.py`.
    """

    grade: Grade
    message: str
    losses: Mapping[str, float]
    artefacts: Mapping[str, float]


def trained_artefacts(fitter: Fitter) -> dict[str, float]:
    """The most of each artefact in the styles that the network was trained in: the same for every fit to it."""
    each = [_artefacts(fitter.paint(known, fitter.photos[:SHOWN])) for known in fitter.styles.vectors]
    return {name: max((found[name] for found in each), default=0.0) for name in UNSEEN}


def judge(fitter: Fitter, vector: Tensor, photos: Tensor, trained: Mapping[str, float] | None = None) -> Verdict:
    """The verdict on a fitted style vector (E,).

    photos: what its losses are measured on, (P, 3, S, S) in [0, 1]: crops of the size that the network was trained
        with, and others than were fitted on. trained: as `trained_artefacts` finds them; None: they are looked for.
    """
    losses = fitter.measure(vector, photos)
    found = _artefacts(fitter.paint(vector, fitter.photos[:SHOWN]))
    trained = trained or trained_artefacts(fitter)
    share = float(artefacts.saturation(fitter.painting[None]))  # a print is black and white, and is to be
    usual = {name: max(UNSEEN[name], trained[name]) for name in UNSEEN}
    usual["saturation"] = max(usual["saturation"], share)
    limits = {**usual, **_trained_losses(fitter)}
    worse = {name: value / limits[name] for name, value in {**losses, **found}.items()}
    worst = max(worse, key=worse.__getitem__)
    if worse[worst] <= GOOD:
        return Verdict("good", "as good as the styles that the network was trained in", losses, found)
    grade: Grade = "fair" if worse[worst] <= FAIR else "poor"
    times = f"{worse[worst]:.1f} times what is usual in trained styles"
    return Verdict(grade, f"{grade}: {ADVICE[worst]} ({worst.replace('_', ' ')}: {times})", losses, found)


def _trained_losses(fitter: Fitter) -> dict[str, float]:
    known = fitter.training.style_losses.values()
    each = {name: [losses[name] for losses in known if name in losses] or [usual] for name, usual in USUAL.items()}
    return {name: float(torch.tensor(values).quantile(COMMON)) for name, values in each.items()}


def _artefacts(painted: Tensor) -> dict[str, float]:
    return {name: float(values.mean()) for name, values in artefacts.measure(painted).items()}
