"""What the commands share that make pictures: reading and writing."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from impasto.app.settings import read_settings
from impasto.model.errors import InvalidValue
from impasto.model.files import write_whole
from impasto.model.perception.loss_network import load_weights
from impasto.model.pictures import images
from impasto.model.pictures.picture import Format, Picture, to_pixels, to_rgb
from impasto.model.pictures.planes import resample

FORMATS: dict[str, Format] = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp"}
STREAM = Path("-")
"""Standard input, or standard output."""


def read(path: Path, *, at_most: int | None = None) -> Picture:
    """A picture from a file, with a longer side of at most so many pixels. Raises ImageError, OSError."""
    return images.decode(path.read_bytes(), at_most=at_most)


def kept_weights(network: str, layers: Iterable[str]) -> dict[str, Tensor] | None:
    """The loss network, as the settings and `load_weights` find it, if it is the one that `impasto fetch` keeps.

    layers: names, perhaps with weights, "relu4_2=0.7". Raises LossNetworkMissing, InvalidSettings.
    """
    if network != "vgg16":
        return None
    return load_weights(read_settings().loss_network_file, layers=[layer.partition("=")[0] for layer in layers])


def repainted(photo: Picture, rgb: Tensor) -> Picture:
    """A photo in other colours (3, H, W), perhaps of another size."""
    alpha = photo.alpha
    if alpha is not None:
        alpha = to_pixels(resample(to_rgb(alpha[..., None])[None], (rgb.shape[1], rgb.shape[2]))[0])[..., 0]
    return replace(photo, pixels=to_pixels(rgb), alpha=alpha)


def stem_and_suffix(picture: str) -> tuple[str, str]:
    """Of what is made of a picture: its own, or, of one in a format that is not written, its whole name and .png."""
    stem, dot, suffix = picture.rpartition(".")
    return (stem, dot + suffix) if f".{suffix.lower()}" in FORMATS else (picture, ".png")


def check_target(path: Path, formats: Iterable[str] = FORMATS, *, what: str = "pictures") -> None:
    """Make the folder of a file to be written. Raises InvalidValue for what cannot be one."""
    if path.suffix.lower() not in formats:
        raise InvalidValue(f"{path}: {what} are written as {', '.join(formats)}")
    if path.is_dir():
        raise InvalidValue(f"{path} is a folder; name a file")
    path.parent.mkdir(parents=True, exist_ok=True)


def write(picture: Picture, path: Path) -> None:
    """Write a picture in the format that the file's name says."""
    put(images.encode(picture, FORMATS[path.suffix.lower()], quality=92), path)


def put(data: bytes, path: Path) -> None:
    """Write a file, whole or not at all, or to standard output."""
    if path == STREAM:
        sys.stdout.buffer.write(data)
        return
    write_whole(path, data)
