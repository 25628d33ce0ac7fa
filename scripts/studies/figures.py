"""Which network the documents' figures and pictures are of: `make check` fails where it is not the shipped one.

    python -m impasto.scripts.studies.figures                                    # check
    python -m impasto.scripts.studies.figures docs/images/gallery.jpg            # note that these are the shipped one's
    python -m impasto.scripts.studies.figures --no-network docs/images/sound.jpg # or that no network has made them

Figures stand in a document between two comments, by which `make ship` finds them again:

    <!-- figures: student, network `eab7069f2e67706b` -->
    | style | C | …
    <!-- end of figures -->

Whatever else a document says of "network `…`" is checked as well. Pictures are listed in docs/images/networks.json,
each with its network, or none, and its SHA-256, so that one that is new or was made anew is to be noted.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.errors import InvalidValue
from impasto.model.files import write_whole
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED

NAMED = re.compile(r"network `([0-9a-f]{16})`")
FIGURES = r"(<!-- figures: {name}, network `)[0-9a-f]{{16}}(` -->\n).*?(<!-- end of figures -->)"
PICTURES = Path("images")
"""In the folder of the documents."""
LIST = PICTURES / "networks.json"
KINDS = {".jpg", ".png", ".webp"}


@dataclass(frozen=True)
class Arguments:
    pictures: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Pictures that the shipped network has made. Default: none, all are checked."""
    no_network: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    """Note of these pictures that no network has made them."""
    documents: Path = Path("docs")
    """Folder of the documents."""
    checkpoint: Path = SHIPPED
    """The shipped network."""


class Figures:
    """The documents of a folder, README.md beside it, and their pictures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        listed = folder / LIST
        self._pictures: dict[str, list[str | None]] = json.loads(listed.read_text("utf-8")) if listed.exists() else {}

    @property
    def documents(self) -> list[Path]:
        return [*sorted(self._folder.rglob("*.md")), self._folder.parent / "README.md"]

    def put(self, name: str, network: str, text: str) -> list[Path]:
        """Put figures of a network where those of that name stand; the documents that have them."""
        changed = []
        for document in self.documents:
            before = document.read_text("utf-8")
            after, count = re.subn(
                FIGURES.format(name=re.escape(name)),
                lambda found: f"{found[1]}{network}{found[2]}{text.strip()}\n{found[3]}",
                before,
                flags=re.DOTALL,
            )
            if count:
                write_whole(document, after.encode())
                changed.append(document)
        return changed

    def note(self, picture: Path, network: str | None) -> None:
        """Note which network, if any, has made a picture in the folder of pictures. Raises InvalidValue."""
        folder = (self._folder / PICTURES).resolve()
        if not picture.resolve().is_relative_to(folder):
            raise InvalidValue(f"{picture} is not in {folder}")
        self._pictures[picture.resolve().relative_to(folder).as_posix()] = [network, _digest(picture)]
        write_whole(self._folder / LIST, (json.dumps(self._pictures, indent=1, sort_keys=True) + "\n").encode())

    def faults(self, network: str) -> Iterator[str]:
        """What is not of a network."""
        root = self._folder.parent
        for document in self.documents:
            for line, text in enumerate(document.read_text("utf-8").splitlines(), start=1):
                for other in set(NAMED.findall(text)) - {network}:
                    yield f"{document.relative_to(root)}:{line}: of network {other}, not of {network}, which is shipped"
        for picture in sorted(file for file in (self._folder / PICTURES).rglob("*.*") if file.suffix in KINDS):
            name = picture.relative_to(self._folder / PICTURES).as_posix()
            where = picture.relative_to(root)
            other, digest = self._pictures.get(name, (None, None))
            if digest is None:
                yield f"{where}: nobody has noted by which network, if any"
            elif other not in (network, None):
                yield f"{where}: by network {other}, not by {network}, which is shipped"
            elif _digest(picture) != digest:
                yield f"{where}: not the picture that was noted; note it once it is by the shipped network"


def main(arguments: Arguments) -> int:
    """The exit status."""
    figures, network = Figures(arguments.documents), checkpoint.load(arguments.checkpoint).network_id
    for picture in arguments.pictures:
        figures.note(picture, None if arguments.no_network else network)
    faults = [*figures.faults(network)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
