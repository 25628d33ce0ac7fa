"""What large pictures take, in a process that does nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

PROBE = """
import re, sys
from pathlib import Path
from impasto.model.pictures.images import decode, encode

def size(name):
    return int(re.search(rf"{name}:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

file, format = sys.argv[1:]
encode(decode(Path("app/web/cat.jpg").read_bytes()), format)
idle = size("VmRSS")
picture = decode(Path(file).read_bytes())
encode(picture, format)
print(size("VmHWM") - idle)
"""
PIXELS = 20_000_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty megapixels in several formats."""
    folder = tmp_path_factory.mktemp("large")
    tile = np.random.default_rng(0).integers(100, 130, (500, 800, 3), np.uint8)
    image = Image.fromarray(np.tile(tile, (10, 5, 1)))
    image.save(folder / "photo.jpg")
    image.save(folder / "progressive.jpg", progressive=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif)
    image.save(folder / "photo.png", compress_level=1)
    return folder


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc to read a process's memory from")
@pytest.mark.parametrize("file", ["photo.jpg", "progressive.jpg", "turned.jpg", "photo.png"])
def test_a_large_picture_is_decoded_and_encoded_in_nine_bytes_a_pixel(folder: Path, file: str) -> None:
    """Three are the picture's, four Pillow's, and the rest is for the file and a strip."""
    probe = [sys.executable, "-c", PROBE, str(folder / file), "jpeg"]
    result = subprocess.run(probe, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3])
    assert int(result.stdout) < 9 * PIXELS
