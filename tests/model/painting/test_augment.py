"""Styles as a transform of torchvision: of whatever its transforms take, by seeds, in workers and after the loader."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint, CheckpointError, NoSmallNetwork, save
from impasto.model.painting import augment
from impasto.model.painting.augment import StyleAugment
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.color import brightness
from impasto.model.styles.table import UnknownStyle
from tests.pictures import photo


def batch(count: int = 3, height: int = 40, width: int = 48) -> Tensor:
    """(N, 3, H, W), uint8."""
    photos = [torch.from_numpy(photo(n, height=height, width=width)) for n in range(count)]
    return torch.stack(photos).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def always(tiny_checkpoint_file: Path) -> StyleAugment:
    return StyleAugment(p=1.0, alpha=1.0, checkpoint=tiny_checkpoint_file)


def seeded(transform: Any, *inputs: Any, seed: int = 0) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return transform(*inputs)


def test_a_single_style_at_full_strength_is_its_painting(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path
) -> None:
    transform = StyleAugment(p=1.0, alpha=1.0, styles=["the-scream"], checkpoint=tiny_checkpoint_file)
    images = batch() / 255
    vector = tiny_checkpoint.styles.blend({"the-scream": 1.0})
    expected = Stylizer(tiny_checkpoint.network, device="cpu").paint(images, vector.expand(3, -1))
    torch.testing.assert_close(transform(images), expected, rtol=0, atol=1e-5)


def test_each_image_of_a_batch_has_a_style_of_its_own(always: StyleAugment) -> None:
    same = batch(1).expand(4, -1, -1, -1)
    styled = seeded(always, same)
    assert all(not torch.equal(styled[n], styled[m]) for n in range(4) for m in range(n))


def test_a_seed_repeats_a_batch_bit_for_bit(always: StyleAugment) -> None:
    assert torch.equal(seeded(always, batch()), seeded(always, batch()))
    assert not torch.equal(seeded(always, batch(), seed=1), seeded(always, batch()))


def test_p_says_how_many_are_styled_and_the_others_stay_bit_for_bit(tiny_checkpoint_file: Path) -> None:
    images = batch(1, 32, 32).expand(40, -1, -1, -1)
    same = (seeded(StyleAugment(p=0.25, checkpoint=tiny_checkpoint_file), images) == images).all((1, 2, 3))
    assert 22 <= int(same.sum()) <= 38
    never = StyleAugment(p=0.0, checkpoint=tiny_checkpoint_file)
    assert torch.equal(never(images), images)


def test_alpha_mixes_the_painting_with_the_image(tiny_checkpoint_file: Path, always: StyleAugment) -> None:
    images = batch() / 255
    third = StyleAugment(p=1.0, alpha=1 / 3, checkpoint=tiny_checkpoint_file)
    torch.testing.assert_close(seeded(third, images), images.lerp(seeded(always, images), 1 / 3), rtol=0, atol=1e-5)
    within = StyleAugment(p=1.0, alpha=(0.2, 0.4), checkpoint=tiny_checkpoint_file)
    drawn = within.make_params([batch(50)])["alpha"]
    assert 0.2 <= float(drawn.min()) < 0.25 and 0.35 < float(drawn.max()) <= 0.4


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.uint8])
def test_what_comes_out_is_of_the_same_kind_size_and_range(always: StyleAugment, dtype: torch.dtype) -> None:
    images = batch() if dtype == torch.uint8 else (batch() / 255).to(dtype)
    styled = seeded(always, images)
    assert (styled.shape, styled.dtype) == (images.shape, dtype)
    scale = 255 if dtype == torch.uint8 else 1
    torch.testing.assert_close(styled.double() / scale, seeded(always, batch() / 255).double(), rtol=0, atol=0.05)


def test_boxes_masks_keypoints_and_labels_pass_through_untouched(always: StyleAugment) -> None:
    sample = {
        "image": tv_tensors.Image(batch(1)[0]),
        "boxes": tv_tensors.BoundingBoxes([[1, 2, 30, 20]], format="XYXY", canvas_size=(40, 48)),
        "mask": tv_tensors.Mask(torch.randint(2, (1, 40, 48), dtype=torch.uint8)),
        "points": tv_tensors.KeyPoints([[3, 4]], canvas_size=(40, 48)),
        "labels": torch.tensor([7]),
        "name": "cat",
    }
    styled = seeded(always, sample)
    assert all(styled[name] is sample[name] for name in sample if name != "image")
    assert isinstance(styled["image"], tv_tensors.Image) and not torch.equal(styled["image"], sample["image"])
    images, labels = seeded(always, batch(), torch.arange(3))
    assert torch.equal(images, seeded(always, batch())) and labels.tolist() == [0, 1, 2]


def test_frames_of_a_video_share_a_style(always: StyleAugment) -> None:
    frame = batch(1)
    video = tv_tensors.Video(frame.expand(3, -1, -1, -1))
    styled = seeded(always, video)
    assert isinstance(styled, tv_tensors.Video)
    assert all(torch.equal(each, seeded(always, frame[0])) for each in styled.as_subclass(Tensor))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_pillows_pictures_keep_their_mode_and_opacity(always: StyleAugment, mode: str) -> None:
    picture = PIL.Image.fromarray(photo(height=33, width=47)).convert(mode)
    if "A" in mode:
        picture.putalpha(PIL.Image.linear_gradient("L").resize(picture.size))
    styled = seeded(always, picture)
    assert (styled.mode, styled.size) == (mode, (47, 33))
    assert styled.tobytes() != picture.tobytes()
    if "A" in mode:
        assert styled.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


def test_grey_images_are_painted_by_their_brightness(always: StyleAugment) -> None:
    grey = brightness(batch() / 255)
    expected = brightness(seeded(always, grey.expand(-1, 3, -1, -1)))
    torch.testing.assert_close(seeded(always, grey), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (1, 40), (31, 500)])
def test_tiny_images_come_out_in_their_own_size(always: StyleAugment, size: tuple[int, int]) -> None:
    styled = seeded(always, batch(2, *size))
    assert styled.shape == (2, 3, *size)


def test_strokes_of_another_size_are_painted_at_another_size(tiny_checkpoint_file: Path, always: StyleAugment) -> None:
    fine = StyleAugment(p=1.0, alpha=1.0, stroke=0.5, checkpoint=tiny_checkpoint_file)
    images = batch() / 255
    assert 0.01 < float((seeded(fine, images) - seeded(always, images)).abs().mean()) < 0.5


def test_an_empty_batch_stays_empty(always: StyleAugment) -> None:
    assert always(torch.zeros(0, 3, 40, 40)).shape == (0, 3, 40, 40)


def test_a_network_can_be_trained_with_what_comes_out(always: StyleAugment) -> None:
    images = (batch() / 255).requires_grad_()
    network = nn.Conv2d(3, 2, 3)
    styled = always(images)
    network(styled).sum().backward()
    assert network.weight.grad is not None and not styled.requires_grad and images.grad is None


def test_the_small_network_paints_if_it_is_asked_for(tiny_checkpoint_file: Path, always: StyleAugment) -> None:
    small = StyleAugment(p=1.0, alpha=1.0, network="small", checkpoint=tiny_checkpoint_file)
    assert not torch.equal(seeded(small, batch()), seeded(always, batch()))


def test_it_stands_among_other_transforms(tiny_checkpoint_file: Path) -> None:
    pipeline = v2.Compose(
        [
            v2.ToImage(),
            v2.RandomResizedCrop(36),
            StyleAugment(p=1.0, draw="gaussian", checkpoint=tiny_checkpoint_file),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.5] * 3, [0.5] * 3),
        ]
    )
    styled = seeded(pipeline, PIL.Image.fromarray(photo()))
    assert styled.shape == (3, 36, 36) and styled.dtype == torch.float32


def test_the_network_is_loaded_once_a_process(tiny_checkpoint_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(path: Path) -> Checkpoint:
        loads.append(path)
        return load(path)

    loads: list[Path] = []
    load = checkpoint.load
    augment._source.cache_clear()
    augment._stylizer.cache_clear()
    monkeypatch.setattr(checkpoint, "load", counted)
    for _ in range(3):
        StyleAugment(p=1.0, checkpoint=tiny_checkpoint_file)(batch())
    assert len(loads) == 1


class Photos(Dataset[tuple[Tensor, int, int]]):
    """The same photo again and again, styled: with its number, and how many threads its process has."""

    def __init__(self, transform: StyleAugment) -> None:
        self.transform = transform

    def __len__(self) -> int:
        return 4

    def __getitem__(self, n: int) -> tuple[Tensor, int, int]:
        return self.transform(batch(1)[0]), n, torch.get_num_threads()


def test_workers_style_by_their_seeds(always: StyleAugment) -> None:
    def epoch() -> Tensor:
        torch.manual_seed(5)
        loader = DataLoader(Photos(always), batch_size=2, num_workers=2, multiprocessing_context="fork")
        batches = list(loader)
        assert all(threads.tolist() == [1, 1] for _, _, threads in batches)
        return torch.cat([images for images, *_ in batches])

    seeded(always, batch())  # this process has computed with it before
    with torch.random.fork_rng(devices=[]):
        styled = epoch()
        assert torch.equal(styled, epoch())
    assert all(not torch.equal(styled[n], styled[m]) for n in range(4) for m in range(n))


def test_it_is_pickled_without_the_network(always: StyleAugment) -> None:
    data = pickle.dumps(always)
    assert len(data) < 100_000
    assert torch.equal(seeded(pickle.loads(data), batch()), seeded(always, batch()))


@pytest.mark.parametrize(
    ("choices", "fault"),
    [
        ({"p": 1.5}, "p is between 0 and 1, not 1.5"),
        ({"p": float("nan")}, "p is between 0 and 1, not nan"),
        ({"alpha": -0.1}, "alpha is a number from 0 to 1, or the least and the most of it, not -0.1"),
        ({"alpha": (0.8, 0.2)}, r"not \(0.8, 0.2\)"),
        ({"alpha": (0.1, 0.2, 0.3)}, r"not \(0.1, 0.2, 0.3\)"),
        ({"alpha": float("nan")}, "not nan"),
        ({"styles": "great-wave"}, r"write styles=\['great-wave'\]"),
        ({"styles": []}, "name at least one"),
        ({"styles": ["great-wave", "great-wave"]}, "none twice"),
        ({"styles": ["great-wave"], "draw": "gaussian"}, "one style has no covariance"),
        ({"draw": "uniform"}, "from hull or gaussian, not 'uniform'"),
        ({"concentration": 0}, "concentration is a number from 0.01 on, not 0"),
        ({"stroke": 9}, "stroke is a number from 0.25 to 4"),
    ],
    ids=str,
)
def test_choices_that_cannot_be_are_refused(tiny_checkpoint_file: Path, choices: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidValue, match=fault):
        StyleAugment(checkpoint=tiny_checkpoint_file, **choices)


def test_what_is_not_in_the_checkpoint_is_refused(
    tiny_checkpoint: Checkpoint, tiny_checkpoint_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnknownStyle, match="did you mean great-wave"):
        StyleAugment(styles=["great-wav"], checkpoint=tiny_checkpoint_file)
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        StyleAugment(checkpoint=tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no checkpoint")
    with pytest.raises(CheckpointError, match="damaged"):
        StyleAugment(checkpoint=tmp_path / "text.safetensors")
    save(Checkpoint(tiny_checkpoint.network, tiny_checkpoint.styles), tmp_path / "alone.safetensors")
    with pytest.raises(NoSmallNetwork):
        StyleAugment(network="small", checkpoint=tmp_path / "alone.safetensors")


@pytest.mark.parametrize(
    ("inputs", "fault"),
    [
        ((torch.zeros(40, 40),), r"images are tensors \(…, C, H, W\) of 1 to 4 channels, not \(40, 40\)"),
        ((torch.zeros(40, 40, 5),), "of 1 to 4 channels"),
        ((torch.zeros(5, 40, 40),), r"not \(5, 40, 40\)"),
        ((torch.zeros(3, 0, 40),), r"not \(3, 0, 40\)"),
        ((torch.zeros(3, 40, 40, dtype=torch.int64),), "of uint8, or of floating point in .* not of torch.int64"),
        ((torch.zeros(3, 40, 40, dtype=torch.bool),), "not of torch.bool"),
        ((torch.full((3, 40, 40), 255.0),), "not from 255 to 255; style them before"),
        ((torch.linspace(-2, 2.5, 4800).view(3, 40, 40),), "not from -2 to 2.5"),
        ((torch.full((3, 40, 40), float("nan")),), "not from nan to nan"),
        ((PIL.Image.new("P", (40, 40)),), r"of mode P are not styled; convert them, image.convert\('RGB'\)"),
        ((PIL.Image.new("I;16", (40, 40)),), "of mode I;16"),
        ((tv_tensors.Mask(torch.zeros(40, 40)),), "without an image"),
        ((np.zeros((40, 40, 3), np.uint8),), "without an image"),
        (
            (tv_tensors.Image(torch.zeros(3, 40, 40)), tv_tensors.Image(torch.zeros(2, 3, 40, 40))),
            "of 1 and of 2 images",
        ),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value,
)
def test_what_is_no_image_is_refused(always: StyleAugment, inputs: tuple[Any, ...], fault: str) -> None:
    with pytest.raises(InvalidValue, match=fault):
        always(*inputs)


def test_what_resizing_overshoots_is_no_fault(always: StyleAugment) -> None:
    images = (batch() / 255) * 1.3 - 0.15
    styled = always(images)
    assert float(styled.min()) >= 0 and float(styled.max()) <= 1


def test_the_facade_loads_nothing_until_it_is_asked_for_it() -> None:
    code = "import sys, impasto; impasto.ImpastoError; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_batches_on_a_gpu_are_styled_there(always: StyleAugment) -> None:
    styled = seeded(always, batch().cuda())
    assert styled.is_cuda and styled.dtype == torch.uint8
    assert float((styled.cpu().float() - seeded(always, batch()).float()).abs().mean()) < 5
