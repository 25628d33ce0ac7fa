"""What a service promises under load, tried on a real one: each part says what it asked for and what it found.

    python -m impasto.scripts.studies.load                        # some minutes, with nothing else on the machine
    python -m impasto.scripts.studies.load --only soak --soak-seconds 600

Clients and service share the machine: times are those of both. Needs httpx: `pip install 'impasto[client]'`.
"""

from __future__ import annotations

import asyncio
import io
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event, Thread
from typing import Any, Literal

import numpy as np
import tyro
from PIL import Image

from impasto.app.painting.previews import PHOTO
from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint
from impasto.model.network.config import SHIPPED
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.picture import to_image
from impasto.scripts.studies.service import Service, serving
from impasto.scripts.studies.visitors import Answer, visiting

Part = Literal["overload", "patience", "uploads", "pictures", "soak"]

TIMES = 10
"""How much more than it can do the service is asked for."""
QUEUED = 8
"""Pictures in the queue when it is asked when to come back."""
UPLOADED = (8660, 11547)
"""Height and width of the largest photo, 100 megapixels."""
SIZES = 500
"""Of the photos by which memory is measured: all different."""
ADDED_EVERY = 60.0
"""Seconds after which another style is added."""
SHARE = 0.8
"""Of what the service can do, that it is asked for while it is soaked."""


@dataclass(frozen=True)
class Arguments:
    only: tuple[Part, ...] = ("overload", "patience", "uploads", "pictures")
    """What is tried."""
    overload_seconds: float = 60.0
    """How long ten times as much is asked for as can be done."""
    uploads: int = 200
    """Large photos that are sent at once."""
    pictures: int = 10_000
    """Pictures after which memory is to be what it was."""
    soak_seconds: float = 600.0
    """How long the service is asked for four fifths of what it can do."""
    side: int = 1024
    """Pixels on the longer side of the photos that are asked for under load."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


@dataclass
class Memory:
    """Bytes that a service took, seen every 20 milliseconds."""

    before: int
    peak: int = 0


def main(arguments: Arguments) -> None:
    parts: dict[Part, Callable[[Arguments], Coroutine[Any, Any, tuple[str, bool]]]] = {
        "overload": overload,
        "patience": patience,
        "uploads": uploads,
        "pictures": pictures,
        "soak": soak,
    }
    kept = True
    for part in arguments.only:
        text, good = asyncio.run(parts[part](arguments))
        print(f"{text}\n\n{'Kept.' if good else 'BROKEN.'}\n", flush=True)
        kept = kept and good
    sys.exit(not kept)


async def overload(arguments: Arguments) -> tuple[str, bool]:
    """Ten times of what can be done: what is let in ends in time, the rest is refused at once, memory comes back."""
    with service(arguments) as target:
        async with visiting(target) as visitors:
            photo = sized(arguments.side)
            capacity = await visitors.rate(photo, arguments.overload_seconds / 6)
            with watched(target) as memory:
                answers = await visitors.ask_at(TIMES * capacity, arguments.overload_seconds, photo)
            await asyncio.sleep(1)
            after = target.memory
    painted = [each.seconds for each in answers if each.status == 200]
    refused = [each.seconds for each in answers if each.status == 429]
    others = Counter(each.status for each in answers if each.status not in (200, 429))
    rows = [
        ("the service alone paints", f"{capacity:.2f} pictures/s"),
        ("asked for", f"{len(answers)} in {arguments.overload_seconds:g} s"),
        ("painted", f"{len(painted)}, {len(painted) / arguments.overload_seconds / capacity:.0%} of what it can do"),
        ("the slowest of them", f"{max(painted, default=0):.1f} s"),
        ("refused with 429", str(len(refused))),
        ("answered so in", percentiles(refused)),
        ("answered otherwise", ", ".join(f"{n} × {status}" for status, n in others.items()) or "none"),
        ("memory before, most, 1 s after", " / ".join(mebibytes(n) for n in (memory.before, memory.peak, after))),
    ]
    text = f"## Ten times of what it can do\n\nJPEG photos of {arguments.side} pixels.\n\n"
    good = not others and bool(painted) and max(painted) < 60
    return text + table(("", "found"), rows), good


async def patience(arguments: Arguments) -> tuple[str, bool]:
    """Whoever finds the queue full is told when there will be room: for as many pixels, twice and four times."""
    queued = arguments.side**2 * 4 / 3
    rows, good = [], True
    limits = {"queue_size": 4 * QUEUED, "queue_pixels": round(1.05 * QUEUED * queued), "queue_share": 1}
    with service(arguments, **limits) as target:
        async with visiting(target) as visitors:
            photo = sized(arguments.side, square=True)
            await visitors.rate(photo, 10)
            for times in (1, 2, 4):
                large = sized(round(arguments.side * times**0.5), square=True)
                told, waited = [], []
                for _ in range(3):
                    filling = [asyncio.create_task(visitors.paint(photo)) for _ in range(QUEUED)]
                    await asyncio.sleep(1)
                    answer = await visitors.paint(large)
                    if answer.status == 429:
                        told.append(int(answer.headers["retry-after"]))
                        waited.append(await visitors.until_let_in(large))
                    await asyncio.gather(*filling)
                pairs = list(zip(told, waited, strict=True))
                good = good and bool(pairs) and all(is_true(*pair) for pair in pairs)
                rows.append(
                    (
                        str(times),
                        ", ".join(map(str, told)),
                        ", ".join(f"{each:.1f}" for each in waited),
                        ", ".join(f"{one / other:.2f}" for one, other in pairs),
                    )
                )
    text = (
        f"## When to come back\n\n{QUEUED} photos of {arguments.side}² pixels fill the queue; one of so many times as "
        "many pixels is refused, and asked for again every 50 ms until it is let in. Seconds are told, rounded up.\n\n"
    )
    return text + table(("times as many pixels", "Retry-After, s", "let in after, s", "ratio"), rows), good


def is_true(told: int, waited: float) -> bool:
    """Whether somebody waited as long as was told, within half of it, or within the second that was rounded up."""
    return told / 2 <= waited <= 1.5 * told or abs(told - waited) <= 1


async def uploads(arguments: Arguments) -> tuple[str, bool]:
    """Very many of the largest photos at once, from one address: a few are painted, and memory has a bound."""
    photo = sized(max(UPLOADED), shape=UPLOADED)
    with service(arguments, max_size=512) as target:
        async with visiting(target) as visitors:
            with watched(target) as memory:
                asked = [visitors.paint(photo) for _ in range(arguments.uploads)]
                answers = await asyncio.gather(*asked)
            await asyncio.sleep(1)
            after = target.memory
    statuses = Counter(each.status for each in answers)
    rows = [
        ("sent at once", f"{arguments.uploads} × {len(photo) / 1e6:.0f} MB, {UPLOADED[0] * UPLOADED[1] / 1e6:.0f} MP"),
        ("answered", ", ".join(f"{n} × {status}" for status, n in sorted(statuses.items()))),
        ("memory before, most, 1 s after", " / ".join(mebibytes(n) for n in (memory.before, memory.peak, after))),
    ]
    return "## Many large uploads at once\n\n" + table(("", "found"), rows), set(statuses) <= {200, 429, 503}


async def pictures(arguments: Arguments) -> tuple[str, bool]:
    """Very many pictures of very many sizes: memory stays what it was."""
    random = Random(0)
    shapes = random.sample([(height, width) for height in range(32, 289) for width in range(32, 289)], SIZES)
    photos = [sized(max(shape), shape=shape) for shape in shapes]
    seen: list[tuple[int, int]] = []
    failed: Counter[int] = Counter()
    with service(arguments) as target:
        async with visiting(target) as visitors:
            turns = iter(range(arguments.pictures))

            async def one() -> None:
                for turn in turns:
                    answer = await visitors.paint(photos[turn % SIZES])
                    if answer.status != 200:
                        failed[answer.status] += 1
                    if turn % 100 == 0:
                        seen.append((turn, target.memory))

            await asyncio.gather(*(one() for _ in range(4)))
            seen.append((arguments.pictures, target.memory))
    settled = [(turn, taken) for turn, taken in seen if turn >= arguments.pictures / 2]
    slope = statistics.linear_regression(*zip(*settled, strict=True)).slope
    rows = [
        ("pictures, of so many sizes", f"{arguments.pictures}, {SIZES}"),
        ("not painted", ", ".join(f"{n} × {status}" for status, n in failed.items()) or "none"),
        *(
            (f"memory after {turn}", mebibytes(taken))
            for turn, taken in [*seen[: -1 : max(1, len(seen) // 5)], seen[-1]]
        ),
        ("slope of the second half", f"{slope:.0f} bytes a picture"),
    ]
    return "## Very many pictures\n\n" + table(("", "found"), rows), not failed and slope < 5_000


async def soak(arguments: Arguments) -> tuple[str, bool]:
    """Four fifths of what can be done, for long, while styles are added: every picture is what it should be."""
    source = checkpoint.load(arguments.checkpoint)
    stylizer = Stylizer.of(source, device=arguments.device)
    styles = source.styles.ids[:4]
    photos = {name: sized(side) for name, side in (("small", 256), ("middle", 384), ("large", 512))}
    expected = {
        (name, style): np.asarray(
            to_image(stylizer.stylize(images.decode(photo), source.styles.blend({style: 1.0})).rgb)
        )
        for name, photo in photos.items()
        for style in styles
    }
    answers: list[Answer] = []
    worst, added = 0, 0
    vectors = {style: style for style in styles}  # of the added ones, whose it is
    with service(arguments) as target:
        async with visiting(target) as visitors:
            random = Random(0)
            seconds = arguments.soak_seconds / 60
            capacity = statistics.harmonic_mean([await visitors.rate(photo, seconds) for photo in photos.values()])
            packs = {style: (await visitors.http.get(f"/v1/styles/{style}/pack")).content for style in styles}
            started = time.perf_counter()

            async def one(name: str, style: str) -> None:
                nonlocal worst
                answer = await visitors.paint(photos[name], style=style, format="png")
                answers.append(Answer(answer.status, answer.seconds))
                if answer.status == 200:
                    picture = np.asarray(Image.open(io.BytesIO(answer.body)).convert("RGB")).astype(int)
                    worst = max(worst, int(np.abs(picture - expected[name, vectors[style]]).max()))

            asked: set[asyncio.Task[None]] = set()
            with watched(target) as memory:
                while (now := time.perf_counter() - started) < arguments.soak_seconds:
                    if now >= added * ADDED_EVERY:
                        style = styles[added % len(styles)]
                        put = await visitors.http.put(f"/v1/styles/soaked-{added}/pack", content=packs[style])
                        answers.append(Answer(200 if put.is_success else put.status_code, 0.0))
                        vectors[f"soaked-{added}"] = style
                        added += 1
                    task = asyncio.create_task(one(random.choice(list(photos)), random.choice(list(vectors))))
                    asked.add(task)
                    task.add_done_callback(asked.discard)
                    await asyncio.sleep(random.expovariate(SHARE * capacity))
                await asyncio.gather(*asked)
            await asyncio.sleep(1)
            after = target.memory
    statuses = Counter(each.status for each in answers)
    times = [each.seconds for each in answers if each.status == 200 and each.seconds]
    rows = [
        ("asked for", f"{len(answers)} in {arguments.soak_seconds:g} s, {SHARE:.0%} of {capacity:.1f} pictures/s"),
        ("answered", ", ".join(f"{n} × {status}" for status, n in sorted(statuses.items()))),
        ("painted in", percentiles(times)),
        ("styles added", str(added)),
        ("largest difference from the picture painted alone", f"{worst} of 255"),
        ("memory before, most, 1 s after", " / ".join(mebibytes(n) for n in (memory.before, memory.peak, after))),
    ]
    return "## Soaked\n\n" + table(("", "found"), rows), worst <= 3 and all(s in (200, 429) for s in statuses)


def service(arguments: Arguments, **settings: Any) -> AbstractContextManager[Service]:
    return serving(checkpoint=arguments.checkpoint.absolute(), device=arguments.device, **settings)


@contextmanager
def watched(target: Service) -> Iterator[Memory]:
    """What a service takes meanwhile."""
    memory, done = Memory(target.memory), Event()

    def watch() -> None:
        while not done.wait(0.02):
            memory.peak = max(memory.peak, target.memory)

    thread = Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def sized(side: int, *, square: bool = False, shape: tuple[int, int] | None = None) -> bytes:
    """The photo of the cat as a JPEG, so long on its longer side, or of a height and width."""
    image = Image.open(PHOTO)
    size = (shape[1], shape[0]) if shape else (side, side if square else round(side * image.height / image.width))
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def percentiles(seconds: Sequence[float]) -> str:
    """Milliseconds: median, 95th, 99th percentile, most."""
    if len(seconds) < 2:
        return "–"
    cuts = statistics.quantiles(seconds, n=100)
    return " / ".join(f"{1000 * each:.0f}" for each in (cuts[49], cuts[94], cuts[98], max(seconds))) + " ms"


def mebibytes(count: int) -> str:
    return f"{count / 2**20:.0f} MiB"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
