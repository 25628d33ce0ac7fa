"""What an evaluation found, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from tabulate import tabulate
from torch import Tensor

from impasto.model.evaluation.blending import STEPS, Blending
from impasto.model.evaluation.evaluate import Evaluation
from impasto.model.perception import artefacts


@dataclass(frozen=True)
class Goal:
    """A figure that is to be reached. what: its name with the target."""

    what: str
    found: str
    met: bool


@dataclass(frozen=True)
class Section:
    """A part of the report, under its own heading."""

    title: str
    text: str
    goals: Sequence[Goal] = ()


def document(head: str, sections: Sequence[Section]) -> str:
    """The whole report: all goals first, then the sections."""
    goals = [goal for section in sections for goal in section.goals]
    parts = [f"## {section.title}\n\n{section.text}" for section in sections]
    return "\n\n".join([head, "## Goals", goals_table(goals), *parts]) + "\n"


def goals_table(goals: Sequence[Goal]) -> str:
    """What is to be reached, and whether it is."""
    return table(("goal", "found", "met"), [(goal.what, goal.found, "yes" if goal.met else "**no**") for goal in goals])


def loss_goals(found: Evaluation) -> list[Goal]:
    """How near the paintings and the photos the pictures are to be."""
    distance, content_error = found.distance.mean(dim=1), found.content_error.mean(dim=1)
    mean_distance, mean_content = float(distance.mean()), float(content_error.mean())
    least, most, own = float(content_error.min()), float(content_error.max()), float(found.own.mean())
    both = mean_distance + mean_content
    return [
        Goal("D at most 0.58, mean of the styles", f"{mean_distance:.3f}", mean_distance <= 0.58),
        Goal("C at most 0.70, mean of the styles", f"{mean_content:.3f}", mean_content <= 0.70),
        Goal("C + D at most 1.28, mean of the styles", f"{both:.3f}", both <= 1.28),
        Goal("D at most 0.85 in every style", f"{distance.max():.2f}", float(distance.max()) <= 0.85),
        Goal("C from 0.4 to 1.0 in every style", f"{least:.2f} to {most:.2f}", least >= 0.4 and most <= 1.0),
        Goal("own painting nearest, all of the pictures", f"{own:.1%}", own == 1),
    ]


def style_table(found: Evaluation) -> str:
    """A row per style, then all of them, and the worst of each."""
    distance, content_error = found.distance.mean(dim=1), found.content_error.mean(dim=1)
    columns = (
        found.photo_distance.mean(dim=1),
        distance,
        found.remaining,
        content_error,
        found.style_loss.mean(dim=1),
        found.content_loss.mean(dim=1),
        found.own,
    )
    rows = [*zip(found.styles, *(column.tolist() for column in columns), strict=True)]
    rows.append(("**all**", *(column.mean().item() for column in columns)))
    header = ("style", "D photo", "D painted", "ratio", "C", "style loss", "content loss", "own painting nearest")
    lines = table(
        header,
        [
            (name, f"{p:.2f}", f"{d:.2f}", f"{r:.3f}", f"{c:.2f}", f"{s:.0f}", f"{k:.0f}", f"{o:.0%}")
            for name, p, d, r, c, s, k, o in rows
        ],
    )
    return (
        f"{lines}\n\n"
        f"Worst: D {distance.max():.2f} ({found.styles[int(distance.argmax())]}), "
        f"ratio {found.remaining.max():.3f} ({found.styles[int(found.remaining.argmax())]}), "
        f"C {content_error.max():.2f} ({found.styles[int(content_error.argmax())]}), "
        f"own painting nearest {found.own.min():.0%} ({found.styles[int(found.own.argmin())]})."
    )


def confusion_table(found: Evaluation) -> str:
    """Where pictures are nearest to another painting than their own."""
    confusion = found.confusion
    rows = [
        (found.styles[style], found.styles[other], f"{confusion[style, other]:.0%}")
        for style, other in (confusion > 0).nonzero().tolist()
        if style != other
    ]
    if not rows:
        return "The matrix is diagonal: every picture is nearer to its own painting than to any other."
    return table(("pictures in", "nearest to", "share"), rows)


def grey_goals(found: Evaluation) -> list[Goal]:
    """How well paintings are to be told apart without their colours, from an evaluation of pictures in grey."""
    own = float(found.own.mean())
    return [Goal("own painting nearest in grey, at least 90 % of the pictures", f"{own:.1%}", own >= 0.90)]


def grey_table(found: Evaluation) -> str:
    """What is left of each style without its colours, those that are the least of themselves first."""
    distance, own, confusion = found.distance.mean(dim=1), found.own, found.confusion
    rows = []
    for style in own.argsort(stable=True).tolist():
        others = confusion[style].clone()
        others[style] = 0
        other = f"{found.styles[int(others.argmax())]}, {others.max():.0%}" if others.max() else ""
        rows.append((found.styles[style], f"{own[style]:.0%}", other, f"{distance[style]:.2f}"))
    return table(("style", "own painting nearest", "or", "D in grey"), rows)


def versus_goals(many: Evaluation, single: Evaluation) -> list[Goal]:
    """What sharing a network may cost: what the paper found."""
    content = float(_increase(many.content_loss, single.content_loss).mean())
    style = float(_increase(many.style_loss, single.style_loss).mean())
    return [
        Goal("content loss at most 8.7 % above single-style networks'", f"{content:+.1%}", content <= 0.087),
        Goal("style loss at most 8.9 % above single-style networks'", f"{style:+.1%}", style <= 0.089),
    ]


def versus_table(many: Evaluation, single: Evaluation) -> str:
    """Losses of a network of many styles relative to those of networks of one style each."""
    content, style = _increase(many.content_loss, single.content_loss), _increase(many.style_loss, single.style_loss)
    rows = [*zip(many.styles, content.tolist(), style.tolist(), strict=True)]
    rows.append(("**mean**", float(content.mean()), float(style.mean())))
    return table(("style", "content loss", "style loss"), [(name, f"{c:+.1%}", f"{s:+.1%}") for name, c, s in rows])


def blending_goals(found: Blending) -> list[Goal]:
    """How evenly styles are to blend."""
    monotony, excess = float(found.monotony.mean()), float(torch.stack([*found.excess.values()]).max())
    return [
        Goal(f"Spearman at least 0.98, mean of {len(found.pairs)} pairs", f"{monotony:.3f}", monotony >= 0.98),
        Goal("no blend with more artefacts than its ends", f"{excess:.2f} times", excess <= 1.0),
    ]


def blending_table(found: Blending, styles: Sequence[str]) -> str:
    """Every pair of styles, how evenly it blends, and the worst it shows on the way."""
    rows = []
    for position, (first, second) in enumerate(found.pairs):
        worst = max(found.excess, key=lambda name: float(found.excess[name][position]))
        excess = float(found.excess[worst][position])
        rows.append((styles[first], styles[second], f"{found.monotony[position]:.3f}", f"{excess:.2f} ({worst})"))
    return table(("style", "and style", f"Spearman over {STEPS} weights", "worst artefact, times the worse end"), rows)


def scale_goals(found: Mapping[str, Evaluation]) -> list[Goal]:
    """How alike pictures painted larger are to look, {how: evaluation}: against those of the first."""
    first, *larger = found.values()
    distance = torch.stack([_times(each.distance, first.distance) for each in larger])
    content = max(_mean_times(each, first) for each in larger)
    mean, most = float(distance.mean(dim=1).max()), float(distance.max())
    return [
        Goal("D painted larger at most 1.1 times, mean of the styles", f"{mean:.2f} times", mean <= 1.1),
        Goal("D painted larger at most 1.35 times in every style", f"{most:.2f} times", most <= 1.35),
        Goal("C painted larger at most 1.15 times, mean of the styles", f"{content:.2f} times", content <= 1.15),
    ]


def scale_table(found: Mapping[str, Evaluation]) -> str:
    """D and C of the same pictures painted in several ways, {how: evaluation}, and how many times the first's."""
    first = next(iter(found.values()))
    rows = []
    for name, each in found.items():
        distance, content_error = _times(each.distance, first.distance), each.content_error.mean(dim=1)
        rows.append(
            (
                name,
                f"{each.distance.mean():.2f}",
                f"{distance.mean():.2f}",
                f"{distance.max():.2f} ({each.styles[int(distance.argmax())]})",
                f"{content_error.mean():.2f}",
                f"{_mean_times(each, first):.2f}",
                f"{content_error.max():.2f} ({each.styles[int(content_error.argmax())]})",
            )
        )
    return table(("painted at", "D", "× the first", "most × the first", "C", "× the first", "most"), rows)


@dataclass(frozen=True)
class Artefact:
    """What one detector found: in untouched photos, (P,), where it can be applied to them; in each style's pictures,
    (N,); and in those of a network broken on purpose, (M,)."""

    name: str
    photos: Tensor | None
    styles: Tensor
    broken: Tensor


def artefacts_table(found: Sequence[Artefact], styles: Sequence[str]) -> str:
    """Each artefact against its threshold."""
    rows = []
    for each in found:
        photos = "" if each.photos is None else f"{each.photos.median():.2g} / {each.photos.quantile(0.95):.2g}"
        threshold = artefacts.THRESHOLDS[each.name]
        rows.append(
            (
                each.name.replace("_", " "),
                f"{threshold:g}",
                photos,
                f"{each.styles.median():.2g}",
                f"{each.styles.max():.2g} ({styles[int(each.styles.argmax())]})",
                f"{(each.styles <= threshold).float().mean():.0%}",
                f"{each.broken.median():.2g}",
            )
        )
    header = ("artefact", "threshold", "photos: median / 95 %", "styles: median", "worst", "below", "broken: median")
    return table(header, rows)


def peer_goals(ours: Evaluation, peers: Evaluation) -> list[Goal]:
    """How our pictures are to compare with a peer's of the same photos and paintings."""
    nearer, closer = ours.distance < peers.distance, ours.content_error < peers.content_error
    sum_lower = ours.distance + ours.content_error < peers.distance + peers.content_error
    less, both, neither = (_share(pairs) for pairs in (sum_lower, nearer & closer, ~nearer & ~closer))
    return [
        Goal("D + C below the peer's, at least 95 % of the pictures", f"{less:.1%}", less >= 0.95),
        Goal("both below, at least 60 %", f"{both:.1%}", both >= 0.60),
        Goal("both above, none", f"{neither:.1%}", neither == 0),
    ]


def summary_table(found: Mapping[str, Evaluation]) -> str:
    """The means of several evaluations, {name: evaluation}."""
    rows = []
    for name, each in found.items():
        relative = [f"{values.mean():.2f}" for values in (each.photo_distance, each.distance, each.content_error)]
        losses = [f"{values.mean():.0f}" for values in (each.style_loss, each.content_loss)]
        rows.append((name, str(each.nearest.shape[1]), *relative, *losses, f"{each.own.mean():.1%}"))
    header = ("", "photos", "D photo", "D painted", "C", "style loss", "content loss", "own painting nearest")
    return table(header, rows)


def _increase(losses: Tensor, of: Tensor) -> Tensor:
    return _times(losses, of) - 1


def _times(losses: Tensor, of: Tensor) -> Tensor:
    return losses.mean(dim=1) / of.mean(dim=1)


def _mean_times(found: Evaluation, of: Evaluation) -> float:
    return float(found.content_error.mean() / of.content_error.mean())


def _share(pairs: Tensor) -> float:
    return float(pairs.double().mean())


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return tabulate(rows, header, tablefmt="github", disable_numparse=True)
