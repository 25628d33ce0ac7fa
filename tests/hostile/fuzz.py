"""Mutated inputs under coverage guidance: `make fuzz`, or python -m tests.hostile.fuzz 20000.

Each target has a process of its own, which atheris ends: with a status of its own when something was found, which then
lies in the folder `fuzz` and is read again by python -m tests.hostile.fuzz 0 TARGET FILE. Coverage is that of Python:
of Pillow's reading of headers and of ours, not of the decoders in C behind it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(
    include=[
        "PIL",
        "impasto.model.pictures",
        "impasto.model.styles",
        "impasto.app.http",
        "python_multipart",
        "starlette",
    ]
):
    from tests.hostile.targets import TARGETS

SHARES = {"picture": 0.7, "pack": 0.1, "signed-pack": 0.1, "form": 0.1}
"""Of the mutated inputs, those of each target."""
FINDS = Path("fuzz")
LIMITS = ["-timeout=20", "-report_slow_units=2", "-rss_limit_mb=4096", "-max_len=40000"]
"""Seconds at most, and from when on a slow one is kept; megabytes; bytes."""


def main(runs: int) -> int:
    """Fuzz every target. The exit status: how many targets had finds."""
    FINDS.mkdir(exist_ok=True)
    failed = []
    for name, share in SHARES.items():
        with TemporaryDirectory() as folder:
            corpus = Path(folder) / "corpus"
            corpus.mkdir()
            seeds = TARGETS[name].seeds()
            for number, seed in enumerate(seeds):
                (corpus / str(number)).write_bytes(seed)
            mutated = round(runs * share)
            print(f"{name}: {len(seeds)} files that were made, {mutated} that are mutated", flush=True)
            options = [
                f"-runs={len(seeds) + mutated}",
                "-print_final_stats=1",
                f"-artifact_prefix={FINDS}/{name}-",
                *LIMITS,
            ]
            command = [sys.executable, "-m", "tests.hostile.fuzz", "0", name, *options, str(corpus)]
            if subprocess.run(command, env={**os.environ, "TMPDIR": folder}, check=False).returncode:
                failed.append(name)
    print("found something in:" if failed else "found nothing", *failed)
    return len(failed)


def fuzz(name: str, arguments: list[str]) -> None:
    """Give a target what libFuzzer makes. Does not come back."""
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name].read)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(main(int(sys.argv[1])))
    fuzz(sys.argv[2], sys.argv[3:])
