"""What `impasto video` does."""

from __future__ import annotations

import json
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from impasto.model.errors import InvalidValue
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.painting.finish import check_strength
from impasto.model.painting.stroke import check_stroke
from impasto.model.styles.shares import parse_shares
from impasto.model.video.packages import check_packages
from impasto.scripts.loading import load
from impasto.scripts.video import Arguments

FRAMES, PIXELS = 10**9, 64_000_000
"""How much is begun: seconds are the limit."""


def paint(arguments: Arguments) -> None:
    """Paint a film. Raises InvalidValue, UnknownStyle, VideoError, DiskFull, OSError."""
    if bool(arguments.style) == bool(arguments.from_ or arguments.to) or bool(arguments.from_) != bool(arguments.to):
        raise InvalidValue("give either --style, or both --from and --to")
    check_strength(arguments.strength)
    check_stroke(arguments.stroke)
    check_packages()
    from impasto.model.video.config import Limits, MotionConfig
    from impasto.model.video.continuity import Continuity
    from impasto.model.video.painting import check_output, open_video, paint_video

    check_output(arguments.output)
    film = arguments.film
    if arguments.output.exists() and arguments.output.samefile(film):
        raise InvalidValue(f"{arguments.output} would overwrite the film with its painting; choose another output")
    source = open_video(film, Limits(arguments.longest, FRAMES, PIXELS))
    both, stylizer = load(arguments.checkpoint, device=arguments.device, precision=arguments.precision)
    network = both.of("small" if arguments.small else "large")
    first, last = (_blend(network, each or arguments.style) for each in (arguments.from_, arguments.to))
    motion = MotionConfig(flow=arguments.flow)
    look = {name: getattr(arguments, name) for name in ("strength", "preserve_color", "stroke")}
    about = film.stat()
    told = [film.name, about.st_size, about.st_mtime_ns, network.network_id, str(motion), look]
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    with tqdm(total=len(source.clip.times), unit="frame", disable=None) as bar:
        paint_video(
            film,
            source,
            arguments.output,
            Continuity(stylizer, motion, **look),
            lambda share: torch.lerp(first, last, share),
            told=json.dumps([*told, first.tolist(), last.tolist()]),
            progress=lambda done, _: _show(bar, done),
        )


def _blend(network: Checkpoint, texts: tuple[str, ...]) -> Tensor:
    return network.styles.blend(parse_shares(texts))


def _show(bar: tqdm[Any], done: int) -> None:
    if bar.n == 0 and done > 1:
        bar.initial = done - 1  # what was there already tells nothing of the time that is left
        bar.n = done - 1
    bar.update(done - bar.n)
