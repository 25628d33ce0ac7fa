"""List, show, preview, export, import, remove and migrate styles.

    impasto styles list
    impasto styles export klimt-the-kiss -o the-kiss.safetensors
    impasto styles import my-style.safetensors
    impasto styles migrate former-network.safetensors

They are those that the service paints: of its network, IMPASTO_CHECKPOINT, and of its database. With --checkpoint FILE
they are those of that file alone, and what is imported or removed changes the file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from impasto.scripts.shelf import Shelf


@dataclass(frozen=True, kw_only=True)
class Command:
    checkpoint: Path | None = None
    """Network and styles. Default: those of the service."""


@dataclass(frozen=True)
class List(Command):
    """List all styles: id, title, artist, year."""

    def run(self, shelf: Shelf) -> None:
        styles = shelf.source.styles.styles
        width = max(len(style.id) for style in styles)
        for style in styles:
            print(f"{style.id:{width}}  {', '.join(filter(None, (style.title, style.artist, style.year)))}")


@dataclass(frozen=True)
class Show(Command):
    """Show what is known of a style."""

    id: tyro.conf.Positional[str]
    """The style."""

    def run(self, shelf: Shelf) -> None:
        for name, value in {**asdict(shelf.source.styles[self.id]), **shelf.losses(self.id)}.items():
            print(f"{name:15} {value}")


@dataclass(frozen=True)
class Preview(Command):
    """Write a picture of a cat painted in a style."""

    id: tyro.conf.Positional[str]
    """The style."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The JPEG to write, - for standard output. Default: the id, as .jpg."""

    def run(self, shelf: Shelf) -> None:
        from impasto.scripts.pictures import put

        put(shelf.preview(self.id), self.output or Path(f"{self.id}.jpg"))


@dataclass(frozen=True)
class Export(Command):
    """Write a style as a style pack, which any service and checkpoint with the same network takes."""

    id: tyro.conf.Positional[str]
    """The style."""
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None
    """The file to write, - for standard output. Default: the id, as .safetensors."""

    def run(self, shelf: Shelf) -> None:
        from impasto.scripts.pictures import put

        put(shelf.pack(self.id).to_bytes(), self.output or Path(f"{self.id}.safetensors"))


@dataclass(frozen=True)
class Import(Command):
    """Add styles from style packs."""

    packs: tyro.conf.Positional[tuple[Path, ...]]
    """Style packs, as `impasto fit` and `impasto styles export` write them."""

    def run(self, shelf: Shelf) -> None:
        for path in self.packs:
            print(shelf.add(path.read_bytes()))


@dataclass(frozen=True)
class Remove(Command):
    """Remove styles. Those of the service's own network cannot be."""

    ids: tyro.conf.Positional[tuple[str, ...]]
    """The styles."""

    def run(self, shelf: Shelf) -> None:
        for style_id in self.ids:
            shelf.remove(style_id)


@dataclass(frozen=True)
class Migrate(Command):
    """Bring styles that were added to a former network to the one that has replaced it."""

    former: tyro.conf.Positional[Path]
    """The former network's checkpoint."""
    packs: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Style packs of it. Default: all that were added to it, in the service's database; or, with --checkpoint, all that
    its file has and this one has not."""
    paintings: Path | None = None
    """Folder with their paintings, named as their ids: what is there is fitted to its painting, and the others to
    pictures that the former network paints."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""

    def run(self, shelf: Shelf) -> None:
        from impasto.scripts.migrating import migrate

        migrate(self, shelf)


Arguments = List | Show | Preview | Export | Import | Remove | Migrate


def run(arguments: Arguments) -> None:
    from impasto.scripts.shelf import open_shelf

    with open_shelf(arguments.checkpoint) as shelf:
        arguments.run(shelf)
