"""What holds still while frames are painted one after the other."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.fast_network import FastNetwork
from impasto.model.painting.stylizer import Stylizer
from impasto.model.pictures.picture import Picture
from impasto.model.pictures.resize import resize
from impasto.model.video.config import MotionConfig
from impasto.model.video.continuity import Continuity
from impasto.model.video.steadiness import warping_error
from impasto.scripts.studies.motions import filmed
from tests.films import panned


@pytest.fixture(scope="module")
def stylizer(tiny_checkpoint: Checkpoint) -> Stylizer:
    return Stylizer.of(tiny_checkpoint, device="cpu", precision="float32")


@pytest.fixture(scope="module")
def wave(tiny_checkpoint: Checkpoint) -> Tensor:
    return tiny_checkpoint.styles.blend({"great-wave": 1})


BOTH = pytest.mark.parametrize("flow", [False, True], ids=["held", "flow"])


def painted(stylizer: Stylizer, vector: Tensor, frames: list[Tensor], **motion: object) -> list[Tensor]:
    continuity = Continuity(stylizer, MotionConfig(**motion))  # type: ignore[arg-type]
    return [continuity.paint(Picture(frame), vector).pixels for frame in frames]


@BOTH
def test_a_still_picture_thirty_times_is_one_picture_thirty_times(stylizer: Stylizer, wave: Tensor, flow: bool) -> None:
    still = panned(1) * 30
    first, *others = painted(stylizer, wave, still, flow=flow)
    assert all(other.equal(first) for other in others)


def test_a_still_picture_painted_anew_in_each_frame_stays_the_same_too(stylizer: Stylizer, wave: Tensor) -> None:
    (still,) = panned(1)
    continuity = Continuity(stylizer, MotionConfig())
    first = continuity.paint(Picture(still), wave)
    for _ in range(20):
        continuity.restore({**continuity.state(), "vector": wave + 1})  # so that it is not what was painted last
        assert continuity.paint(Picture(still), wave).pixels.equal(first.pixels)


PAINTED = pytest.mark.parametrize("whole", [1, 8], ids=["each frame whole", "what changes"])


@PAINTED
def test_who_walks_into_the_picture_changes_nothing_far_away(
    stylizer: Stylizer, wave: Tensor, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.model.video.continuity.WHOLE", whole)
    empty = torch.from_numpy(panned(1, height=48, width=256)[0].numpy().copy())
    crossed = empty.clone()
    crossed[:, :40] = torch.tensor([250, 240, 30], dtype=torch.uint8)
    far = slice(160, None)
    before, after = painted(stylizer, wave, [empty, crossed], pace=0)
    alone = [stylizer.stylize(Picture(frame), wave).pixels for frame in (empty, crossed)]
    assert after[:, far].equal(before[:, far])
    assert not alone[1][:, far].equal(alone[0][:, far])


def panorama(count: int) -> list[Tensor]:
    return panned(count, height=160, width=256)


def crossing(count: int, scene: Tensor | None = None) -> list[Tensor]:
    """A thing that falls through a scene at which the camera stands still."""
    scene = panorama(1)[0] if scene is None else scene
    frames = [scene.clone() for _ in range(count)]
    for number, frame in enumerate(frames):
        frame[4 * number : 4 * number + 24, 20:44] = torch.tensor([250, 240, 30], dtype=torch.uint8)
    return frames


@BOTH
def test_while_the_camera_stands_still_only_what_changes_is_painted(
    stylizer: Stylizer, wave: Tensor, flow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def watched(network: FastNetwork, images: Tensor, *others: Any) -> Tensor:
        seen.append(images.shape[2] * images.shape[3])
        return paint(network, images, *others)

    paint = FastNetwork.paint_held
    monkeypatch.setattr(FastNetwork, "paint_held", watched)
    frames = crossing(12)
    found = painted(stylizer, wave, frames, flow=flow)
    pixels = frames[0].shape[0] * frames[0].shape[1]
    assert [number for number, count in enumerate(seen) if count == pixels] == [0, 8]
    assert max(count for count in seen if count < pixels) < 0.6 * pixels
    far = slice(140, None)
    assert all(picture[:, far].equal(found[0][:, far]) for picture in found[1:8])


def test_what_moves_is_painted_as_in_the_whole(
    stylizer: Stylizer, wave: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = crossing(8)
    parts = painted(stylizer, wave, frames, pace=0)
    monkeypatch.setattr("impasto.model.video.continuity.WHOLE", 1)
    whole = painted(stylizer, wave, frames, pace=0)
    for one, other in zip(parts, whole, strict=True):
        apart = (one.float() - other.float()).abs()
        assert apart.mean() < 0.5
        assert apart.quantile(0.99) < 8


def test_a_camera_that_comes_to_rest_has_the_scene_where_it_lies(stylizer: Stylizer, wave: Tensor) -> None:
    moving = panorama(4)
    continuity, away, unrest = Continuity(stylizer, MotionConfig()), [], []
    for frame in moving + crossing(10, moving[-1]):
        continuity.paint(Picture(frame), wave)
        state = continuity.state()
        away.append(bool((state["place"] != torch.eye(3)).any()))
        unrest.append(int(state["unrest"]))
    assert (unrest[0], unrest[1], unrest[-1]) == (0, 8, 0)
    assert away == [number > 0 for number in unrest]


def test_another_style_is_seen_everywhere_at_once(stylizer: Stylizer, tiny_checkpoint: Checkpoint) -> None:
    continuity, frames = Continuity(stylizer, MotionConfig()), crossing(2)
    one, other = (tiny_checkpoint.styles.vectors[row] for row in (0, 1))
    before = continuity.paint(Picture(frames[0]), one).pixels
    assert not continuity.paint(Picture(frames[1]), other).pixels[:, 140:].equal(before[:, 140:])


def test_what_a_camera_moves_past_is_painted_as_it_was(stylizer: Stylizer, wave: Tensor) -> None:
    step, frames = 3, panned(6, height=64, width=96)
    where = torch.stack(torch.meshgrid(torch.arange(96.0), torch.arange(64.0), indexing="xy"), dim=-1)
    move = where - torch.tensor([step, 0]), (where[..., 0] >= step).float()

    def error(paintings: list[Tensor]) -> float:
        inner = [painting[16:48, 24:72] for painting in paintings]
        places = move[0][16:48, 24:72] - torch.tensor([24, 16])
        inside = (places[..., 0] >= 0).float()
        return warping_error([Picture(each).rgb for each in inner], [(places, inside)] * (len(frames) - 1))

    alone = [stylizer.stylize(Picture(frame), wave).pixels for frame in frames]
    assert error(painted(stylizer, wave, frames)) < 0.3 * error(alone)
    assert error(painted(stylizer, wave, frames, flow=True)) < 0.3 * error(alone)


def test_a_camera_that_turns_and_zooms_flickers_much_less(stylizer: Stylizer, wave: Tensor) -> None:
    scene = resize(torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0)), 240)
    film = filmed(scene, (128, 96), 6, lambda t: (0.995**t, 0.5 * t, 0.6 * t, 0.0))

    def error(paintings: list[Tensor]) -> float:
        return warping_error([Picture(each).rgb for each in paintings], film.moves)

    alone = [stylizer.stylize(Picture(frame), wave).pixels for frame in film.frames]
    assert error(painted(stylizer, wave, film.frames)) < 0.5 * error(alone)


def test_what_has_turned_too_far_is_painted_as_it_lies(stylizer: Stylizer, wave: Tensor) -> None:
    film = filmed(
        resize(torch.rand(3, 24, 32, generator=torch.Generator().manual_seed(0)), 240),
        (128, 96),
        8,
        lambda t: (1.0, 1.0 * t, 0.0, 0.0),
    )
    continuity, turned = Continuity(stylizer, MotionConfig()), []
    for frame in film.frames:
        continuity.paint(Picture(frame), wave)
        turned.append(bool((continuity.state()["place"] != torch.eye(3)).any()))
    assert turned[1:4] == [True] * 3
    assert not all(turned[1:])


@PAINTED
def test_a_sensors_noise_is_painted_as_stillness(
    stylizer: Stylizer, wave: Tensor, whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("impasto.model.video.continuity.WHOLE", whole)
    (still,) = panned(1, height=96, width=160)
    random = torch.Generator().manual_seed(0)
    frames = [(still + 3 * torch.randn(still.shape, generator=random)).clamp(0, 255).byte() for _ in range(6)]
    found = [picture.float() for picture in painted(stylizer, wave, frames)]
    alone = [stylizer.stylize(Picture(frame), wave).pixels.float() for frame in frames]
    apart, apart_alone = ((each[5] - each[4]).square().mean() for each in (found, alone))
    assert apart < 0.2 * apart_alone


def test_at_a_cut_all_begins_anew(stylizer: Stylizer, wave: Tensor) -> None:
    one = panned(4)
    other = [255 - frame.flip(0) for frame in one]
    assert painted(stylizer, wave, other + one, flow=True)[4].equal(painted(stylizer, wave, one, flow=True)[0])


@BOTH
@pytest.mark.parametrize("camera", ["moves", "stands still", "comes to rest"])
def test_it_goes_on_from_its_state_to_the_last_bit(stylizer: Stylizer, wave: Tensor, flow: bool, camera: str) -> None:
    moving = panorama(3)
    resting = moving + crossing(12, moving[-1])
    frames = {"moves": panned(12), "stands still": crossing(12), "comes to rest": resting}[camera]
    config = MotionConfig(flow=flow)
    whole = Continuity(stylizer, config)
    expected = [whole.paint(Picture(frame), wave).pixels for frame in frames]
    first = Continuity(stylizer, config)
    for frame in frames[:5]:
        first.paint(Picture(frame), wave)
    later = Continuity(stylizer, config)
    later.restore(load(save(first.state())))
    assert all(later.paint(Picture(f), wave).pixels.equal(e) for f, e in zip(frames[5:], expected[5:], strict=True))


def test_before_the_first_frame_there_is_no_state(stylizer: Stylizer, wave: Tensor) -> None:
    continuity = Continuity(stylizer, MotionConfig())
    assert continuity.state() == {}
    continuity.restore({})
    (frame,) = panned(1)
    assert continuity.paint(Picture(frame), wave).size == (64, 48)


def test_strokes_of_several_levels_are_held_too(stylizer: Stylizer, wave: Tensor) -> None:
    frames = panned(3, height=80, width=120)
    for stroke in (2.0, 0.5):
        continuity = Continuity(stylizer, MotionConfig(flow=True), stroke=stroke, strength=0.8, preserve_color=True)
        later = Continuity(stylizer, MotionConfig(flow=True), stroke=stroke, strength=0.8, preserve_color=True)
        *_, before = [continuity.paint(Picture(frame), wave) for frame in frames[:2]]
        state = continuity.state()
        levels = {key.split()[1] for key in state if key.startswith(("held ", "window ", "level "))}
        assert levels == ({"0"} if stroke == 0.5 else {"0", "1"})
        later.restore(load(save(state)))
        one, other = (each.paint(Picture(frames[2]), wave).pixels for each in (continuity, later))
        assert one.equal(other) and not one.equal(before.pixels)


def test_transparency_is_kept(stylizer: Stylizer, wave: Tensor) -> None:
    (frame,) = panned(1)
    alpha = torch.full((48, 64), 128, dtype=torch.uint8)
    continuity = Continuity(stylizer, MotionConfig())
    for _ in range(2):
        painting = continuity.paint(Picture(frame, alpha), wave)
        assert painting.alpha is not None and painting.alpha.equal(alpha)
    later = Continuity(stylizer, MotionConfig())
    later.restore(load(save(continuity.state())))
    assert later.paint(Picture(frame, alpha), wave).pixels.equal(painting.pixels)
