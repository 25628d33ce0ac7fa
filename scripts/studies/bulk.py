"""How fast painting in bulk is beside the network alone, and that nothing is lost when it is killed.

    python -m impasto.scripts.studies.bulk --photos photos/ --work runs/bulk
    python -m impasto.scripts.studies.bulk --photos photos/ --work runs/bulk --no-ray --count 50

500 photos of mixed sizes with 10 broken ones are painted by the network alone, with nothing read or written; in bulk in
one process, killed in the middle and started again; the same undisturbed; and on a Ray of this machine. Rates are those
between the first and the last file, without what it takes to begin.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from impasto.model.errors import ImpastoError
from impasto.model.evaluation.report import table
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.config import SHIPPED
from impasto.model.pictures import images
from impasto.scripts.bulk_painting import BROKEN, CHOICES
from impasto.scripts.easel import Easel
from impasto.scripts.paint import Wanted

SIDES = 256, 384, 512, 768, 1024
"""Longest sides of the photos, in turn."""


@dataclass(frozen=True)
class Arguments:
    photos: Path
    """A folder of photos, which are scaled and repeated."""
    work: Path
    """A new folder for all that is made."""
    style: tuple[str, ...] = ("van-gogh-starry-night=0.7", "hokusai-great-wave=0.3")
    count: int = 500
    """Photos, with the broken ones."""
    broken: int = 10
    ray: bool = True
    checkpoint: Path = SHIPPED
    device: str = "auto"


def run(arguments: Arguments) -> None:
    """Print the rates."""
    keep_freed_memory()
    photos, good = make(arguments)
    pixels = sum(size[0] * size[1] for size in good.values())
    print(f"{len(good)} photos of {pixels / 1e6:.1f} megapixels, and {arguments.broken} broken ones")
    seconds = {"the network alone": alone(photos, list(good), arguments)}
    killed(photos, good, arguments)
    ways = {"in one process": ()} | ({"on Ray": ("--ray", "local")} if arguments.ray else {})
    for way, options in ways.items():
        output = arguments.work / way.replace(" ", "-")
        print(f"{way}: {bulk(photos, output, arguments, *options)}")
        check(output, good, arguments)
        times = sorted((output / name).stat().st_mtime for name in good)
        seconds[way] = (times[-1] - times[0]) * len(good) / (len(good) - 1)
    first = seconds["the network alone"]
    rows = [[way, f"{len(good) / t:.2f}", f"{pixels / 1e6 / t:.2f}", f"{first / t:.2f}"] for way, t in seconds.items()]
    print(table(["", "pictures a second", "megapixels a second", "of the network alone"], rows))


def make(arguments: Arguments) -> tuple[Path, dict[str, tuple[int, int]]]:
    """A folder of photos in folders; the whole ones and their sizes."""
    photos, good = arguments.work / "photos", {}
    chosen = images.files_in(arguments.photos)
    random.seed(0)
    broken = set(random.sample(range(arguments.count), arguments.broken))
    for n in range(arguments.count):
        picture = images.decode(chosen[n % len(chosen)].read_bytes(), longest_side=SIDES[n % len(SIDES)])
        file = photos / str(n % 7) / f"{n}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        data = images.encode(picture, "jpeg")
        file.write_bytes(data[: len(data) // 2] if n in broken else data)
        if n not in broken:
            good[str(file.relative_to(photos))] = picture.size
    return photos, good


def alone(photos: Path, good: list[str], arguments: Arguments) -> float:
    """Seconds in which the network paints them, and nothing else is done."""
    easel = Easel(Wanted(style=arguments.style, checkpoint=arguments.checkpoint, device=arguments.device))
    taken = []
    for name in [*good[: len(SIDES)], *good]:  # the first ones warm up
        photo = easel.decode((photos / name).read_bytes())
        begun = time.perf_counter()
        easel.painted(photo, easel.vector)
        taken.append(time.perf_counter() - begun)
    return sum(taken[-len(good) :])


def killed(photos: Path, good: dict[str, tuple[int, int]], arguments: Arguments) -> None:
    """Kill it in the middle, and start it again. Raises ImpastoError where something is lost or painted twice."""
    output = arguments.work / "killed"
    process = subprocess.Popen(command(photos, output, arguments), stdout=subprocess.DEVNULL)
    while len(there := list(output.rglob("*.jpg"))) < len(good) // 2 and process.poll() is None:
        time.sleep(0.05)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.jpg")}
    print(f"killed after {len(there)}: {bulk(photos, output, arguments)}")
    check(output, good, arguments)
    if any(path.stat().st_mtime_ns != when for path, when in before.items()):
        raise ImpastoError("what was there was painted again")


def bulk(photos: Path, output: Path, arguments: Arguments, *options: str) -> str:
    """What the command says."""
    done = subprocess.run(command(photos, output, arguments, *options), check=True, capture_output=True, text=True)
    return "; ".join(done.stdout.splitlines())


def command(photos: Path, output: Path, arguments: Arguments, *options: str) -> list[str]:
    asked = "--style", *arguments.style, "--checkpoint", str(arguments.checkpoint), "--device", arguments.device
    return [sys.executable, "-m", "impasto", "bulk", str(photos), str(output), *asked, *options]


def check(output: Path, good: dict[str, tuple[int, int]], arguments: Arguments) -> None:
    """Raises ImpastoError unless each good photo has its painting, and the report the others."""
    made = {str(path.relative_to(output)): path for path in output.rglob("*") if path.is_file()}
    reported = [json.loads(line)["photo"] for line in made.pop(BROKEN).read_bytes().splitlines()]
    del made[CHOICES]
    if {name: images.size(path.read_bytes()) for name, path in made.items()} != good:
        raise ImpastoError(f"{output} has not what it should have")
    if len(reported) != arguments.broken or good.keys() & reported:
        raise ImpastoError(f"{output / BROKEN} lists {', '.join(reported)}")


if __name__ == "__main__":
    run(tyro.cli(Arguments, description=__doc__))
