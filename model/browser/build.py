"""The CPU's kernels for browsers: those of `impasto.model.network.kernels`, compiled to WebAssembly.

threads.cpp is their OpenMP. The page calls them (app/web/engine).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from impasto.model.native.building import HEADERS, KernelsUnavailable, run_compiler
from impasto.model.network import kernels

HERE = Path(__file__).parent
SOURCES = [*kernels.SOURCES, HERE / "threads.cpp"]
CALLED = [
    "paint", "resample_rows", "resample_columns", "add", "malloc", "free", "set_threads", "work", "__stack_pointer",
]  # fmt: skip
"""What the page calls."""
MOST_MEMORY, STACK = 2**32 - 2**16, 2**20
FLAGS = [
    *("-target", "wasm32-wasi", "-mcpu=generic+simd128+atomics+bulk_memory", "-mexec-model=reactor"),
    *("-std=c++17", "-O2", "-g0", "-fopenmp", "-fno-exceptions", "-fno-rtti", "-fno-math-errno", "-fno-trapping-math"),
    *("-Wl,--shared-memory", "-Wl,--import-memory", f"-Wl,--max-memory={MOST_MEMORY}", f"-Wl,-z,stack-size={STACK}"),
    *("-Wl,--strip-all", *(f"-Wl,--export={name}" for name in CALLED)),
]
LONGEST_BUILD = 600
"""Seconds; the first time a C++ library is built too."""


def build(channels: Iterable[int], file: Path) -> None:
    """Kernels for networks of these numbers of channels, a WebAssembly module.

    Raises KernelsUnavailable, OSError.
    """
    if find_spec("ziglang") is None:
        raise KernelsUnavailable("there is no compiler to WebAssembly; pip install ziglang")
    includes = [f"-I{folder}" for folder in (HERE, HEADERS[0].parent)]
    command = [sys.executable, "-m", "ziglang", "c++", *FLAGS, *kernels.definitions(channels), *includes]
    fresh = file.with_suffix(".new")
    run_compiler("ziglang", [*command, *map(str, SOURCES), "-o", str(fresh)], LONGEST_BUILD)
    fresh.replace(file)
