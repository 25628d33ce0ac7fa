from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.pictures import encoded, opened, photo

ROOT = Path(__file__).parents[3]


def test_the_pictures_of_the_readme_are_rendered_from_a_checkpoint(tmp_path: Path, tiny_checkpoint_file: Path) -> None:
    (tmp_path / "photo.png").write_bytes(encoded(photo(height=48, width=64)))
    (tmp_path / "large.png").write_bytes(encoded(photo(height=70, width=96)))
    options = [
        "--photo",
        "photo.png",
        "--large",
        "large.png",
        "--output",
        "out",
        "--checkpoint",
        str(tiny_checkpoint_file),
    ]
    command = [sys.executable, "-m", "impasto.scripts.studies.gallery", *options]
    command += [
        "--pair",
        "great-wave",
        "starry-night",
        "--corners",
        "great-wave",
        "starry-night",
        "the-scream",
        "great-wave",
    ]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    for name in ("gallery.jpg", "blend.jpg"):
        assert opened((tmp_path / "out" / name).read_bytes()).width > 6 * 64
    strokes = opened((tmp_path / "out" / "strokes.jpg").read_bytes())
    assert strokes.width > 4 * 480 and strokes.height > 4 * 350  # four styles, each beside its photo
