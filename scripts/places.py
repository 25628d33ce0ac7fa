"""Where pictures lie, and where they go: folders of this machine, and those of object stores by fsspec's URLs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fsspec.core import url_to_fs

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.files import write_whole
from impasto.model.pictures.formats import SUFFIXES
from impasto.model.pictures.images import NoImages


class StoreError(ImpastoError):
    """What an object store says of something that cannot be had or written."""


@dataclass(frozen=True)
class Place:
    """A folder, and those below it. Whoever reads a file sees all of it: it is written so here, and stores put it so.

    name: as it is called. root: where it is, absolute. store: of which of fsspec's file systems; None: this machine's.
    """

    name: str
    root: str
    store: Any = None

    @classmethod
    def of(cls, name: str) -> Place:
        """A folder's path, or a URL. Raises InvalidValue, naming the package that the store needs."""
        scheme, there, path = name.partition("://")
        if not there or scheme in ("file", "local"):
            return cls(name, str(Path(path or name).resolve()))
        try:
            store, root = url_to_fs(name)
        except (ImportError, ValueError) as error:
            raise InvalidValue(f"{name}: {error}") from error
        return cls(name, root.rstrip("/"), store)

    def __str__(self) -> str:
        return self.name

    def files(self) -> dict[str, int]:
        """All files, relative, and how many bytes each has; links are followed. None where there is no folder.

        Raises OSError, StoreError.
        """
        if self.store is None:
            folders = os.walk(self.root, followlinks=True, onerror=_unless_missing)
            paths = (Path(folder, name) for folder, _, names in folders for name in names)
            return {path.relative_to(self.root).as_posix(): _size(path) for path in paths}
        with self._asked():
            try:
                found = self.store.find(self.root, detail=True)
            except FileNotFoundError:
                return {}
        return {name.removeprefix(f"{self.root}/"): about["size"] for name, about in found.items()}

    def pictures(self) -> list[str]:
        """The pictures among them, by their suffixes, sorted. Raises OSError, NoImages, StoreError."""
        if self.store is None and not Path(self.root).is_dir():
            raise FileNotFoundError(f"there is no folder {self}")
        files = map(PurePosixPath, self.files())
        pictures = [path for path in files if path.suffix.lower() in SUFFIXES]
        seen = sorted(str(path) for path in pictures if not any(part.startswith(".") for part in path.parts))
        if not seen:
            raise NoImages(f"there is no picture in {self} or below it (looked for {', '.join(sorted(SUFFIXES))})")
        return seen

    def has(self, file: str) -> bool:
        """Raises StoreError."""
        if self.store is None:
            return Path(self.root, file).exists()
        with self._asked():
            return bool(self.store.exists(f"{self.root}/{file}"))

    def read(self, file: str) -> bytes:
        """Raises OSError, StoreError."""
        if self.store is None:
            return Path(self.root, file).read_bytes()
        with self._asked():
            data: bytes = self.store.cat_file(f"{self.root}/{file}")
        return data

    def write(self, file: str, data: bytes) -> None:
        """A file, whole or not at all. Raises OSError, StoreError."""
        if self.store is None:
            path = Path(self.root, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
            return
        with self._asked():
            self.store.pipe_file(f"{self.root}/{file}", data)

    @contextmanager
    def _asked(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each store's package has errors of its own
            raise StoreError(f"{self}: {str(error) or type(error).__name__}") from error


def _unless_missing(error: OSError) -> None:
    """A folder that cannot be looked into would else pass for an empty one."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # a link to nothing, which whoever reads it is told
        return 0


def check_apart(source: Place, output: Place) -> None:
    """Raises InvalidValue where one is within the other, and results would be taken for pictures or replace them."""
    one, other = PurePosixPath(source.root), PurePosixPath(output.root)
    if source.store == output.store and (one.is_relative_to(other) or other.is_relative_to(one)):
        raise InvalidValue(
            f"{output} would hold the pictures of {source} and what is made of them alike; choose a folder beside it"
        )


def keep_choices(output: Place, file: str, chosen: dict[str, Any], *, overwrite: bool) -> None:
    """Write down what pictures are made with. Raises InvalidValue where there are some that were made otherwise."""
    if not overwrite and output.has(file):
        try:
            before = json.loads(output.read(file))
        except ValueError:
            before = {}
        if other := sorted(name for name in chosen | before if before.get(name) != chosen.get(name)):
            raise InvalidValue(
                f"{output} has pictures that were made with other {', '.join(other)}; choose another folder, or "
                "--overwrite"
            )
    output.write(file, json.dumps(chosen, indent=1).encode())
