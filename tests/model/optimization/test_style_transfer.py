"""A photo becomes like its paintings, by every choice there is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.optimization import memory, schedule
from impasto.model.optimization.config import Method, Stop, TransferConfig
from impasto.model.optimization.descent import FIRST_STEP, DescentStep, Diverged
from impasto.model.optimization.memory import TooLarge
from impasto.model.optimization.neighbors import NeighborTerm, SplitTerm
from impasto.model.optimization.style_transfer import StyleTransfer
from impasto.model.perception.loss_network import LossNetwork, LossNetworkMissing
from impasto.model.perception.losses import gram
from impasto.model.pictures.color import LUMA
from impasto.model.pictures.resize import fit
from impasto.model.styles.blend import InvalidWeights

CONFIG = TransferConfig(
    content_layers=("relu2_1",), style_layers=("relu1_1", "relu2_1"), sizes=1, precision="float32", stop=Stop(steps=12)
)


@pytest.fixture
def make(vgg_weights: dict[str, Tensor], small_photo: Tensor, small_painting: Tensor) -> Any:
    """A transfer of the small photo into the small painting, with other choices."""

    def transfer(paintings: list[Tensor] | None = None, *, shares: Any = None, **choices: Any) -> StyleTransfer:
        return StyleTransfer(
            small_photo, paintings or [small_painting], replace(CONFIG, **choices), shares=shares, weights=vgg_weights
        )

    return transfer


def last(transfer: StyleTransfer, resume: DescentStep | None = None) -> DescentStep:
    *_, progress = transfer.run(resume)
    return progress


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"pooling": "max"},
        {"start": "painting"},
        {"start": "noise"},
        {"optimizer": "adam"},
        {"style_scale": 0.6},
        {"variation_exponent": 0.5},
        {"content_layers": ("relu1_1=0.3", "relu2_1=0.7"), "style_layers": ("relu2_1=2",)},
    ],
)
def test_every_choice_lowers_what_is_minimised(make: Any, choices: dict[str, Any]) -> None:
    transfer = make(**choices)
    seen = list(transfer.run())
    assert len(seen) == transfer.steps == 12
    assert set(seen[0].losses) == {"content", "style", "variation", "range"}
    assert sum(float(loss) for loss in transfer.objective((48, 64))(seen[-1].variable).values()) < seen[0].total
    picture = transfer.picture(seen[-1])
    assert picture.shape == (3, 48, 64)
    assert picture.min() >= 0 and picture.max() <= 1


NEIGHBORS = {"method": "neighbors", "style_layers": ("relu1_1", "relu2_1", "relu3_1")}


@pytest.mark.parametrize(
    ("choices", "losses"),
    [
        ({"method": "mrf", "style_layers": ("relu3_1",)}, ["content", "patches", "variation", "range"]),
        (NEIGHBORS, ["neighbors", "variation", "range"]),
    ],
)
def test_every_method_makes_the_picture_more_like_the_painting_and_says_in_what(
    make: Any, choices: dict[str, Any], losses: list[str]
) -> None:
    transfer = make(**choices)
    seen = list(transfer.run())
    assert len(seen) == transfer.steps
    begun = transfer.objective((48, 64))(transfer._at((48, 64)))
    ended = transfer.objective((48, 64))(seen[11].variable)
    assert list(seen[0].losses) == list(ended) == losses
    assert float(ended[losses[-3]]) < 0.8 * float(begun[losses[-3]])
    assert torch.equal(seen[-1].variable, last(make(**choices)).variable)


@pytest.mark.parametrize("start", ["noise", "painting"])
@pytest.mark.parametrize("choices", [{"method": "mrf", "style_layers": ("relu3_1",)}, NEIGHBORS])
def test_every_method_begins_where_it_is_to(make: Any, choices: dict[str, Any], start: str) -> None:
    stop = Stop(steps=2)
    first, other = (next(make(**choices, start=start, seed=seed, stop=stop).run()).variable for seed in (1, 2))
    assert torch.equal(first, next(make(**choices, start=start, seed=1, stop=stop).run()).variable)
    assert torch.equal(first, other) == (start == "painting")


@pytest.mark.parametrize("choices", [{"method": "mrf", "style_layers": ("relu3_1",)}, NEIGHBORS])
def test_every_method_blends_paintings_by_their_shares(
    make: Any, choices: dict[str, Any], small_painting: Tensor
) -> None:
    paintings, stop = [small_painting, 1 - small_painting.flip(0)], Stop(steps=4)
    alone, first, half = (
        last(make(those, shares=shares, stop=stop, **choices)).variable
        for those, shares in ((paintings[:1], None), (paintings, [1, 0]), (paintings, [0.5, 0.5]))
    )
    assert torch.equal(alone, first)
    assert not torch.allclose(first, half, atol=1e-3)


def test_neighbours_are_sought_layer_by_layer_at_the_end(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "SMALLEST", 16)
    transfer = make(**NEIGHBORS, sizes=2)
    assert [stage.size for stage in transfer.plan] == [(24, 32), (48, 64), (48, 64)]
    assert [stage.stop.steps for stage in transfer.plan] == [12, 6, 3]
    fixed, again = (transfer.objective((48, 64), last=last).terms for last in (False, True))
    assert isinstance(fixed[0], NeighborTerm) and [type(term) for term in again[:3]] == [SplitTerm] * 3


def test_what_neighbours_are_sought_for_has_some_of_the_picture_but_at_first(make: Any, small_photo: Tensor) -> None:
    begin = small_photo.flip(1)[None]
    transfer = make(**NEIGHBORS, sizes=1)
    alike = [transfer.objective((48, 64), each).terms[0].target for each in (None, begin)]
    assert torch.equal(*alike)
    transfer.plan.insert(0, schedule.Stage((24, 32), Stop()))
    whole, some = (make(**NEIGHBORS, photo_share=share) for share in (1.0, 0.0))
    for each in (whole, some):
        each.plan.insert(0, transfer.plan[0])
    assert torch.equal(whole.objective((48, 64), begin).terms[0].target, alike[0])
    assert not torch.equal(some.objective((48, 64), begin).terms[0].target, alike[0])


def test_a_narrow_painting_has_as_few_sizes_as_it_can_be_looked_at_in(make: Any, small_painting: Tensor) -> None:
    narrow = small_painting[:, :24]
    for method, layers in (("mrf", ("relu2_1",)), ("neighbors", ("relu2_1",))):
        transfer = make([narrow], method=method, style_layers=layers, sizes=None, size=256)
        assert min(stage.size[1] * 24 / 64 for stage in transfer.plan) >= 32


def test_it_begins_at_the_photo_the_painting_or_seeded_noise(make: Any, small_photo: Tensor) -> None:
    first = {
        start: next(make(start=start, seed=seed).run()).variable
        for start, seed in (("photo", 0), ("painting", 0), ("noise", 1))
    }
    assert (first["photo"][0] - small_photo).abs().mean() < 2 * FIRST_STEP
    assert torch.equal(first["noise"], next(make(start="noise", seed=1).run()).variable)
    assert not torch.equal(first["noise"], next(make(start="noise", seed=2).run()).variable)
    assert first["painting"].shape == (1, 3, 48, 64)
    assert not torch.allclose(first["painting"][0], small_photo, atol=0.1)


def test_alpha_and_beta_decide_between_photo_and_painting(make: Any) -> None:
    faithful, painted = (last(make(style_weight=weight)) for weight in (0.1, 1000.0))
    start = next(make().run())
    assert painted.losses["style"] / 1000 < 0.5 * faithful.losses["style"] / 0.1
    assert faithful.losses["content"] < painted.losses["content"]
    assert start.losses["content"] < 1e-3


def test_shares_decide_between_paintings(make: Any, small_painting: Tensor) -> None:
    paintings = [small_painting, 1 - small_painting.flip(0)]

    def distances(share: float) -> list[float]:
        picture = last(make(paintings, shares=[share, 1 - share])).variable
        ends = (make([painting]).objective((48, 64))(picture)["style"] for painting in paintings)
        return [float(end) for end in ends]

    first, half, second = distances(1.0), distances(0.5), distances(0.0)
    assert first[0] < half[0] < second[0]
    assert second[1] < half[1] < first[1]


def test_without_shares_paintings_count_equally(make: Any, small_painting: Tensor) -> None:
    paintings = [small_painting, small_painting.flip(2)]
    assert torch.equal(last(make(paintings)).variable, last(make(paintings, shares=[0.5, 0.5])).variable)
    with pytest.raises(InvalidWeights):
        make(paintings, shares=[0.5, 0.2])
    with pytest.raises(InvalidWeights, match="2 shares for 1 paintings"):
        make(shares=[0.3, 0.7])


def test_colours_are_the_photos_when_they_are_to_be_kept(make: Any, small_photo: Tensor) -> None:
    transfer = make(preserve_color=True)
    kept = transfer.picture(last(transfer))
    luma = torch.tensor(LUMA).view(3, 1, 1)
    chroma, own = (each - (each * luma).sum(0) for each in (kept, small_photo))
    agreement = torch.cosine_similarity(chroma.flatten(), own.flatten(), dim=0)
    assert agreement > 0.97


def test_it_goes_from_coarse_to_fine(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "SMALLEST", 16)
    transfer = make(sizes=2)
    seen = list(transfer.run())
    assert transfer.steps == 18
    assert [tuple(progress.variable.shape[2:]) for progress in seen] == [(24, 32)] * 12 + [(48, 64)] * 6


@pytest.mark.parametrize(("size", "shape"), [(None, (48, 64)), (48, (36, 48))])
def test_a_picture_has_the_size_asked_for_or_the_photos_own(
    make: Any, size: int | None, shape: tuple[int, int]
) -> None:
    assert make(size=size).plan[-1].size == shape


def test_it_resumes_from_a_picture(make: Any) -> None:
    transfer = make()
    half = list(transfer.run())[5]
    resumed = list(transfer.run(DescentStep(half.step, {}, transfer.picture(half)[None])))
    assert [progress.step for progress in resumed] == list(range(7, 13))
    assert resumed[-1].total < half.total


def test_the_painting_is_looked_at_in_the_scale_that_was_chosen(
    make: Any, small_painting: Tensor, vgg_weights: dict[str, Tensor]
) -> None:
    _, shallow, *_ = make(style_scale=0.5).objective((48, 64)).terms
    seen = LossNetwork(["relu1_1"], vgg_weights)(fit(small_painting, 32)[None])["relu1_1"]
    torch.testing.assert_close(shallow.grams, gram(seen))


def test_what_does_not_fit_into_memory_is_refused_before_anything_is_made(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "memory_free", lambda device: 1_000_000)
    with pytest.raises(
        TooLarge, match=r"picture at 64 × 48 pixels needs about .* the largest of that shape that fits is \d+ × \d+"
    ):
        make()


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"content_layers": ("relu9_1",)}, "has no layer relu9_1"),
        ({"style_layers": ("relu1_1=x",)}, "weight of relu1_1 is 'x'"),
        ({"style_weight": -1.0}, "numbers of at least 0"),
        ({"content_weight": math.nan}, "numbers of at least 0"),
        ({"style_layers": ("relu1_1=nan",)}, "weight of relu1_1 is 'nan'"),
        ({"rate": -1.0}, "rate is -1"),
        ({"rate": math.nan}, "rate is nan"),
        ({"sizes": 0}, "at least one size"),
        ({"style_scale": 1e4}, "the painting at 640000 × 640000 pixels needs about"),
        ({"style_scale": 0.0}, "above 0"),
        ({"sizes": 3}, "choose fewer"),
        ({"style_scale": 0.1}, "larger scale"),
        ({"photo_share": 1.5}, "from 0 to 1"),
        ({"photo_share": math.nan}, "from 0 to 1"),
    ],
)
def test_what_cannot_work_is_said(make: Any, choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(make(**choices).run())


@pytest.mark.parametrize("method", ["gram", "mrf", "neighbors"])
def test_the_least_that_can_be_painted_and_paintings_of_one_colour_are_no_fault(
    vgg_weights: dict[str, Tensor], small_painting: Tensor, method: Method
) -> None:
    config = TransferConfig(method=method, precision="float32", stop=Stop(steps=2))
    for painting in (small_painting, torch.full((3, 40, 40), 0.5)):
        seen = last(StyleTransfer(torch.rand(3, 32, 32), [painting], config, weights=vgg_weights))
        assert math.isfinite(seen.total) and seen.variable.isfinite().all()


@pytest.mark.parametrize("method", ["gram", "mrf", "neighbors"])
def test_what_is_no_number_is_reported_and_not_painted(make: Any, small_photo: Tensor, method: Method) -> None:
    transfer = make(method=method, style_layers=("relu2_1",))
    transfer._photo = small_photo.clone().fill_(math.nan)
    with pytest.raises(Diverged, match="became nan at step 0"):
        last(transfer)


def test_a_network_that_is_not_there_names_its_file(
    small_photo: Tensor, small_painting: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(LossNetworkMissing, match=r"VGG-19's weights are not at .*vgg19-dcbb9e9d\.pth"):
        StyleTransfer(small_photo, [small_painting], replace(CONFIG, network="vgg19"))


@pytest.mark.real_loss_network
def test_the_real_loss_network_paints_a_photo(
    small_photo: Tensor, small_painting: Tensor, real_vgg_weights: dict[str, Tensor]
) -> None:
    config = TransferConfig(stop=Stop(steps=40))
    seen = list(StyleTransfer(small_photo, [small_painting], config, weights=real_vgg_weights).run())
    assert seen[-1].losses["style"] < 0.2 * seen[0].losses["style"]
