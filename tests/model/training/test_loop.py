"""The training loop on a tiny network: what it writes, and what it survives."""

from __future__ import annotations

import io
import json
import logging
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.model.errors import InvalidValue
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint
from impasto.model.network.config import NetworkConfig
from impasto.model.network.style_network import StyleNetwork
from impasto.model.network.training_record import TrainingRecord
from impasto.model.perception.config import BalanceConfig, ObjectiveConfig
from impasto.model.perception.objective import Losses, Objective
from impasto.model.pictures.images import UndecodableImage
from impasto.model.styles.style import Style
from impasto.model.styles.table import StyleTable
from impasto.model.training import loop, updates
from impasto.model.training.config import RunConfig, TrainingConfig
from impasto.model.training.loop import train
from impasto.model.training.updates import TrainingCollapsed
from tests.pictures import opened, write_paintings, write_photos
from tests.processes import command

ROOT = Path(__file__).parents[3]
CONFIG = TrainingConfig(
    steps=6,
    batch=2,
    crop=32,
    painted_over=0,
    held_out=2,
    network=NetworkConfig((4, 6, 8), 1),
    objective=ObjectiveConfig(painting_size=64),
    balance=BalanceConfig(pictures=2),
)
FLAGS = ["--batch=2", "--crop=32", "--painted-over=0", "--held-out=2", "--network.widths", "4", "6", "8",
         "--network.residual-blocks=1", "--objective.painting-size=64", "--balance.pictures=2", "--device=cpu",
         "--workers=0"]  # fmt: skip
PAINTING_OVER = replace(CONFIG, crop=64, painted_over=0.5)
OVER = ["--crop=64", "--painted-over=0.5"]


@pytest.fixture
def run(photos: Path, paintings: Path, tmp_path: Path) -> RunConfig:
    return RunConfig(
        paintings, photos, tmp_path / "run", device="cpu", workers=0, log_every=1, save_every=2, preview_every=3
    )


@pytest.fixture(scope="module")
def finished(photos: Path, paintings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a whole run of CONFIG; to be read only."""
    output = tmp_path_factory.mktemp("finished") / "run"
    run = RunConfig(paintings, photos, output, device="cpu", workers=0, log_every=2, save_every=2, preview_every=3)
    train(CONFIG, run)
    return output


def trained(folder: Path) -> Checkpoint:
    return checkpoint.load(folder / "checkpoint.safetensors")


def metrics_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def everything(one: Checkpoint) -> Tensor:
    """All numbers of a checkpoint in one vector."""
    return torch.cat(
        [*(weight.flatten() for weight in one.network.parameters()), one.styles.vectors.flatten()]
    ).detach()


class Faulty(Objective):
    """An objective whose gradients are not numbers in some steps, counted from 0."""

    steps: Sequence[int] = ()

    def forward(self, painted: Tensor, photos: Tensor, rows: Tensor, strengths: Tensor | None = None) -> Losses:
        losses: Losses = super().forward(painted, photos, rows, strengths)
        self.calls = getattr(self, "calls", -1) + 1
        return replace(losses, total=losses.total * math.nan) if self.calls in self.steps else losses


def make_faulty(monkeypatch: pytest.MonkeyPatch, steps: Sequence[int]) -> None:
    monkeypatch.setattr(Faulty, "steps", steps)
    monkeypatch.setattr(loop, "Objective", Faulty)


# What a run writes


def test_a_run_writes_a_checkpoint_of_its_styles(finished: Path) -> None:
    result = trained(finished)
    assert result.styles.ids == ("style-0", "style-1")
    assert result.network.config == CONFIG.network


def test_the_checkpoint_records_how_it_came_to_be(finished: Path) -> None:
    training = trained(finished).training
    assert training.steps == 6
    assert training.config["seed"] == 0
    assert training.objective.painting_size == 64
    assert training.losses.keys() == {"total", "content", "style", "content_error", "style_distance"}
    assert training.style_losses.keys() == {"style-0", "style-1"}
    assert training.held_out == ("photo-0.jpg", "photo-3.jpg")
    assert training.started_from is None


def test_training_changes_the_convolutions_and_every_style(finished: Path) -> None:
    torch.manual_seed(CONFIG.seed)
    start = StyleNetwork(CONFIG.network)
    result = trained(finished)
    for before, after in zip(start.parameters(), result.network.parameters(), strict=True):
        assert not torch.equal(before, after)
    assert (result.styles.vectors != start.identity_style()).float().mean(dim=1).min() > 0.9
    assert not torch.equal(*result.styles.vectors)


def test_metrics_are_a_line_every_so_many_steps_with_the_losses_of_each_style(finished: Path) -> None:
    lines = metrics_of(finished)
    assert [line["step"] for line in lines] == [2, 4, 6]
    for line in lines:
        assert line["skipped"] == 0
        assert line["total"] > line["content"] + line["style"] > 0  # the rest is the variation of colour
        assert line["images_per_second"] > 0
        assert 0 <= line["waiting_for_data"] <= 1
        mean = sum(style["total"] for style in line["styles"].values()) / 2  # 4 images: each style twice
        assert line["total"] == pytest.approx(mean, rel=1e-6)


def test_styles_are_balanced_on_the_way_and_the_strengths_recorded(finished: Path) -> None:
    lines = [line["strengths"] for line in metrics_of(finished)]
    assert lines[-1] != lines[0]
    assert lines[-1] == trained(finished).training.strengths
    assert lines[-1].keys() == {"style-0", "style-1"}


def test_previews_are_a_grid_of_held_out_photos_by_styles(finished: Path) -> None:
    assert sorted(path.name for path in (finished / "previews").iterdir()) == ["step-000003.jpg", "step-000006.jpg"]
    assert opened((finished / "previews/step-000006.jpg").read_bytes()).size == ((1 + 2) * 32, 2 * 32)


def test_nothing_unfinished_is_left(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names == {"checkpoint.safetensors", "state.pt", "metrics.jsonl", "photos.json", "previews"}


def test_a_state_or_preview_may_come_before_the_first_metrics(run: RunConfig) -> None:
    train(replace(CONFIG, steps=2), replace(run, save_every=1, preview_every=1, log_every=50))
    assert [line["step"] for line in metrics_of(run.output)] == [2]


def test_the_rates_fall_to_zero_in_the_cooldown(finished: Path) -> None:
    """The 6th of 6 steps has 1/6 of the steps left, of which the last quarter is the cooldown."""
    groups = torch.load(finished / "state.pt", weights_only=True)["optimizer"]["param_groups"]
    assert [group["lr"] for group in groups] == pytest.approx([1e-3 * 4 / 6, 5e-3 * 4 / 6])


def test_the_loss_falls(run: RunConfig) -> None:
    equal = BalanceConfig(rate=0)  # otherwise the loss itself changes on the way
    train(replace(CONFIG, steps=20, style_learning_rate=0.05, balance=equal), replace(run, log_every=5))
    first, *_, last = metrics_of(run.output)
    assert last["total"] < 0.9 * first["total"]


def test_the_same_seed_gives_the_same_network_and_another_seed_another(finished: Path, run: RunConfig) -> None:
    train(CONFIG, run)
    assert torch.equal(everything(trained(run.output)), everything(trained(finished)))
    train(replace(CONFIG, seed=1), replace(run, output=run.output / "other"))
    assert not torch.equal(everything(trained(run.output / "other")), everything(trained(finished)))


def test_without_a_terminal_a_line_is_logged_every_so_many_steps(
    run: RunConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    train(replace(CONFIG, steps=4), replace(run, log_every=2))
    lines = [record.message for record in caplog.records if record.message.startswith("step ")]
    assert [line.split(",")[0] for line in lines] == ["step 2", "step 4"]
    assert "images_per_second" in lines[0]


def test_on_a_terminal_a_progress_bar_shows_both_errors(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    train(replace(CONFIG, steps=2), run)
    assert "2/2" in terminal.getvalue()
    assert "C 0." in terminal.getvalue() or "C 1." in terminal.getvalue()


# Interrupted and resumed


@pytest.fixture
def killed(run: RunConfig) -> RunConfig:
    """A run of 20 steps by the command, killed without warning after a few."""
    folders = ["--styles", run.styles, "--content", run.content, "--output", run.output]
    every = ["--steps", "20", "--log-every", "1", "--save-every", "1"]
    errors = run.output.with_name("errors")
    process = command("train", *map(str, folders), *FLAGS, *OVER, *every, settings={}, errors=errors)
    metrics = run.output / "metrics.jsonl"
    while process.poll() is None and not (metrics.exists() and metrics.read_bytes().count(b"\n") >= 4):
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL, errors.read_text("utf-8")
    return run


def test_a_killed_run_goes_on_to_what_it_would_have_been(killed: RunConfig, tmp_path: Path) -> None:
    config = replace(PAINTING_OVER, steps=20)
    state = torch.load(killed.output / "state.pt", weights_only=True)
    assert 1 <= state["step"] < 20
    train(config, killed)
    train(config, replace(killed, output=tmp_path / "whole"))
    assert torch.equal(everything(trained(killed.output)), everything(trained(tmp_path / "whole")))
    assert [line["step"] for line in metrics_of(killed.output)] == list(range(1, 21))


def test_what_was_measured_after_the_last_state_is_forgotten(
    run: RunConfig, monkeypatch: pytest.MonkeyPatch, finished: Path
) -> None:
    def interrupt(self: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop._Run, "_preview", interrupt)  # at step 3; the last state is of step 2
        with pytest.raises(KeyboardInterrupt):
            train(CONFIG, run)
    with (run.output / "metrics.jsonl").open("a") as file:
        file.write('{"step": 1, "cut sho')
    train(CONFIG, run)
    assert [line["step"] for line in metrics_of(run.output)] == [1, 2, 3, 4, 5, 6]
    assert torch.equal(everything(trained(run.output)), everything(trained(finished)))


def test_a_resumed_run_does_not_decode_its_photos_again(run: RunConfig, tmp_path: Path) -> None:
    run = replace(run, content=write_photos(tmp_path / "content", 6))
    train(replace(CONFIG, steps=2), run)
    for path in run.content.iterdir():  # what cannot be decoded would be refused, and other photos another run
        before = path.stat()
        path.write_bytes(bytes(before.st_size))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(UndecodableImage):  # what is read after that look: photos that were kept out
        train(replace(CONFIG, steps=2), run)


def test_a_finished_run_is_left_as_it_is(run: RunConfig) -> None:
    path = train(CONFIG, run)
    before = path.read_bytes()
    assert train(CONFIG, run) == path
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "other",
    [
        replace(CONFIG, steps=7),
        replace(CONFIG, seed=1),
        replace(CONFIG, network=NetworkConfig((4, 6, 10), 1)),
        replace(CONFIG, objective=replace(CONFIG.objective, painting_size=65)),
    ],
)
def test_resuming_with_another_configuration_is_refused(finished: Path, run: RunConfig, other: TrainingConfig) -> None:
    before = (finished / "checkpoint.safetensors").read_bytes()
    with pytest.raises(ValueError, match="another configuration"):
        train(other, replace(run, output=finished))
    assert (finished / "checkpoint.safetensors").read_bytes() == before


def test_resuming_with_another_painting_of_the_same_number_is_refused(finished: Path, run: RunConfig) -> None:
    renamed = run.output / "styles"
    renamed.mkdir(parents=True)
    for n, painting in enumerate(sorted(run.styles.glob("*.png"))):
        (renamed / f"other-{n}.png").write_bytes(painting.read_bytes())
    with pytest.raises(ValueError, match="other paintings"):
        train(CONFIG, replace(run, output=finished, styles=renamed))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"steps": 0}, "at least 1"),
        ({"batch": 0}, "at least 1"),
        ({"crop": 31}, "at least 32"),
        ({"painted_over": 1.1}, "painted-over and varied are shares"),
        ({"varied": -0.1}, "painted-over and varied are shares"),
        ({"painted_over": 0.5}, "crops under 64 pixels cannot be painted over"),
        ({"average": 1.0}, "below 1"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(CONFIG, **wrong)


# What is painted over, and averaged


def test_crops_that_are_painted_over_are_told_apart_and_balance_nothing(run: RunConfig) -> None:
    all_over = replace(CONFIG, crop=64, painted_over=1, steps=2)
    result = checkpoint.load(train(all_over, run))
    for line in metrics_of(run.output):
        assert line["over_content_error"] > 0 < line["over_style_distance"]
        assert "content_error" not in line and line["images_per_second"] > 0
    assert set(result.training.strengths.values()) == {1.0}


def test_paintings_are_compared_at_their_own_sizes_and_twice_as_large_where_they_are_painted_over(
    run: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    class Noting(Objective):
        def __init__(self, config: ObjectiveConfig, paintings: Sequence[Tensor]) -> None:
            sizes.extend(min(painting.shape[1:]) for painting in paintings)
            super().__init__(config, paintings)

    monkeypatch.setattr(loop, "Objective", Noting)
    own = replace(CONFIG.objective, painting_sizes={"style-1": 96})
    result = checkpoint.load(train(replace(PAINTING_OVER, steps=1, objective=own), run))
    assert sizes == [64, 96, 128, 128]  # the files have no more
    assert result.training.objective.painting_sizes == {"style-1": 96}
    unknown = replace(CONFIG.objective, painting_sizes={"style-9": 96})
    with pytest.raises(InvalidValue, match=r"objective\.painting-sizes: there is no painting style-9"):
        train(replace(CONFIG, objective=unknown), replace(run, output=run.output / "other"))
    with pytest.raises(InvalidValue, match="sizes of at least 32 pixels"):
        replace(CONFIG.objective, painting_sizes={"style-1": 0})


def test_what_a_run_gives_is_the_average_of_its_weights(run: RunConfig) -> None:
    """Of two steps, the second's count for a part that is left by (1 + 1) / (10 + 1) of the first's."""
    config = replace(CONFIG, steps=2, cooldown=0)
    given = checkpoint.load(train(config, run))
    state = torch.load(run.output / "state.pt", weights_only=True)
    assert torch.equal(state["average"]["module.vectors"], given.styles.vectors)
    assert int(state["average"]["n_averaged"]) == 2
    last = state["painters"]["vectors"]
    train(replace(config, average=0), replace(run, output=run.output / "last"))
    assert torch.equal(trained(run.output / "last").styles.vectors, last)
    assert 0 < float((last - given.styles.vectors).abs().mean()) < 5e-3


# Starting from another network


@pytest.fixture
def start(tmp_path: Path) -> Path:
    torch.manual_seed(9)
    network = StyleNetwork(CONFIG.network)
    styles = [Style("style-1", "One"), Style("elsewhere", "Elsewhere")]
    path = tmp_path / "start.safetensors"
    checkpoint.save(Checkpoint(network, StyleTable(styles, torch.randn(2, network.style_size))), path)
    return path


def test_a_run_can_start_from_a_network_and_the_styles_it_shares(run: RunConfig, start: Path) -> None:
    still = replace(CONFIG, steps=1, learning_rate=0, style_learning_rate=0)
    result = checkpoint.load(train(still, replace(run, start_from=start)))
    origin = checkpoint.load(start)
    assert result.network_id == origin.network_id
    assert torch.equal(result.styles.vectors[1], origin.styles.vectors[0])  # style-1
    assert torch.equal(result.styles.vectors[0], origin.network.identity_style())
    assert result.training.started_from == "start.safetensors"


def test_a_run_goes_on_with_the_strengths_of_the_styles_it_shares(run: RunConfig, start: Path) -> None:
    origin = replace(checkpoint.load(start), training=TrainingRecord(strengths={"style-1": 3.0, "elsewhere": 2.0}))
    checkpoint.save(origin, start)
    still = replace(CONFIG, steps=1, balance=BalanceConfig(rate=0))
    result = checkpoint.load(train(still, replace(run, start_from=start)))
    assert result.training.strengths == {"style-0": 1.0, "style-1": 3.0}


def test_a_start_of_another_shape_is_refused(run: RunConfig, start: Path) -> None:
    with pytest.raises(ValueError, match=r"start\.safetensors has NetworkConfig"):
        train(replace(CONFIG, network=NetworkConfig((4, 6, 8), 2)), replace(run, start_from=start))


# What goes wrong


def test_a_step_without_finite_gradients_is_skipped_and_counted(
    run: RunConfig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make_faulty(monkeypatch, [2])
    train(CONFIG, run)
    assert [line["skipped"] for line in metrics_of(run.output)] == [0, 0, 1, 1, 1, 1]
    assert everything(trained(run.output)).isfinite().all()
    assert "step 2 skipped: its gradients are not finite" in caplog.text


def test_a_skipped_step_changes_nothing(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    make_faulty(monkeypatch, [0])
    result = checkpoint.load(train(replace(CONFIG, steps=1), run))
    torch.manual_seed(CONFIG.seed)
    start = StyleNetwork(CONFIG.network)
    assert result.network_id == checkpoint.network_id(start)
    assert torch.equal(result.styles.vectors, start.identity_style().expand(2, -1))


def test_losses_that_are_not_finite_do_not_reach_the_averages(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    make_faulty(monkeypatch, [2, 5])
    train(CONFIG, replace(run, log_every=3))
    for line in metrics_of(run.output):
        assert math.isfinite(line["total"])
    assert all(math.isfinite(value) for value in trained(run.output).training.losses.values())


def test_metrics_of_nothing_finite_are_left_out(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    make_faulty(monkeypatch, [1])
    path = train(replace(CONFIG, steps=2), run)
    first, second = metrics_of(run.output)
    assert "total" in first
    assert "total" not in second
    assert checkpoint.load(path).training.losses == {}


def test_bad_steps_in_a_row_stop_the_run(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    make_faulty(monkeypatch, range(3, 1000))
    monkeypatch.setattr(updates, "COLLAPSED_STEPS", 5)
    with pytest.raises(TrainingCollapsed, match=r"5 steps in a row, up to step 7, .* not finite .* learning rate"):
        train(replace(CONFIG, steps=100), run)
    assert everything(trained(run.output)).isfinite().all()


def test_a_good_step_among_bad_ones_lets_the_run_go_on(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    make_faulty(monkeypatch, [1, 2, 3, 4, 6, 7])
    monkeypatch.setattr(updates, "COLLAPSED_STEPS", 5)
    train(replace(CONFIG, steps=9), run)
    assert metrics_of(run.output)[-1]["skipped"] == 6


def test_a_network_that_paints_one_flat_colour_is_stopped(run: RunConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a γ of zero in the last layer nothing is left of the photo but β, here orange; rates of zero keep it so."""

    def orange(network: StyleNetwork) -> torch.Tensor:
        vector = torch.zeros(network.style_size)
        vector[-3:] = torch.tensor([2.0, 0.3, -2.0])
        return vector

    monkeypatch.setattr(updates, "COLLAPSED_STEPS", 5)
    monkeypatch.setattr(StyleNetwork, "identity_style", orange)
    with pytest.raises(TrainingCollapsed, match="one flat colour"):
        train(replace(CONFIG, steps=9, learning_rate=0, style_learning_rate=0), run)
    assert metrics_of(run.output)[-1]["skipped"] == 0


def test_broken_files_are_named_and_the_rest_is_trained_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content, styles = write_photos(tmp_path / "content", 3), write_paintings(tmp_path / "styles", 2)
    (content / "broken.jpg").write_text("no picture")
    (styles / "style-0.png").write_bytes(b"")
    run = RunConfig(styles, content, tmp_path / "run", device="cpu", workers=0)
    result = checkpoint.load(train(replace(CONFIG, steps=1), run))
    assert result.styles.ids == ("style-1",)
    assert "broken.jpg" in caplog.text
    assert "style-0.png" in caplog.text


def test_a_batch_that_the_processes_cannot_share_is_refused(run: RunConfig) -> None:
    place = loop._Place(torch.device("cpu"), rank=0, world=3)
    with pytest.raises(ValueError, match="batch of 2 cannot be shared equally by 3"):
        loop._Run(CONFIG, run, place)


# Several processes


def test_two_processes_learn_what_one_learns_and_look_at_the_photos_once(run: RunConfig, tmp_path: Path) -> None:
    run = replace(run, content=write_photos(tmp_path / "content", 6))
    (run.content / "broken.jpg").touch()
    # Without the lines, whose energy in so small a crop turns its sign with the last bit of bfloat16
    config = replace(PAINTING_OVER, batch=4, steps=4, objective=replace(CONFIG.objective, line_weight=0))
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--standalone",
        "-m",
        "impasto",
        "train",
    ]
    folders = ["--styles", run.styles, "--content", run.content, "--output", run.output]
    flags = [*FLAGS, *OVER, "--steps", "4", "--batch", "4", "--log-every", "1", "--objective.line-weight", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [*command, *map(str, folders), *flags], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr.count("refused 1 of the 7 pictures") == 1
    train(config, replace(run, output=tmp_path / "alone"))

    torch.manual_seed(config.seed)
    network = StyleNetwork(config.network)
    start = everything(
        Checkpoint(network, StyleTable(trained(run.output).styles.styles, network.identity_style().repeat(2, 1)))
    )
    together, alone = everything(trained(run.output)), everything(trained(tmp_path / "alone"))
    assert (together - alone).abs().mean() < 0.2 * (alone - start).abs().mean()  # 0.7 if they did not share gradients
    for one, other in zip(metrics_of(run.output), metrics_of(tmp_path / "alone"), strict=True):
        total = "total" if "total" in other else "over_content_error"
        assert one[total] == pytest.approx(other[total], rel=0.02 if total == "total" else 0.2)  # the latter is its own
        assert one["styles"].keys() == other["styles"].keys()
