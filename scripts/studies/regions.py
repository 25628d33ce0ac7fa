"""The seam between two styles in one picture, and the pictures of docs/regions.md.

    python -m impasto.scripts.studies.regions --content photos/          # the table, on standard output
    python -m impasto.scripts.studies.regions --portrait eileen.png --launch rocket.jpg --output docs/images

Photos are painted in one style on the left and in another on the right; the seam is compared with that of two finished
pictures that are put together, with a hard border and with one as soft as ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean

import tyro
from torch import Tensor

from impasto.app.painting.previews import PHOTO
from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.masks import Rectangle, stretched
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.region_recipe import drawn, looks
from impasto.model.painting.regions import Look, Region, Regions
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.picture import Picture, to_image
from impasto.model.pictures.resize import center_crop, fit

SIDE, LARGE = 512, 1024
"""Longest sides in pixels of what is measured, and of what is painted to be shown."""
SHOWN = 420, 380
"""Width and height in pixels of a picture on a sheet."""
SEAM = "van-gogh-starry-night", "picabia-udnie"
"""The styles whose border is shown."""
HARD, SOFT = "two paintings, hard border", "two paintings, soft border"
ONE, OWN = "one painting", "one painting, `statistics=region`"
NEAR = 8
"""Pixels on either side of a border in which a seam would be seen."""
RECIPES = Path("docs/recipes")


@dataclass(frozen=True)
class Arguments:
    content: Path | None = None
    """Folder of photos whose seams are measured."""
    photos: int = 10
    """How many of them."""
    portrait: Path | None = None
    """Eileen Collins, by NASA, as scikit-image has her."""
    launch: Path | None = None
    """A rocket, by NASA, as scikit-image has it."""
    output: Path = Path("docs/images")
    """Folder of the pictures, which are made of these two and the cat."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


def main(arguments: Arguments) -> None:
    study = Study(arguments)
    if arguments.content:
        files = images.files_in(arguments.content)
        chosen = files[:: max(1, len(files) // arguments.photos)][: arguments.photos]
        print(study.seams([images.decode(file.read_bytes(), longest_side=SIDE) for file in chosen]))
    if arguments.portrait and arguments.launch:
        study.show({"transition": PHOTO, "portrait": arguments.portrait, "launch": arguments.launch})


class Study:
    """A network, and what is measured and shown of it."""

    def __init__(self, arguments: Arguments) -> None:
        self.source = checkpoint.load(arguments.checkpoint)
        self.stylizer = Stylizer.of(self.source, device=arguments.device)
        self.output = arguments.output

    def seams(self, photos: Sequence[Picture]) -> str:
        """How much stronger a seam is than that of two pictures put together, over photos and pairs of styles."""
        vectors, found = self.source.styles.vectors, []
        for photo in photos:
            plain = [self.stylizer.stylize(photo, vector).rgb for vector in vectors]
            for left in range(len(vectors)):
                right = (left + len(vectors) // 2) % len(vectors)
                joined = self.joined(photo, vectors[left], vectors[right], plain[left], plain[right])
                found.append({way: across(rgb) for way, rgb in joined.items()})
        rows = []
        for way, other in ((ONE, HARD), (ONE, SOFT), (OWN, HARD)):
            ratios = [each[way] / each[other] for each in found]
            mean, worst, fine = geometric_mean(ratios), max(ratios), sum(ratio <= 1 for ratio in ratios) / len(ratios)
            rows.append((way, other, f"{mean:.2f}", f"{worst:.2f}", f"{fine:.0%}"))
        head = f"{len(photos)} photos of {SIDE} pixels, {len(vectors)} pairs of styles each.\n\n"
        return head + table(("gradient energy of", "against", "mean", "worst", "at most 1"), rows)

    def joined(
        self, photo: Picture, left: Tensor, right: Tensor, left_painted: Tensor, right_painted: Tensor
    ) -> dict[str, Tensor]:
        """A photo in one style (E,) on the left and in another on the right, in every way; painted: whole, in each."""
        width, height = photo.size
        half = Rectangle.model_validate({"from": [0, 0], "to": [0.5, 1]}).mask((height, width))
        one, own = (
            Regions((height, width), [Region(half, Look(left))], Look(right), by_region=by_region)
            for by_region in (False, True)
        )
        hard = stretched(half[None], (height, width)) / 255
        soft = stretched(one.shares((height, width))[:1], (height, width))
        return {
            HARD: right_painted.lerp(left_painted, hard),
            SOFT: right_painted.lerp(left_painted, soft),
            ONE: self.stylizer.stylize_regions(photo, one).rgb,
            OWN: self.stylizer.stylize_regions(photo, own).rgb,
        }

    def show(self, photos: dict[str, Path]) -> None:
        """The recipes' pictures, regions.jpg; the first by itself, transition.jpg; all ways to a border, seam.jpg."""
        before, after = [], []
        for name, path in photos.items():
            photo = images.decode(path.read_bytes(), longest_side=LARGE)
            painted = self.painted(photo, Recipe.read((RECIPES / f"{name}.json").read_bytes()))
            before.append(("", center_crop(photo.rgb, *SHOWN)))
            after.append((f"{name}.json", center_crop(painted.rgb, *SHOWN)))
            if name == "transition":
                to_image(painted.rgb).save(self.output / "transition.jpg", quality=88)
                vectors = [self.source.styles.blend({style: 1.0}) for style in SEAM]
                plain = [self.stylizer.stylize(photo, vector).rgb for vector in vectors]
                seams = [(way, fit(rgb, 640)) for way, rgb in self.joined(photo, *vectors, *plain).items()]
                contact_sheet(seams, columns=2).save(self.output / "seam.jpg", quality=88)
        contact_sheet([*before, *after], columns=len(photos)).save(self.output / "regions.jpg", quality=88)

    def painted(self, photo: Picture, recipe: Recipe) -> Picture:
        """A photo, painted by a recipe with regions."""
        styles, size = self.source.styles, (photo.size[1], photo.size[0])
        rest, own = Look.of(styles.blend(recipe.weights), recipe), looks(recipe.regions, styles, recipe)
        return self.stylizer.stylize_regions(photo, drawn(size, recipe.regions, own, rest, masks={}))


def across(rgb: Tensor) -> float:
    """Mean square of the difference between neighbours in a row, near the middle of a picture (3, H, W)."""
    middle = rgb.shape[2] // 2
    return float(rgb[:, :, middle - NEAR : middle + NEAR].diff(dim=2).square().mean())


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
