"""Learning a style on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.fitting.config import FitConfig
from impasto.model.fitting.content import crops
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.perception.loss_network import LossNetworkMissing, load_weights
from impasto.model.prediction import file
from impasto.model.prediction.file import NoPredictor, TrainedPredictor
from impasto.model.prediction.moments import Look
from impasto.model.prediction.predictor import Predictor
from impasto.model.styles.pack import StylePack
from impasto.scripts import fetch
from impasto.scripts import fit as fit_command
from impasto.scripts.fit import Arguments
from tests.pictures import encoded, painting


@pytest.fixture
def fit(tiny_checkpoint_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Fits the file painting.png on a few small photos; the style pack it wrote."""

    def small(folder: Path | None, *, count: int = 4, side: int = 32, seed: int = 0) -> Tensor:
        return crops(folder, count=count, side=min(side, 48), seed=seed)

    def run(image: bytes, **arguments: object) -> Path:
        path = tmp_path / "Café painting.png"
        path.write_bytes(image)
        config = FitConfig(passes=1, batch=2)
        options = {"checkpoint": tiny_checkpoint_file, "device": "cpu", "config": config, **arguments}
        pack = tmp_path / "new" / "pack.safetensors"
        fit_command.run(Arguments(path, pack, **options))  # type: ignore[arg-type]
        return pack

    monkeypatch.setattr("impasto.model.fitting.content.crops", small)
    monkeypatch.setenv("IMPASTO_DATA_DIR", str(tmp_path))
    return run


def read(pack: Path, tiny_checkpoint: Checkpoint) -> StylePack:
    network_id, size = tiny_checkpoint.network_id, tiny_checkpoint.network.style_size
    return StylePack.from_bytes(pack.read_bytes(), network_id=network_id, style_size=size)


def test_a_painting_becomes_a_pack_with_its_verdict_and_a_picture(
    fit: Callable[..., Path], tiny_checkpoint: Checkpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    path = fit(encoded(painting()), title="My Style", artist="Zoë")
    pack = read(path, tiny_checkpoint)
    assert (pack.style.id, pack.style.title, pack.style.artist) == ("cafe-painting", "My Style", "Zoë")
    assert pack.fit.passes == 1 and pack.fit.config["batch"] == 2
    assert set(pack.fit.losses) == {"content_error", "style_distance"}
    assert pack.preview.startswith(b"\xff\xd8")
    assert pack.fit.grade in ("good", "fair", "poor")
    assert pack.fit.message in capsys.readouterr().out
    with Image.open(path.with_suffix(".preview.png")) as sheet:
        assert sheet.width > 3 * 300 and sheet.height > 300  # three pictures of the photo's size


def test_now_predicts_the_style_by_what_lies_beside_the_checkpoint_and_judges_it(
    fit: Callable[..., Path], tiny_checkpoint: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.safetensors"
    checkpoint.save(tiny_checkpoint, path)
    with pytest.raises(NoPredictor, match=r"there is no predictor at .*mine-predictor\.safetensors"):
        fit(encoded(painting()), checkpoint=path, now=True)
    predictor = Predictor.untrained(torch.rand(4, 1920), tiny_checkpoint.styles.vectors)
    look = Look.of(tiny_checkpoint.training.objective)
    file.save(TrainedPredictor(predictor, look, tiny_checkpoint.network_id), file.predictor_file(path))
    pack = read(fit(encoded(painting()), checkpoint=path, now=True), tiny_checkpoint)
    torch.testing.assert_close(pack.vector, tiny_checkpoint.styles.vectors.mean(dim=0))
    assert pack.fit.passes == 0 and pack.small is not None
    assert pack.fit.message in capsys.readouterr().out


def test_the_weights_that_were_fetched_are_used(
    fit: Callable[..., Path], tmp_path: Path, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch.run(fetch.Arguments())
    kept = tmp_path / "loss-network.safetensors"
    assert all(value.equal(load_weights()[name]) for name, value in load_weights(kept).items())
    with_cache = read(fit(encoded(painting())), tiny_checkpoint).vector
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    assert read(fit(encoded(painting())), tiny_checkpoint).vector.equal(with_cache)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (encoded(painting(height=64)), "at least 128"),
        (encoded(Image.new("RGB", (200, 200))), "one colour"),
        (b"no picture", "no picture"),
    ],
)
def test_what_is_no_painting_ends_with_a_reason_and_writes_nothing(
    fit: Callable[..., Path], tmp_path: Path, image: bytes, reason: str
) -> None:
    with pytest.raises(InvalidValue, match=reason):
        fit(image)
    assert not (tmp_path / "new").exists()


def test_a_damaged_loss_network_is_named(fit: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "loss-network.safetensors").write_bytes(b"cut short")
    with pytest.raises(LossNetworkMissing, match="`impasto fetch` writes it anew"):
        fit(encoded(painting()))


def test_no_style_has_the_id_of_a_painting_given_along(fit: Callable[..., Path]) -> None:
    with pytest.raises(InvalidValue, match="--id painting is what paintings are called"):
        fit(encoded(painting()), id="painting")


def test_an_id_that_is_none_is_refused(fit: Callable[..., Path]) -> None:
    with pytest.raises(InvalidValue, match="a style id is lower-case"):
        fit(encoded(painting()), id="My Style")
