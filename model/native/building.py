"""What is written in C++, built for this machine and loaded."""

from __future__ import annotations

import ctypes
import logging
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import platformdirs

from impasto.model.native.processor import vector_units

HEADERS = [Path(__file__).with_name(name) for name in ("vectors.h", "units.h", "moments.h", "winograd.h")]
"""For any source: a machine's vectors and units for matrices, what is measured, and Winograd's algorithm."""
BUILT = Path(__file__).with_name("built")
"""Kernels that came with the installation, for machines without a compiler: an image has some."""
AVX512 = ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mf16c", "-mprefer-vector-width=512"]
AVX2 = ["-mavx2", "-mfma", "-mf16c"]
VECTORS = {
    "AVX512_AMX": [*AVX512, "-mavx512vnni", "-mavx512bf16", "-mamx-tile", "-mamx-bf16"],
    "AVX512_VNNI": [*AVX512, "-mavx512vnni"],
    "AVX512": AVX512,
    "AVX2_VNNI": [*AVX2, "-mavxvnni"],
    "AVX2": AVX2,
}
"""A CPU's `vector_units` -> the compiler's flags. For others it decides itself."""
LESSER = {"AVX512_AMX": "AVX512_VNNI"}
"""Of a CPU's units that compilers may not know -> those that every one does, without."""
LANES = 16
"""Numbers in the longest vector of any."""
FLAGS = ["-std=c++17", "-O2", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-shared", "-fPIC"]
LONGEST_BUILD = 60
"""Seconds; it takes a few."""
DIGEST = sha256().digest_size

log = logging.getLogger(__name__)


class KernelsUnavailable(RuntimeError):
    """The kernels cannot be built or loaded here; the message says why and what to do."""


class CompilerFailed(KernelsUnavailable):
    """A compiler has refused what it was given."""


def default_cache() -> Path:
    """Where libraries are kept."""
    return platformdirs.user_cache_path("impasto")


def build_all(sources: Sequence[Path], definitions: Sequence[str] = (), folder: Path = BUILT) -> list[Path]:
    """A library for every instruction set of this kind of processor. Raises KernelsUnavailable, OSError."""
    capabilities = [*VECTORS, "DEFAULT"] if platform.machine() == "x86_64" else ["DEFAULT"]
    libraries = []
    for capability in capabilities:
        flags = _flags(capability, definitions)
        libraries.append(folder / _name(sources, flags))
        _build(libraries[-1], sources, flags)
    return libraries


def _flags(capability: str, definitions: Sequence[str]) -> list[str]:
    """What the compiler is told. capability: a CPU's `vector_units`."""
    return [*FLAGS, *VECTORS.get(capability, []), *definitions]


def _name(sources: Sequence[Path], flags: Sequence[str]) -> str:
    content = b"".join(source.read_bytes() for source in (*HEADERS, *sources))
    key = sha256(content + " ".join(flags).encode()).hexdigest()[:16]
    return f"kernels-{key}.so"


def load(
    sources: Sequence[Path], definitions: Sequence[str] = (), *, built: Path = BUILT, cache: Path | None = None
) -> ctypes.CDLL:
    """The library of some sources for this kind of machine, built anew where it cannot be loaded.

    A compiler that knows no units for matrices (GCC before 11) builds one without.
    Raises KernelsUnavailable.
    """
    folders, units = (built, cache or default_cache()), vector_units()
    try:
        return _load(sources, _flags(units, definitions), folders)
    except CompilerFailed:
        if units not in LESSER:
            raise
        return _load(sources, _flags(LESSER[units], definitions), folders)


def _load(sources: Sequence[Path], flags: Sequence[str], folders: Sequence[Path]) -> ctypes.CDLL:
    """The library from one of some folders, or built into the last of them."""
    for folder in folders:
        library = folder / _name(sources, flags)
        with suppress(OSError):
            if _is_whole(library):
                return ctypes.CDLL(str(library))
    try:
        _build(library, sources, flags)
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise KernelsUnavailable(
            f"{library} cannot be written or loaded ({error}); set XDG_CACHE_HOME to a folder that allows both"
        ) from error


def load_or_warn(
    sources: Sequence[Path], otherwise: str, level: int = logging.WARNING, *, definitions: Sequence[str] = ()
) -> ctypes.CDLL | None:
    """The library, or None where there is none: the log then says why, and what that means."""
    try:
        return load(sources, definitions)
    except KernelsUnavailable as reason:
        log.log(level, "%s: %s", otherwise, reason)
        return None


def _is_whole(library: Path) -> bool:
    """Whether a library is as it was built: loading one that was cut short can end the process."""
    if not library.is_file():
        return False
    content, digest = (data := library.read_bytes())[:-DIGEST], data[-DIGEST:]
    return sha256(content).digest() == digest


def _build(library: Path, sources: Sequence[Path], flags: Sequence[str]) -> None:
    """Compile a library and put its digest at its end, where a loader does not look. Raises OSError."""
    compiler = cpp_compiler()
    if compiler is None:
        raise KernelsUnavailable("there is no C++ compiler; install g++ or clang++")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:  # two processes may build at once
        fresh = Path(folder, library.name)
        command = [compiler, *flags, f"-I{Path(__file__).parent}", *map(str, sources), "-o", str(fresh)]
        run_compiler(compiler, command, LONGEST_BUILD)
        content = fresh.read_bytes()
        fresh.write_bytes(content + sha256(content).digest())
        fresh.replace(library)


def run_compiler(name: str, command: Sequence[str], seconds: float) -> None:
    """Run a compiler, for so many seconds at the most. Raises KernelsUnavailable, OSError."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds)
    except subprocess.CalledProcessError as error:
        raise CompilerFailed(f"{name} failed: {error.stderr.strip()[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise KernelsUnavailable(str(error)) from error


def cpp_compiler() -> str | None:
    """The machine's C++ compiler, or None."""
    return shutil.which("g++") or shutil.which("clang++")
