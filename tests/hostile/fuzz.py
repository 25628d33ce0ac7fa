"""Mutated inputs under coverage guidance: `make fuzz`.

python -m tests.hostile.fuzz 20000          so many, of all targets
python -m tests.hostile.fuzz picture 20000  of one
python -m tests.hostile.fuzz picture FILE   a find of before, again

Each target has a process of its own, which atheris ends; what it finds lies in the folder `fuzz`. Guidance is by what
is covered of Python: of Pillow's reading of headers, and of ours, but not of the decoders in C behind it.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

SHARES = {"picture": 0.7, "pack": 0.1, "signed-pack": 0.1, "form": 0.1}
"""Of the mutated inputs, those of each target."""
FINDS = Path("fuzz")
INSTRUMENTED = [
    "PIL",
    "impasto.model.pictures",
    "impasto.model.styles",
    "impasto.app.http",
    "python_multipart",
    "starlette",
]
OPTIONS = [
    *("-timeout=20", "-report_slow_units=2", "-rss_limit_mb=4096", "-max_len=40000"),  # seconds, megabytes, bytes
    *("-print_final_stats=1", "-close_fd_mask=2"),  # libtiff talks much
]


def every(runs: int) -> int:
    """Fuzz all targets, each in a process. The exit status: how many had finds."""
    failed = []
    for name, share in SHARES.items():
        with TemporaryDirectory() as folder:
            quiet = {"TMPDIR": folder, "PYTHONWARNINGS": "ignore", "TORCHDYNAMO_DISABLE": "1", "OMP_NUM_THREADS": "1"}
            command = [sys.executable, "-m", "tests.hostile.fuzz", name, str(round(runs * share))]
            if subprocess.run(command, env={**os.environ, **quiet}, check=False).returncode:
                failed.append(name)
    print("finds, which lie in fuzz/, in:" if failed else "no finds", *failed)
    return len(failed)


def one(name: str, what: str) -> None:
    """Give a target so many mutated inputs, or a file. Does not come back."""
    import atheris
    import structlog

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.hostile.targets import TARGETS
    FINDS.mkdir(exist_ok=True)
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    target, arguments = TARGETS[name], [what]
    if what.isdigit():
        corpus = Path(mkdtemp())
        seeds = set(target.seeds()) - {b""}  # libFuzzer has that one by itself
        for number, seed in enumerate(seeds):
            (corpus / str(number)).write_bytes(seed)
        print(f"{name}: {len(seeds)} inputs that were made, {what} that are mutated", flush=True)
        arguments = [f"-runs={len(seeds) + 1 + int(what)}", f"-artifact_prefix={FINDS}/{name}-", *OPTIONS, str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], target.read)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(every(int(sys.argv[1])))
    one(*sys.argv[1:])
