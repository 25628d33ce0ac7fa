"""What each kind of job is told, as it stands in the database until it is done."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol, get_args

from impasto.model.pictures.picture import Format
from impasto.model.styles.fit_record import Effort
from impasto.model.styles.style import Style

ExemplarKind = Literal["make_texture", "transfer_texture", "make_analogy"]
"""What is made of an exemplar's own pixels."""
Kind = Literal["fit_style", "optimize", "paint_video", ExemplarKind]
"""What a job does; the name of its workflow."""
FIT: Kind = "fit_style"
OPTIMIZE: Kind = "optimize"
PAINT_VIDEO: Kind = "paint_video"
EXEMPLAR_KINDS: tuple[ExemplarKind, ...] = get_args(ExemplarKind)
KINDS: tuple[Kind, ...] = get_args(Kind)

VideoFormat = Literal["mp4", "mov", "mkv", "webm", "gif", "webp", "png", "avif"]
"""The formats that painted films are written in, by the ends of their names."""


class JobRequest(Protocol):
    """What a job is told."""

    @property
    def kind(self) -> Kind:
        """What is to be done."""

    @property
    def style_id(self) -> str | None:
        """The style that it makes; two jobs that make the same cannot wait at once."""

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""


@dataclass(frozen=True)
class FitRequest:
    """The style to be, its painting as the file that was sent (`read_painting` reads it), and how well it is fitted."""

    style: Style
    painting: bytes
    fit: Effort = "full"
    kind: ClassVar[Kind] = FIT

    @property
    def style_id(self) -> str:
        return self.style.id

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        told = {"style": asdict(self.style), "painting": as_text(self.painting)}
        return told if self.fit == "full" else {**told, "fit": self.fit}  # full is not said, as older services did not

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> FitRequest:
        """The request back."""
        return cls(Style(**values["style"]), base64.b64decode(values["painting"]), values.get("fit", "full"))


@dataclass(frozen=True)
class OptimizationRequest:
    """A photo as a file of the size of the result, its paintings as the files that were sent, and their shares.

    options: values of a `TransferConfig` that differ from its defaults. format, quality: of the result.
    """

    photo: bytes
    paintings: tuple[bytes, ...]
    shares: tuple[float, ...]
    options: dict[str, Any]
    format: Format
    quality: int
    kind: ClassVar[Kind] = OPTIMIZE
    style_id: ClassVar[None] = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        files = {"photo": as_text(self.photo), "paintings": as_texts(self.paintings)}
        return {**asdict(self), **files}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> OptimizationRequest:
        """The request back."""
        photo, shares = base64.b64decode(values["photo"]), tuple(values["shares"])
        return cls(**{**values, "photo": photo, "paintings": from_texts(values["paintings"]), "shares": shares})


@dataclass(frozen=True)
class VideoRequest:
    """How a film is to be painted. It is not sent along: it lies where `VideoFiles` has it.

    film: its SHA-256. vectors: of the style, and of that to which it moves over the film, if it does; float32.
    look: strength, preserve_color and stroke as `Stylizer.stylize` takes them. flow: as `MotionConfig` has it.
    """

    film: str
    vectors: tuple[bytes, ...]
    look: dict[str, Any]
    flow: bool
    format: VideoFormat
    kind: ClassVar[Kind] = PAINT_VIDEO
    style_id: ClassVar[None] = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return {**asdict(self), "vectors": as_texts(self.vectors)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> VideoRequest:
        """The request back."""
        return cls(**{**values, "vectors": from_texts(values["vectors"])})


@dataclass(frozen=True)
class ExemplarRequest:
    """Pictures as files of the sizes that they are used in, and what is made of them.

    pictures: of a texture its exemplar; of a transfer the photo and the texture; of an analogy A, A′ and B.
    options: what `plan_of` (`exemplars.py`) makes a plan of. format, quality: of the result.
    """

    kind: ExemplarKind
    pictures: tuple[bytes, ...]
    options: dict[str, Any]
    format: Format
    quality: int
    style_id: ClassVar[None] = None

    def to_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return {**asdict(self), "pictures": as_texts(self.pictures)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ExemplarRequest:
        """The request back."""
        return cls(**{**values, "pictures": from_texts(values["pictures"])})


def as_text(data: bytes) -> str:
    """Bytes as they stand in JSON."""
    return base64.b64encode(data).decode()


def as_texts(files: Iterable[bytes]) -> list[str]:
    """Several of them."""
    return [as_text(file) for file in files]


def from_texts(texts: Iterable[str]) -> tuple[bytes, ...]:
    """What `as_texts` made texts of."""
    return tuple(base64.b64decode(text) for text in texts)
