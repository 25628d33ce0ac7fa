"""What styles as data augmentation are worth: classifiers trained with and without them, on pictures that are altered.

    apt-get download openclipart-png && dpkg -x openclipart-png_*.deb clipart/
    python -m impasto.scripts.studies.augmentation robustness --clipart clipart/usr/share/openclipart/png \\
        --work runs/augmentation --sheet docs/images/augmentation.jpg
    python -m impasto.scripts.studies.augmentation seconds

The first trains small networks of drawings, which Debian's package openclipart-png has by their kinds, and prints the
tables of docs/augmentation.md; the second, how many pictures a second are styled. What is styled stays in the folder.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean, median, stdev
from typing import get_args

import torch
import torch.nn.functional as F
import tyro
from PIL import Image, ImageOps
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as transforms
from tqdm import tqdm

from impasto.model.evaluation.report import table
from impasto.model.files import write_whole
from impasto.model.network.checkpoint import Checkpoint, load
from impasto.model.network.config import SHIPPED, Which
from impasto.model.network.device import device_name
from impasto.model.painting.augment import StyleAugment
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures import images
from impasto.model.pictures.contact_sheet import contact_sheet
from impasto.model.pictures.photos import load_rgb
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.planes import resample
from impasto.scripts import augment

KINDS = {
    "animal": ("animals",),
    "food": ("food",),
    "person": ("people",),
    "plant": ("plants",),
    "tool": ("tools",),
    "vehicle": ("transportation/vehicles", "transportation/boating"),
}
"""Kind of drawing -> the package's folders of it."""
KEPT_OUT = (
    "gris-still-life-with-a-guitar",
    "hokusai-great-wave",
    "klee-senecio",
    "marc-little-blue-horse",
    "munch-the-scream",
    "picabia-udnie",
    "seurat-seine-at-la-grande-jatte",
    "van-gogh-starry-night",
)
"""Styles that no picture is trained with: test pictures are restyled in them."""
SIDE, SEEN = 64, 32
"""Pixels on a side of every picture, and of what a classifier is shown of it."""
MOST_OF_A_KIND = 140
COPIES = 3
TESTED = 0.3
"""Share of the pictures that are tested with."""
EPOCHS = 64
BATCH = 64
STYLED = 0.5
"""Share of the pictures of an epoch that are styled."""
T_QUANTILE = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""How many seeds -> 97.5 % quantile of Student's t for one less: what an interval of 95 % reaches."""

Images = Tensor
"""(N, 3, SIDE, SIDE), uint8."""
Alter = Callable[[Images], Images]

CORRUPTIONS: dict[str, Alter] = {
    "noise": lambda x: transforms.gaussian_noise(x.float() / 255, sigma=0.15).mul(255).byte(),
    "blur": lambda x: transforms.gaussian_blur(x, [9, 9], [1.5, 1.5]),
    "brightness": lambda x: transforms.adjust_brightness(x, 0.5),
    "contrast": lambda x: transforms.adjust_contrast(x, 0.3),
    "JPEG": lambda x: torch.stack([as_jpeg(each, quality=10) for each in x]),
    "grey": lambda x: transforms.rgb_to_grayscale(x, num_output_channels=3),
    "hue": lambda x: transforms.adjust_hue(x, 0.4),
}
"""A few of those of D. Hendrycks and T. Dietterich ("Benchmarking Neural Network Robustness", 2019), each of one
strength; grey and hue besides."""


@dataclass(frozen=True)
class Drawings:
    """Pictures, and what they are.

    plain, restyled: (N, 3, SIDE, SIDE), uint8. styled: (N, COPIES, 3, SIDE, SIDE). kinds: (N,), rows of KINDS.
    groups: (N,), the same of drawings that are much alike.
    """

    plain: Images
    styled: Tensor
    restyled: Images
    kinds: Tensor
    groups: Tensor


@dataclass(frozen=True)
class Robustness:
    """Train classifiers without augmentation, with the usual one, and with styles, and test them."""

    clipart: Path
    """The folder png/ of openclipart-png."""
    work: Path
    """Folder for what is made of it."""
    seeds: int = 3
    """Each draws what is tested with, and trains anew."""
    sheet: Path | None = None
    """Picture to write: drawings, styled copies, altered ones. Default: none."""
    checkpoint: Path = SHIPPED
    """Network and styles."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps: of what is styled."""

    def run(self) -> None:
        drawings = read(prepare(self.clipart, self.work, self.checkpoint, self.device))
        tell(f"{len(drawings.plain)} drawings: {counted(drawings.kinds)}")
        if self.sheet:
            contact_sheet(shown(drawings), columns=10).save(self.sheet, quality=88)
        tests = {"as drawn": drawings.plain}
        torch.manual_seed(0)
        tests |= {name: alter(drawings.plain) for name, alter in CORRUPTIONS.items()}
        tests["restyled"] = drawings.restyled
        file = self.work / "found.json"
        found: dict[str, list[dict[str, float]]] = json.loads(file.read_bytes()) if file.exists() else {}
        for seed, arm in product(range(self.seeds), ARMS):
            if len(found.setdefault(arm, [])) > seed:  # a run that was stopped goes on
                continue
            tested = split(drawings, seed)
            begun = time.perf_counter()
            network = trained(drawings, ~tested, arm, seed)
            found[arm].append(
                {name: accuracy(network, each[tested], drawings.kinds[tested]) for name, each in tests.items()}
            )
            write_whole(file, json.dumps(found, indent=1).encode())
            took = time.perf_counter() - begun
            tell(f"seed {seed}, {arm}, {took:.0f} s: {told(found[arm][-1])}")
        print(compared(found))


@dataclass(frozen=True)
class Seconds:
    """Time styling, beside the network by itself."""

    sides: tuple[int, ...] = (64, 96, 224)
    """Pixels of square pictures."""
    batch: int = 16
    """Pictures at once."""
    times: int = 5
    """The median counts."""
    device: str = "cpu"

    def run(self) -> None:
        source = load()
        stylizer = Stylizer.of(source, device=self.device)
        print(f"{device_name(stylizer.device)}\n")
        rows = []
        for side in self.sides:
            photos = torch.rand(self.batch, 3, side, side).to(stylizer.device)
            rows += [
                (f"{side}²", network, *self._per_second(photos, network, source.of(network), stylizer))
                for network in get_args(Which)
            ]
        print(table(("pictures", "network", "styled a second", "the network alone", "share"), rows))

    def _per_second(
        self, photos: Tensor, network: Which, source: Checkpoint, stylizer: Stylizer
    ) -> tuple[str, str, str]:
        transform = StyleAugment(p=1.0, network=network)
        vectors = source.styles.vectors[torch.arange(len(photos)) % len(source.styles)]
        styled = self.batch / self._timed(lambda: transform(photos))
        alone = self.batch / self._timed(lambda: stylizer.paint(photos, vectors, on_device=True))
        return f"{styled:.0f}", f"{alone:.0f}", f"{styled / alone:.0%}"

    def _timed(self, work: Callable[[], Tensor]) -> float:
        took = []
        for _ in range(self.times + 1):
            begun = time.perf_counter()
            work().cpu()
            took.append(time.perf_counter() - begun)
        return median(took[1:])


def tell(text: str) -> None:
    """How far it is; the table alone is printed."""
    print(text, file=sys.stderr, flush=True)


def prepare(clipart: Path, work: Path, checkpoint: Path, device: str) -> Path:
    """Small square drawings, their styled copies, and restyled ones, each in folders by their kinds."""
    if not (work / "plain").exists():
        write_drawings(clipart, work / "plain")
    known = tuple(style for style in load(checkpoint).styles.ids if style not in KEPT_OUT)
    plain, styled = work / "plain", work / "styled"
    copies = augment.Arguments(plain, styled, COPIES, style=known, small=True, checkpoint=checkpoint, device=device)
    others = replace(copies, output=work / "restyled", copies=1, style=KEPT_OUT, alpha=(1, 1), concentration=0.01)
    for arguments in (copies, others):
        augment.run(arguments)
    return work


def write_drawings(clipart: Path, folder: Path) -> None:
    """Drawings of every kind on white squares, without those that are the same or nearly empty."""
    seen = set()
    for kind, folders in KINDS.items():
        files = sorted(path for part in folders for path in (clipart / part).rglob("*.png"))
        random.Random(0).shuffle(files)
        target = folder.with_suffix(".part") / kind
        target.mkdir(parents=True, exist_ok=True)
        for path in files:
            drawing = squared(path)
            look = ImageOps.grayscale(drawing).resize((12, 12)).tobytes()
            if look not in seen and min(look) < 225:
                seen.add(look)
                drawing.save(target / path.name)
            if len(list(target.iterdir())) == MOST_OF_A_KIND:
                break
    folder.with_suffix(".part").rename(folder)


def squared(path: Path) -> Image.Image:
    """A drawing in the middle of a white square."""
    with Image.open(path) as file:
        drawing = file.convert("RGBA")
    drawing.thumbnail((4 * SIDE, 4 * SIDE), reducing_gap=2)  # some have a thousand pixels on a side
    drawing = drawing.crop(drawing.getbbox(alpha_only=True))
    ground = Image.new("RGBA", drawing.size, "white")
    ground.alpha_composite(drawing)
    return ImageOps.pad(ground.convert("RGB"), (SIDE, SIDE), color="white")


def read(work: Path) -> Drawings:
    """What `prepare` made."""
    files = [(row, path) for row, kind in enumerate(KINDS) for path in images.files_in(work / "plain" / kind)]
    kinds, named = list(KINDS), [like(path.stem) for _, path in files]

    def loaded(folder: str, number: int) -> Images:
        paths = [work / folder / kinds[row] / f"{path.stem}-styled-{number}.png" for row, path in files]
        return torch.stack([(load_rgb(path) * 255).round().byte() for path in paths])

    return Drawings(
        plain=torch.stack([(load_rgb(path) * 255).round().byte() for _, path in files]),
        styled=torch.stack([loaded("styled", number) for number in range(1, COPIES + 1)], dim=1),
        restyled=loaded("restyled", 1),
        kinds=torch.tensor([row for row, _ in files]),
        groups=torch.tensor([sorted(set(named)).index(name) for name in named]),
    )


def like(name: str) -> str:
    """How a drawing's name begins, by which those of a series are alike: "apple-green_02" -> "apple-gr"."""
    return re.sub(r"[\d_]+", "", name.lower())[:8]


def split(drawings: Drawings, seed: int) -> Tensor:
    """(N,), which are tested with: of those that are much alike all or none."""
    groups = int(drawings.groups.max()) + 1
    share = torch.rand(groups, generator=torch.Generator().manual_seed(seed))
    return share[drawings.groups] < TESTED


def classifier(kinds: int) -> nn.Sequential:
    """A small convolutional network, for pictures (N, 3, SEEN, SEEN) around 0."""
    layers: list[nn.Module] = []
    for channels, wider, stride in [(3, 16, 2), (16, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 96, 2)]:
        layers += [nn.Conv2d(channels, wider, 3, stride, 1, bias=False), nn.BatchNorm2d(wider), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(96, kinds))


def as_jpeg(picture: Tensor, *, quality: int) -> Tensor:
    """A picture (3, H, W), uint8, as a JPEG shows it."""
    file = images.encode(Picture(picture.permute(1, 2, 0)), "jpeg", quality=quality)
    return images.decode(file).pixels.permute(2, 0, 1)


def plain(drawings: Drawings, rows: Tensor) -> Tensor:
    """Pictures of an epoch as they are."""
    return reduced(drawings.plain[rows])


def usual(drawings: Drawings, rows: Tensor) -> Tensor:
    """Mirrored, cropped and in other colours."""
    return altered(drawings.plain[rows].float() / 255)


def styled(drawings: Drawings, rows: Tensor) -> Tensor:
    """So, and half of them styled before."""
    copies = drawings.styled[rows, torch.randint(COPIES, rows.shape)]
    chosen = (torch.rand(len(rows)) < STYLED)[:, None, None, None]
    return altered(torch.where(chosen, copies, drawings.plain[rows]).float() / 255)


ARMS = {"none": plain, "usual": usual, "usual and styles": styled}
"""Augmentation -> what makes pictures of an epoch by it."""


def reduced(pictures: Images) -> Tensor:
    """Whole, as large as they are seen, in [0, 1]."""
    return resample(pictures.float() / 255, (SEEN, SEEN)).clamp(0, 1)


def altered(pictures: Tensor) -> Tensor:
    """Each picture mirrored or not, cut to 60 to 100 % of its sides, brighter or darker, of more or less contrast and
    colour, as large as it is seen."""
    count = len(pictures)
    size = torch.empty(count).uniform_(0.6, 1)
    place = (torch.rand(count, 2) * 2 - 1) * (1 - size)[:, None]
    mirror = size * torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    zero = torch.zeros(count)
    theta = torch.stack([torch.stack([mirror, zero, place[:, 0]], 1), torch.stack([zero, size, place[:, 1]], 1)], 1)
    grid = F.affine_grid(theta, [count, 3, SEEN, SEEN], align_corners=False)
    pictures = F.grid_sample(pictures, grid, align_corners=False, padding_mode="border")
    brightness, contrast, color = torch.empty(3, count, 1, 1, 1).uniform_(0.6, 1.4)
    pictures = pictures * brightness
    pictures = pictures.mean((1, 2, 3), keepdim=True).lerp(pictures, contrast)
    return pictures.mean(1, keepdim=True).lerp(pictures, color).clamp(0, 1)


def trained(drawings: Drawings, used: Tensor, arm: str, seed: int) -> nn.Module:
    """A classifier of the pictures that are used; kinds of which there are few count as much as others."""
    torch.manual_seed(seed)
    rows = used.nonzero().flatten()
    kinds = drawings.kinds[rows]
    weight = 1 / torch.bincount(kinds, minlength=len(KINDS)).float()
    network = classifier(len(KINDS))
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = len(rows) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=EPOCHS * steps)
    for _ in tqdm(range(EPOCHS), arm, leave=False, disable=None):
        for batch in torch.randperm(len(rows))[: steps * BATCH].view(steps, BATCH):
            scores = network(ARMS[arm](drawings, rows[batch]) - 0.5)
            loss = F.cross_entropy(scores, kinds[batch], weight / weight.sum(), label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.inference_mode()
def accuracy(network: nn.Module, pictures: Images, kinds: Tensor) -> float:
    """Share of the pictures that are recognised, in percent, on average of the kinds."""
    right = torch.cat([network(reduced(each) - 0.5).argmax(1) for each in pictures.split(256)]) == kinds
    return 100 * fmean(float(right[kinds == kind].float().mean()) for kind in range(len(KINDS)))


def interval(values: Sequence[float]) -> str:
    """Mean and half of its interval of 95 %, by Student's t."""
    half = T_QUANTILE[len(values)] * stdev(values) / len(values) ** 0.5
    return f"{fmean(values):.1f} ± {half:.1f}"


def compared(found: dict[str, list[dict[str, float]]]) -> str:
    """Every test by every augmentation, and what styles add, seed by seed."""
    tests = list(found["none"][0])

    def of(arm: str, names: Sequence[str]) -> list[float]:
        return [fmean(each[name] for name in names) for each in found[arm]]

    rows = []
    for title, names in [*((name, [name]) for name in tests), ("all corruptions", list(CORRUPTIONS))]:
        gain = [styled - usual for styled, usual in zip(of("usual and styles", names), of("usual", names), strict=True)]
        rows.append((title, *(interval(of(arm, names)) for arm in ARMS), interval(gain)))
    return table(("test drawings", *ARMS, "styles add"), rows)


def told(accuracies: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in accuracies.items())


def counted(kinds: Tensor) -> str:
    return ", ".join(f"{int((kinds == row).sum())} of {kind}" for row, kind in enumerate(KINDS))


def shown(drawings: Drawings) -> list[tuple[str, Tensor]]:
    """A row of a drawing of every other kind: itself, styled, restyled, corrupted."""
    cells = []
    for row, kind in enumerate(KINDS):
        drawing = int((drawings.kinds == row).nonzero().flatten()[3])
        own = drawings.plain[drawing][None]
        of_it = [(kind, own), *(("styled", each[None]) for each in drawings.styled[drawing])]
        of_it += [("restyled", drawings.restyled[drawing][None])]
        of_it += [(name, CORRUPTIONS[name](own)) for name in ("noise", "blur", "contrast", "JPEG", "hue")]
        cells += [(name, each[0].float() / 255) for name, each in of_it]
    return cells


if __name__ == "__main__":
    tyro.cli(Robustness | Seconds, description=__doc__).run()
