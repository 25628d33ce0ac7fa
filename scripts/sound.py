"""Make one sound in the manner of another, by optimisation.

    impasto sound speech.wav --style organ.wav -o out.wav
    impasto sound speech.wav --style organ.flac -o out.mp3 --spectrogram out.png

What happens when is the one's, what it sounds like the other's. Needs the extra `audio`; docs/sound.md shows what to
expect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from impasto.model.errors import InvalidValue, about
from impasto.model.sound.config import SoundConfig

if TYPE_CHECKING:
    from torch import Tensor

    from impasto.model.optimization.descent import DescentStep

SEEN = 200, 800
"""Height and width of a spectrogram in pixels."""


@dataclass(frozen=True)
class Arguments:
    content: tyro.conf.Positional[Path]
    """The sound whose speech, notes or beats are kept: WAV, FLAC, OGG, MP3, AIFF, ..."""
    style: Path
    """What it is to sound like."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The file to write: .wav, .flac, .ogg or .mp3."""
    spectrogram: Path | None = None
    """Write a picture of all three too: .jpg, .png or .webp."""
    every: int | None = None
    """Write the sound every so many steps too, as out.00050.wav beside it."""
    longest: float = 60
    """Seconds; a longer sound is not begun."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: tyro.conf.OmitArgPrefixes[SoundConfig] = field(default_factory=SoundConfig)


def run(arguments: Arguments) -> None:
    from impasto.model.network.allocator import keep_freed_memory
    from impasto.model.network.device import find_device
    from impasto.model.pictures.contact_sheet import contact_sheet
    from impasto.model.pictures.picture import Picture, to_tensor
    from impasto.model.sound import files
    from impasto.model.sound.ear import Ear
    from impasto.model.sound.limits import check_length
    from impasto.model.sound.packages import check_packages
    from impasto.model.sound.spectrogram import spectrogram
    from impasto.model.sound.transfer import SoundTransfer
    from impasto.scripts import pictures
    from impasto.scripts.following import OnTheWay, follow

    keep_freed_memory()
    check_packages()
    output, config = arguments.output, arguments.config
    on_the_way = OnTheWay(arguments.every, output)
    pictures.check_target(output, files.FORMATS, what="sounds")
    if arguments.spectrogram is not None:
        pictures.check_target(arguments.spectrogram)
    if any(
        output.exists() and path.exists() and output.samefile(path) for path in (arguments.content, arguments.style)
    ):
        raise InvalidValue(f"{output} would be overwritten by what is made of it; choose another output")
    ear = Ear(config).to(find_device(arguments.device))
    for path, optimizer in ((arguments.content, config.optimizer), (arguments.style, None)):
        found = files.facts(path)
        with about(str(path)):
            check_length(found, ear, config, optimizer, longest=arguments.longest)
    content, style = (files.read(path, config.sample_rate) for path in (arguments.content, arguments.style))
    transfer = SoundTransfer(content, style, ear, config)

    def write(progress: DescentStep, path: Path) -> Tensor:
        sound = transfer.sound(progress)
        pictures.put(files.encode(files.limited(sound), config.sample_rate, path.suffix.lower()), path)
        return sound

    def show(progress: DescentStep) -> None:
        if path := on_the_way.after(progress.step):
            write(progress, path)

    last = follow(transfer.run(), steps=transfer.steps, show=show)
    made = write(last, output)
    if arguments.spectrogram is not None:
        sounds = {arguments.content.name: content, arguments.style.name: style, output.name: made}
        cells = [(name, spectrogram(each, config.sample_rate, *SEEN)) for name, each in sounds.items()]
        pictures.write(Picture.from_rgb(to_tensor(contact_sheet(cells, columns=1))), arguments.spectrogram)
    losses = ", ".join(f"{name} {value:.3g}" for name, value in last.losses.items())
    above = 20 * math.log10(made.abs().max() / files.PEAK)
    print(f"{output}: {losses}" + (f"; turned down by {above:.1f} dB, so that nothing is cut off" if above > 0 else ""))
