"""What `impasto evaluate` measures, and the report that it writes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.evaluation import report
from impasto.model.evaluation.blending import measure_blends, some_pairs
from impasto.model.evaluation.evaluate import Evaluation, Paint
from impasto.model.evaluation.evaluate import evaluate as measure
from impasto.model.evaluation.report import Section
from impasto.model.evaluation.sabotage import BROKEN
from impasto.model.evaluation.scale import painted_larger, stroke_period
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.device import device_name
from impasto.model.network.style_network import StyleNetwork
from impasto.model.painting.stroke import NATIVE, Stroke
from impasto.model.painting.stylizer import Stylizer
from impasto.model.perception import artefacts
from impasto.model.perception.objective import Objective
from impasto.model.pictures import images
from impasto.model.pictures.color import brightness
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import center_crop, resize
from impasto.model.styles.paintings import paintings_of
from impasto.scripts.evaluate import Arguments
from impasto.scripts.loading import load
from impasto.scripts.studies.peers import ArbitraryStyle

LARGE = {512: 6, 1024: 3}
"""Side in pixels of the large photos -> how many of them are painted in every style."""
SEEN = (256, 512, 1024, 2048)
"""Sides in pixels at which the same photo is shown."""
LARGER, SCALED = (2, 4), 3
"""Times the size at which strokes are right that photos are painted at too, and photos that are painted so."""
ENLARGED = 2
"""A large photo is used up to so many times its own size."""
EXAMPLES = 4
"""Styles, evenly spread over all, that are shown where there is no room for more."""
PAIRS, BLENDED = 40, 2
"""Pairs of styles that are blended, and photos painted in every blend."""
STRENGTHS, MIXED = (0.7, 0.8, 0.9, 1.0), 4
"""How far from the photo to the painting, and photos that are painted so."""
CELL = 256
"""Pixels of a picture on a sheet."""
SHOWN = 3
"""Large photos that are shown beside the peer's pictures."""
PICTURES = "images/evaluation"
"""Where the report's pictures lie beside it."""


def evaluate(arguments: Arguments) -> None:
    """Print the table, or write the report. Raises InvalidValue, LookupError, OSError for what cannot work."""
    evaluator = Evaluator(arguments)
    if arguments.output is None:
        print(f"Photos: {len(evaluator.photos)}, centre crops of {arguments.size} × {arguments.size} pixels\n")
        print(report.style_table(evaluator.losses(evaluator.photos)))
    else:
        write_report(evaluator, arguments)


class Evaluator:
    """The network, the paintings and the photos that the arguments name.

    Raises InvalidValue, OSError for what cannot work.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.source, self.stylizer = load(arguments.checkpoint, device=arguments.device)
        self.paintings = [*paintings_of(self.styles, arguments.styles).values()]
        self.objective = _objective(self.source, self.paintings, self.styles).to(self.stylizer.device)
        self.photos = [center_crop(load_rgb(file), arguments.size) for file in self._kept_out(arguments)]

    @property
    def styles(self) -> tuple[str, ...]:
        return self.source.styles.ids

    @property
    def examples(self) -> range:
        """Rows of a few styles, for where there is no room for all."""
        return range(0, len(self.styles), -(-len(self.styles) // EXAMPLES))

    def losses(self, photos: Sequence[Tensor], what: str = "losses") -> Evaluation:
        """Some photos in every style."""
        progress = _progress(len(photos), what)
        return measure(self.paint, self.styles, self.objective, photos, progress=progress)

    def losses_in_grey(self) -> Evaluation:
        """Whether styles are more than a tint: of pictures and paintings without their colours."""
        paintings = [_in_grey(painting) for painting in self.paintings]
        objective = _objective(self.source, paintings, self.styles).to(self.stylizer.device)

        def paint(photo: Tensor, row: int) -> Tensor:
            return _in_grey(self.paint(photo, row))

        return measure(paint, self.styles, objective, self.photos, progress=_progress(len(self.photos), "in grey"))

    def paint(self, photo: Tensor, row: int) -> Tensor:
        """What the network itself makes, in one pass, of a photo (3, H, W) in the style of a row of the table."""
        return _painted(self.source, self.stylizer, photo, row)

    def stylize(self, photo: Tensor, row: int, stroke: Stroke) -> Tensor:
        """A photo (3, H, W) in the style of a row, with strokes of a size, as everyone's photos are painted."""
        vector = self.source.styles.vectors[row]
        return self.stylizer.stylize(Picture.from_rgb(photo), vector, stroke=stroke).rgb

    def _kept_out(self, arguments: Arguments) -> list[Path]:
        kept_out = set(self.source.training.held_out)
        files = [f for f in images.files_in(arguments.content) if arguments.all_photos or f.name in kept_out]
        if not files:
            raise InvalidValue(f"{arguments.content} has none of the photos kept out of training; try --all-photos")
        return files[: arguments.photos]


def write_report(evaluator: Evaluator, arguments: Arguments) -> None:
    """Measure everything and write evaluation.md and its pictures. Raises NotInstalled without the peer's package."""
    if arguments.output is None or arguments.large is None:
        raise InvalidValue("the report needs --large, a folder of photos of 1024 × 1024 pixels and more")
    pictures = arguments.output / PICTURES
    pictures.mkdir(parents=True, exist_ok=True)
    large = [load_rgb(file) for file in images.files_in(arguments.large)]
    if not _reaches(large[0], SEEN[0]):
        raise InvalidValue(f"the first photo in {arguments.large} is too small to be shown at {SEEN[0]} pixels")
    peer = ArbitraryStyle(evaluator.paintings)
    own = evaluator.losses(evaluator.photos)
    sections = [_losses(evaluator, own, large)]
    if arguments.many and arguments.singles:
        sections.append(_versus(evaluator, arguments.many, arguments.singles))
    sections.append(_trade_off(evaluator))
    sections.append(Section("Separation of the styles", report.confusion_table(own)))
    sections.append(_grey(evaluator))
    sections.append(_blends(evaluator))
    sections.append(_artefacts(evaluator))
    sections.append(_scale(evaluator, large, pictures))
    sections.append(_peer(evaluator, own, peer, large, pictures))
    file = arguments.output / "evaluation.md"
    file.write_text(report.document(HEAD.format(**_circumstances(evaluator, own)), sections), encoding="utf-8")
    print(file)


HEAD = """# Evaluation

Written by `impasto evaluate --output` on {date}, for the network `{network}`, painting on {machine} in {precision}.
Distances are measured in float32; where nothing else is said, on {photos} photos kept out of training, centre crops of
{size} × {size} pixels. What is measured is the network itself, at every size in a single pass, as with a stroke of
`native`; only under "Scale" are strokes as large as the picture asks for.

D is the distance of a picture from the painting, Σ over the style layers of ‖G(y) − G(s)‖² / ‖G(s)‖²; C the relative
content error, ‖F(y) − F(x)‖² / ‖F(x)‖² at relu3_3: 0 is equal, 1 as far as nothing at all. The losses are those that
training minimises, at equal strengths of all styles."""


def _circumstances(evaluator: Evaluator, own: Evaluation) -> dict[str, object]:
    stylizer = evaluator.stylizer
    return {
        "date": datetime.now(UTC).date(),
        "network": stylizer.network_id,
        "machine": device_name(stylizer.device),
        "precision": stylizer.precision,
        "photos": own.nearest.shape[1],
        "size": own.size,
    }


def _losses(evaluator: Evaluator, own: Evaluation, large: Sequence[Tensor]) -> Section:
    found = {f"{own.size} pixels": own}
    for size, count in LARGE.items():
        if crops := [center_crop(photo, size) for photo in large if _reaches(photo, size)][:count]:
            found[f"{size} pixels"] = evaluator.losses(crops, f"losses at {size}")
    tables = [f"### At {name}\n\n{report.style_table(each)}" for name, each in found.items()]
    text = "\n\n".join([report.summary_table(found), *tables])
    return Section("Style and content losses", text, report.loss_goals(own))


def _versus(evaluator: Evaluator, many: Path, singles: Sequence[Path]) -> Section:
    device = str(evaluator.stylizer.device)
    network, alone = load(many, device=device), [load(path, device=device) for path in singles]
    source, stylizer = network
    styles = [each.styles.ids[0] for each, _ in alone]
    rows = [source.styles.row(style) for style in styles]
    paintings = [evaluator.paintings[evaluator.styles.index(style)] for style in styles]
    objective = _objective(source, paintings, styles).to(stylizer.device)

    def losses(paint: Paint) -> Evaluation:
        progress = _progress(len(evaluator.photos), "one style or many")
        return measure(paint, styles, objective, evaluator.photos, progress=progress)

    shared = losses(lambda photo, row: _painted(*network, photo, rows[row]))
    single = losses(lambda photo, row: _painted(*alone[row], photo, 0))
    text = (
        f"Each network had {source.training.steps} updates. By how much the losses of one for "
        f"{len(source.styles)} styles are above those of the networks of one style each:\n\n"
    )
    return Section(
        "One network for all styles",
        text + report.versus_table(shared, single),
        report.versus_goals(shared, single),
    )


def _grey(evaluator: Evaluator) -> Section:
    found = evaluator.losses_in_grey()
    text = (
        "Pictures and paintings without their colours: what is then told apart is how they are painted. Painted from "
        "the photos as they are.\n\n"
    )
    return Section("In grey", text + report.grey_table(found), report.grey_goals(found))


def _in_grey(rgb: Tensor) -> Tensor:
    return brightness(rgb).expand_as(rgb)


def _blends(evaluator: Evaluator) -> Section:
    pairs = some_pairs(len(evaluator.styles), PAIRS)
    photos = evaluator.photos[:BLENDED]
    progress = _progress(len(pairs), "blends")
    found = measure_blends(
        evaluator.stylizer, evaluator.source.styles.vectors, evaluator.objective, photos, pairs, progress=progress
    )
    text = (
        f"{len(photos)} photos in every blend. Spearman's coefficient is 1 where, at every step, the style loss to the "
        "one style falls and that to the other rises. An artefact below its threshold is not seen, and counts as at "
        "the threshold.\n\n"
    )
    return Section("Blends", text + report.blending_table(found, evaluator.styles), report.blending_goals(found))


def _artefacts(evaluator: Evaluator) -> Section:
    """The artefacts of the photos, of the network's pictures, and of those of networks broken on purpose."""
    styles = range(len(evaluator.styles))
    photos, probes = torch.stack(evaluator.photos), artefacts.flat_probes(evaluator.photos[0].shape[-1])
    untouched = artefacts.measure(photos)
    found = _by_style(evaluator.paint, styles, photos, probes)
    rows = []
    for name, spoil in BROKEN.items():
        broken = _painting_with(spoil(evaluator.source.network), evaluator)
        fired = _by_style(broken, evaluator.examples, photos[:EXAMPLES], probes)[name]
        rows.append(report.Artefact(name, untouched.get(name), found[name], fired))
    text = (
        "Each detector on the untouched photos, on the pictures painted from them in every style, and on those of the "
        "same network broken on purpose (`model/evaluation/sabotage.py`); flat noise in pictures painted from grey and "
        "gradients. Of each style the median of its pictures counts.\n\n"
    )
    return Section("Artefacts", text + report.artefacts_table(rows, evaluator.styles))


def _painting_with(network: StyleNetwork, evaluator: Evaluator) -> Paint:
    """Painting with a network as it is, in float32: the stylizer's own rearrangement would mend what was broken."""
    device = evaluator.stylizer.device
    network, vectors = network.to(device), evaluator.source.styles.vectors.to(device)

    @torch.inference_mode()
    def paint(photo: Tensor, row: int) -> Tensor:
        painted: Tensor = network(photo[None].to(device), vectors[row : row + 1])
        return painted[0].cpu()

    return paint


def _by_style(paint: Paint, rows: Sequence[int], photos: Tensor, probes: Tensor) -> dict[str, Tensor]:
    """Every artefact in some styles, the median of the pictures painted in each: {name: (N,)}."""
    found: dict[str, list[Tensor]] = {}
    for row in rows:
        painted = torch.stack([paint(photo, row) for photo in photos])
        for name, values in artefacts.measure(painted).items():
            found.setdefault(name, []).append(values.median())
        flat = artefacts.flat_noise(torch.stack([paint(probe, row) for probe in probes]))
        found.setdefault("flat_noise", []).append(flat.median())
    return {name: torch.stack(values) for name, values in found.items()}


def _trade_off(evaluator: Evaluator) -> Section:
    """C and D of mixtures of photo and painting."""
    photos = evaluator.photos[:MIXED]
    found = {}
    for strength in STRENGTHS:

        def paint(photo: Tensor, row: int, strength: float = strength) -> Tensor:
            return torch.lerp(photo, evaluator.paint(photo, row), strength)

        progress = _progress(len(photos), f"strength {strength:g}")
        found[f"{strength:g}"] = measure(paint, evaluator.styles, evaluator.objective, photos, progress=progress)
    text = (
        f"What `strength` buys, on {len(photos)} photos: a mixture of both pictures' pixels keeps more "
        "of the photo (C) and is farther from the painting (D).\n\n"
    )
    return Section("Painting against photo", text + report.summary_table(found))


def _scale(evaluator: Evaluator, large: Sequence[Tensor], pictures: Path) -> Section:
    """How alike a photo looks that is painted at several sizes."""
    side, vectors = evaluator.stylizer.strokes.canonical, evaluator.source.styles.vectors
    photos = [center_crop(photo, side) for photo in large[:SCALED]]
    found, periods = {}, []
    for size in (side, *(times * side for times in LARGER)):
        name = f"{size} pixels"
        paint = painted_larger(evaluator.stylizer, vectors, size)
        progress = _progress(len(photos), f"scale at {size}")
        found[name] = measure(paint, evaluator.styles, evaluator.objective, photos, progress=progress)
        period = stroke_period(evaluator.stylizer, vectors[[*evaluator.examples]], photos, side=size)
        periods.append((name, "–" if math.isnan(period) else f"{period:.2%}"))
    text = (
        f"{len(photos)} photos of {side} × {side} pixels, enlarged, painted with a stroke of 1, and reduced to {side} "
        f"pixels again, where they are compared with what is painted at {side} pixels:\n\n"
        f"{report.scale_table(found)}\n\n"
        "How far apart the strongest strokes are, as a share of the picture's side, before it is reduced; in "
        f"{EXAMPLES} styles:\n\n"
        f"{report.table(('painted at', 'strokes apart'), periods)}\n\n"
    )
    return Section("Scale", text + _sheets(evaluator, large[0], pictures), report.scale_goals(found))


def _sheets(evaluator: Evaluator, photo: Tensor, pictures: Path) -> str:
    """One photo at several sizes, whole and pixel by pixel, and the text around the two sheets."""
    sizes = [size for size in SEEN if _reaches(photo, size)]
    ways: list[tuple[int, Stroke, str]] = [(size, 1.0, "stroke 1") for size in sizes]
    ways.append((sizes[-1], NATIVE, "one pass"))
    whole, middle = [], []
    for row in evaluator.examples:
        for size, stroke, how in ways:
            painted = evaluator.stylize(center_crop(photo, size), row, stroke)
            whole.append((f"{size} pixels, {how}", resize(painted, CELL)))
            start = (size - CELL) // 2
            middle.append((f"middle of {size}, {how}", painted[:, start : start + CELL, start : start + CELL]))
    for name, cells in (("scale", whole), ("scale-middle", middle)):
        contact_sheet(cells, columns=len(ways)).save(pictures / f"{name}.jpg", quality=80)
    return (
        f"One photo painted at several sizes with a stroke of 1, and in a single pass at {sizes[-1]} pixels, then made "
        "equally large. With a stroke of 1 it looks the same at every size; a single pass has strokes of one size in "
        "pixels, so that a large photo gets many small ones:\n\n"
        f"![{EXAMPLES} styles at {len(sizes)} sizes, and in one pass]({PICTURES}/scale.jpg)\n\n"
        "The middle of the same pictures, pixel by pixel: strokes grow with the picture, but for those of the single "
        "pass:\n\n"
        f"![the same, pixel by pixel]({PICTURES}/scale-middle.jpg)"
    )


def _peer(
    evaluator: Evaluator, own: Evaluation, peer: ArbitraryStyle, large: Sequence[Tensor], pictures: Path
) -> Section:
    progress = _progress(len(evaluator.photos), "peer")
    found = measure(peer.paint, evaluator.styles, evaluator.objective, evaluator.photos, progress=progress)
    cells: list[tuple[str, Tensor]] = []
    shown = large[:SHOWN]
    for row, style in enumerate(evaluator.source.styles.styles):
        photo = center_crop(shown[row % len(shown)], 2 * CELL)
        sides = [center_crop(evaluator.paintings[row], CELL)]
        sides += [resize(each, CELL) for each in (evaluator.paint(photo, row), peer.paint(photo, row))]
        cells += zip((style.title, "Impasto", "peer"), sides, strict=True)
    contact_sheet(cells, columns=9).save(pictures / "peer.jpg", quality=75)
    text = (
        f"{peer.name}, on the same photos and paintings.\n\n"
        f"{report.summary_table({'Impasto': own, 'peer': found})}\n\n"
        f"Painted at {2 * CELL} pixels: the painting, Impasto, the peer.\n\n"
        f"![each painting, Impasto's picture and the peer's]({PICTURES}/peer.jpg)"
    )
    return Section("A peer", text, report.peer_goals(own, found))


def _objective(source: Checkpoint, paintings: Sequence[Tensor], styles: Sequence[str]) -> Objective:
    return Objective.of_styles(source.training.objective, dict(zip(styles, paintings, strict=True)))


def _painted(source: Checkpoint, stylizer: Stylizer, photo: Tensor, row: int) -> Tensor:
    return stylizer.paint(photo[None], source.styles.vectors[row][None])[0]


def _reaches(photo: Tensor, size: int) -> bool:
    """Whether a photo is large enough to be painted at a size."""
    return min(photo.shape[1:]) * ENLARGED >= size


def _progress(count: int, what: str) -> Iterable[int]:
    return tqdm(range(count), desc=what, disable=None)
