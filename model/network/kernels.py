"""The CPU's own kernels for what stands between two convolutions: kernels.cpp, built for this machine and called."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from impasto.model.network.fast_network import Then
from impasto.model.network.style_network import EPSILON

SOURCE = Path(__file__).with_suffix(".cpp")
VECTORS = {
    "AVX512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mprefer-vector-width=512"],
    "AVX2": ["-mavx2", "-mfma"],
}
"""What PyTorch calls a machine's vector units -> the compiler's flags. For others it decides itself."""
FLAGS = ["-std=c++17", "-O2", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-shared", "-fPIC"]
LONGEST_BUILD = 60
"""Seconds; it takes two."""
DIGEST = sha256().digest_size


class KernelsUnavailable(RuntimeError):
    """The kernels cannot be built or loaded here; the message says why and what to do."""


class Kernels:
    """Conditional instance normalization on the CPU, fused with what surrounds it.

    channels: every number of channels that will be asked for.
    Built once for a machine, in about two seconds, then read from `cache`, by default this user's.
    Raises KernelsUnavailable.
    """

    def __init__(self, channels: Iterable[int], *, cache: Path | None = None) -> None:
        library = _load(sorted(set(channels)), cache or default_cache())
        self._functions = {
            (torch.float32, torch.float32): library.normalize_float32,
            (torch.bfloat16, torch.bfloat16): library.normalize_bfloat16,
            (torch.bfloat16, torch.float32): library.normalize_bfloat16_exact,
        }

    def __call__(self, features: Tensor, style: Tensor, size: tuple[int, int], then: Then) -> Tensor:
        """As `normalize` of `fast_network.py`, which says what it does, but in two passes over the features."""
        gamma, beta = (half.float().contiguous() for half in style.chunk(2, dim=1))
        images, channels = gamma.shape
        features = features.contiguous(memory_format=torch.channels_last)
        residual = then.residual
        if residual is not None:
            residual = residual.contiguous(memory_format=torch.channels_last)
        before, *after = then.padding
        out = torch.empty(
            (images, channels, before + size[0] + after[0], before + size[1] + after[1]),
            dtype=torch.float32 if then.exact else features.dtype,
            memory_format=torch.channels_last,
        )
        unknown = self._functions[features.dtype, out.dtype](
            _pointer(features),
            _pointer(gamma),
            _pointer(beta),
            _pointer(residual),
            _pointer(out),
            _integers([images, *size]),
            ctypes.c_int64(channels),
            ctypes.c_bool(then.doubled),
            ctypes.c_bool(then.relu),
            ctypes.c_int64(before),
            _integers(after),
            ctypes.c_bool(then.replicate),
        )
        if unknown:
            raise ValueError(f"there are no kernels for {channels} channels")
        return out


def default_cache() -> Path:
    """Where kernels are kept."""
    return platformdirs.user_cache_path("impasto")


def _load(channels: Sequence[int], cache: Path) -> ctypes.CDLL:
    """The library for some numbers of channels on this kind of machine, built anew where it cannot be loaded."""
    capability = torch.backends.cpu.get_cpu_capability()
    widths = " ".join(f"CASE({count})" for count in channels)
    flags = [*FLAGS, *VECTORS.get(capability, []), f"-DWIDTHS={widths}", f"-DEPSILON={EPSILON!r}"]
    key = sha256(SOURCE.read_bytes() + " ".join(flags).encode()).hexdigest()[:16]
    library = cache / f"kernels-{key}.so"
    with suppress(OSError):
        if _is_whole(library):
            return ctypes.CDLL(str(library))
    try:
        _build(library, flags)
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise KernelsUnavailable(
            f"{library} cannot be written or loaded ({error}); set XDG_CACHE_HOME to a folder that allows both"
        ) from error


def _is_whole(library: Path) -> bool:
    """Whether a library is as it was built: loading one that was cut short can end the process."""
    if not library.is_file():
        return False
    content, digest = (data := library.read_bytes())[:-DIGEST], data[-DIGEST:]
    return sha256(content).digest() == digest


def _build(library: Path, flags: Sequence[str]) -> None:
    """Compile a library and put its digest at its end, where a loader does not look. Raises OSError."""
    compiler = cpp_compiler()
    if compiler is None:
        raise KernelsUnavailable("there is no C++ compiler; install g++ or clang++")
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:  # two processes may build at once
        fresh = Path(folder, library.name)
        command = [compiler, *flags, str(SOURCE), "-o", str(fresh)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=LONGEST_BUILD)
        except subprocess.CalledProcessError as error:
            raise KernelsUnavailable(f"{compiler} failed: {error.stderr.strip()[-500:]}") from error
        except subprocess.TimeoutExpired as error:
            raise KernelsUnavailable(str(error)) from error
        content = fresh.read_bytes()
        fresh.write_bytes(content + sha256(content).digest())
        fresh.replace(library)


def cpp_compiler() -> str | None:
    """The machine's C++ compiler, or None."""
    return shutil.which("g++") or shutil.which("clang++")


def _pointer(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def _integers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(values))(*values)
