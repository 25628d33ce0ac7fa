"""What photos are painted with, as `impasto paint` and `impasto bulk` are told it: a network, and what of it."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.painting.likeness import likenesses, match, with_palettes
from impasto.model.painting.recipe import Recipe
from impasto.model.painting.region_recipe import check_length, drawn, looks
from impasto.model.painting.regions import Look
from impasto.model.painting.tiles import Progress
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format, Picture
from impasto.model.styles.guest import PAINTING, is_invited, letters, to_text, welcome
from impasto.model.styles.shares import parse_shares
from impasto.scripts.guests import predicted
from impasto.scripts.loading import load
from impasto.scripts.paint import Wanted
from impasto.scripts.regions import from_recipe, parse_regions, read_masks, read_reference


def check(wanted: Wanted, **others: bool) -> None:
    """Raises InvalidValue for choices that do not go together. others: further ones that say what is painted."""
    painted = wanted.style or wanted.painting is not None or (wanted.region and not wanted.like)
    if sum(map(bool, (painted, wanted.like, wanted.recipe, *others.values()))) != 1:
        more = "".join(f"or --{name}; " for name in others)
        raise InvalidValue(
            f"give --style, --painting or --region, or several of them; or --recipe; {more}or --like, perhaps with "
            "--region"
        )
    if wanted.like and not wanted.photorealistic:
        raise InvalidValue("--like takes colours and light only; say so with --photorealistic")
    if wanted.like and (wanted.small or wanted.stroke != 1 or wanted.statistics != "picture"):
        raise InvalidValue(
            "--like: no network paints and there are no strokes; leave --small, --stroke, --statistics out"
        )
    if not 1 <= wanted.quality <= 100:
        raise InvalidValue(f"--quality is between 1 and 100, not {wanted.quality}")


class Easel:
    """A network, and the blend, the palette or the regions to paint in.

    wanted: as it was asked for, with what its recipe says and its painting is like. styles: all that the network has.
    regions: of each picture.
    vector: of the blend, or the palette; None: what no region covers stays the photo.
    Raises FileNotFoundError, CheckpointError, DeviceUnavailable, UnknownStyle, InvalidValue.
    """

    def __init__(self, wanted: Wanted) -> None:
        both, self.stylizer = load(wanted.checkpoint, device=wanted.device, precision=wanted.precision)
        if wanted.recipe:
            wanted = from_recipe(wanted.recipe, wanted, both)
        source = both.of("small" if wanted.small else "large")
        self._network_id = source.network_id
        self.styles = source.styles
        self.regions = parse_regions(wanted.region)
        self._masks = read_masks(self.regions)
        self._like: Tensor | None = None
        self._guest: str | None = None
        if wanted.like:
            reference = read_reference(wanted.like)
            self._like = reference.palette
            self._looks = likenesses(self.regions, reference, wanted, self._masks)
            self.regions = with_palettes(self.regions, self._looks)
        styles = source.styles
        if wanted.painting is not None:
            check_length(self.regions, letters(source.network.style_size))
            vector = predicted(wanted.painting, wanted, both)
            styles, self._guest = welcome(styles, vector), to_text(vector)
            wanted = replace(wanted, painting=self._guest)
            if not is_invited([parse_shares(wanted.style), *(each.weights for each in self.regions)]):
                wanted = replace(wanted, style=(*wanted.style, PAINTING))
        if not wanted.like:
            self._looks = looks(self.regions, styles, wanted)
        self._weights = parse_shares(wanted.style) if wanted.style else {}
        self.vector = styles.blend(self._weights) if self._weights else self._like
        self.wanted = wanted

    def decode(self, data: bytes) -> Picture:
        """A photo from a file, as large as its painting is to be. Raises ImageError."""
        return images.decode(data, longest_side=self.wanted.size)

    def painted(self, photo: Picture, vector: Tensor | None, progress: Progress | None = None) -> Picture:
        """vector: the easel's, or that of another style. Raises TooSmall, OutOfMemory."""
        wanted = self.wanted
        if self.regions or vector is None:
            size, rest = (photo.size[1], photo.size[0]), None if vector is None else Look.of(vector, wanted)
            regions = drawn(size, self.regions, self._looks, rest, masks=self._masks, statistics=wanted.statistics)
            if self._like is not None:
                return match(photo, regions)
            return self.stylizer.stylize_regions(
                photo, regions, photorealistic=wanted.photorealistic, progress=progress
            )
        if self._like is not None:
            return match(photo, Look.of(vector, wanted))
        return self.stylizer.stylize(
            photo,
            vector,
            strength=wanted.strength,
            preserve_color=wanted.preserve_color,
            stroke=wanted.stroke,
            photorealistic=wanted.photorealistic,
            progress=progress,
        )

    def encode(self, painting: Picture, written: Format) -> bytes:
        """A file, with the recipe in it unless none is wanted. Raises UnsupportedFormat."""
        recipe = None if self.wanted.no_recipe else self.recipe(max(painting.size))
        return images.encode(painting, written, quality=self.wanted.quality, description=recipe)

    def recipe(self, size: int | None) -> str:
        """Of a painting with a longest side of so many pixels, or of all, as JSON."""
        recipe = Recipe(
            weights=self._weights,
            network_id=self._network_id if self._like is None else None,
            network="small" if self.wanted.small and self._like is None else None,
            size=size,
            strength=self.wanted.strength,
            preserve_color=self.wanted.preserve_color,
            stroke=self.wanted.stroke,
            photorealistic=self.wanted.photorealistic,
            like=None if self._like is None else tuple(self._like.tolist()),
            painting=self._guest,
            statistics=self.wanted.statistics,
            regions=self.regions,
        )
        return recipe.to_text(self._masks)
