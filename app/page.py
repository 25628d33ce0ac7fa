"""The page, as the browser runs it, and what it paints with on a visitor's own device."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

WEB = Path(__file__).with_name("web")
RUNTIME = "onnxruntime-web"
"""A folder of the page with a folder for its version, which `make device` fetches."""
BROWSER_KERNELS = Path("engine", "kernels.wasm")
"""A file of the page, which `make device` builds."""


@dataclass(frozen=True)
class PageFiles:
    """What is known of the page's files.

    version: another when one of them is. runtime: the version of ONNX Runtime Web among them; None where `make device`
        has not run, or not since the page has kernels of its own.
    """

    version: str
    runtime: str | None

    @classmethod
    def read(cls, folder: Path = WEB) -> Self:
        """From a folder."""
        digest = hashlib.sha256()
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and RUNTIME not in path.parts):
            digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        runtimes = sorted(folder.glob(f"{RUNTIME}/*")) if (folder / BROWSER_KERNELS).is_file() else []
        return cls(digest.hexdigest()[:16], next((path.name for path in runtimes), None))
