"""Learn a new style from one painting, without a service.

    impasto fit painting.jpg --id my-style -o my-style.safetensors
    impasto fit painting.jpg --now -o my-style.safetensors          # predicted at a glance, not fitted

writes a style pack and, beside it, a picture: the painting, a photo, and the photo in the style. Any service with the
same network takes the pack: `impasto styles import my-style.safetensors`, or, over HTTP,
curl -T my-style.safetensors localhost:8000/v1/styles/my-style/pack
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated

import tyro

from impasto.model.fitting.config import PASSES, FitConfig
from impasto.model.network.config import SHIPPED


@dataclass(frozen=True)
class Arguments:
    painting: tyro.conf.Positional[Path]
    """The painting: any format that can be read."""
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """The style pack to write; the picture is written beside it, as .preview.png."""
    id: str | None = None
    """The style's id. Default: made of the file's name."""
    title: str = ""
    """Default: the id."""
    artist: str = ""
    year: str = ""
    licence: str = ""
    source: str = ""
    """Where the painting is from."""
    now: bool = False
    """Leave it at what the predictor beside the checkpoint, NAME-predictor.safetensors, tells of the painting at a
    glance; else the fit begins there."""
    content: Path | None = None
    """Folder of photos to fit on. Default: five that come with Impasto."""
    checkpoint: Path = SHIPPED
    """The network to fit to."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    config: FitConfig = field(default_factory=FitConfig)


def run(arguments: Arguments) -> None:
    from tqdm import tqdm

    from impasto.app.painting.previews import read_photo, small
    from impasto.app.settings import read_settings
    from impasto.model.errors import InvalidValue
    from impasto.model.files import write_whole
    from impasto.model.fitting.content import crops
    from impasto.model.fitting.fitter import Fitter, Start
    from impasto.model.fitting.verdict import judge
    from impasto.model.network import checkpoint
    from impasto.model.perception.loss_network import load_weights
    from impasto.model.pictures import images
    from impasto.model.pictures.contact_sheet import contact_sheet
    from impasto.model.pictures.resize import center_crop
    from impasto.model.prediction import file
    from impasto.model.prediction.style_predictor import StylePredictor
    from impasto.model.styles.guest import PAINTING
    from impasto.model.styles.paintings import read_painting
    from impasto.model.styles.style import Style, slug

    style_id = arguments.id or slug(arguments.painting.stem)
    if style_id == PAINTING:
        if arguments.id:
            raise InvalidValue(f"--id {PAINTING} is what paintings are called that are given along; choose another")
        style_id = f"a-{PAINTING}"
    known = {name: getattr(arguments, name) for name in ("artist", "year", "licence", "source")}
    style = Style(style_id, arguments.title or style_id, **known)
    painting = read_painting(arguments.painting.read_bytes())
    source = checkpoint.load(arguments.checkpoint)
    beside = file.predictor_file(arguments.checkpoint)
    predictor = file.load(beside, source) if arguments.now else file.find(arguments.checkpoint, source)
    config = replace(arguments.config, passes=PASSES["none"]) if arguments.now else arguments.config
    weights = load_weights(read_settings().loss_network_file)
    fitter = Fitter(
        source,
        painting.rgb,
        crops(arguments.content),
        weights=weights,
        config=config,
        device=arguments.device,
    )
    start = None
    if predictor:
        vector = StylePredictor(predictor, weights=weights, device=arguments.device).predict(painting.rgb)
        start = Start.predicted(vector, source.styles)
    state = fitter.begin(start)
    with tqdm(total=config.passes, unit="pass", disable=None) as bar:
        while not state.finished:
            state = fitter.advance(state)
            bar.update()
            bar.set_postfix_str(", ".join(f"{name} {value:.3f}" for name, value in state.losses.items()))
    verdict = judge(fitter, state.vector, crops(arguments.content, count=4, side=256, seed=1))
    photo = read_photo()
    painted = photo.with_rgb(fitter.paint(state.vector, photo.rgb[None])[0])
    pack = fitter.pack(style, state, asdict(verdict), small(images.encode(painted, "png")))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    write_whole(arguments.output, pack.to_bytes())
    shown = center_crop(painting.rgb, *photo.size)
    sheet = contact_sheet([("painting", shown), ("photo", photo.rgb), (style_id, painted.rgb)], columns=3)
    sheet.save(arguments.output.with_suffix(".preview.png"))
    print(f"{arguments.output}: {verdict.message}")
