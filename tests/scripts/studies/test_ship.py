"""What is looked at before a network is replaced."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
import tyro

from impasto.model.errors import InvalidValue
from impasto.model.evaluation import report
from impasto.model.evaluation.evaluate import Evaluation
from impasto.model.evaluation.report import Section
from impasto.model.network import checkpoint
from impasto.model.network.checkpoint import Checkpoint, small_file
from impasto.model.perception.config import ObjectiveConfig
from impasto.model.prediction.file import predictor_file
from impasto.model.training.config import TrainingConfig
from impasto.scripts import evaluate, train, train_predictor
from impasto.scripts.studies import (
    augmentation,
    chromium,
    filmstrip,
    gallery,
    learned,
    methods,
    optimization,
    page,
    photorealism,
    prediction,
    refit,
    regions,
    ship,
    steadiness,
    strokes,
    student,
)
from impasto.scripts.studies.ship import (
    Arguments,
    Stage,
    StageFailed,
    Workshop,
    flags,
    goals,
    losses,
    lost_goals,
    summary,
)
from tests.networks import TINY_SMALL
from tests.pictures import encoded, photo


def evaluation(distance: float, content_error: float) -> Evaluation:
    values = torch.ones(2, 3, dtype=torch.float64)
    rows = torch.arange(2)[:, None].expand(2, 3)
    distances = values * torch.tensor([[distance], [0.5]], dtype=torch.float64)
    return Evaluation(("one", "two"), 256, values * 9, distances, values * content_error, values, values, rows)


def written(distance: float, content_error: float = 0.6) -> str:
    found = evaluation(distance, content_error)
    text = f"### At 256 pixels\n\n{report.style_table(found)}\n\n### At 512 pixels\n\nothers"
    return report.document("# Evaluation", [Section("Style and content losses", text, report.loss_goals(found))])


def test_goals_and_losses_are_read_from_a_report() -> None:
    found = goals(written(0.5))
    assert found["D at most 0.58, mean of the styles"] == ("0.500", True)
    assert len(found) == 6 and all(met for _, met in found.values())
    assert losses(written(0.7)) == {"one": (0.7, 0.6), "two": (0.5, 0.6)}
    with pytest.raises(InvalidValue, match="it has no goals"):
        goals("# Something else\n")


def test_a_goal_that_was_met_and_is_not_any_more_or_is_not_looked_at_is_lost() -> None:
    before = goals(written(0.5))
    assert lost_goals(before, goals(written(0.6))) == []  # the mean of the styles is 0.55
    assert lost_goals(before, goals(written(0.9))) == [
        "D at most 0.58, mean of the styles",
        "C + D at most 1.28, mean of the styles",
        "D at most 0.85 in every style",
    ]
    assert lost_goals(goals(written(0.9)), before) == []
    assert lost_goals(before, {}) == [*before]


def test_the_summary_has_all_goals_and_the_styles_that_got_better_or_worse() -> None:
    lines = [" ".join(line.split()) for line in summary(written(0.5), written(0.6)).splitlines()]
    assert "| D at most 0.58, mean of the styles | 0.500 | 0.550 | yes |" in lines
    assert "No style got better." in lines
    assert lines[-1] == "| one | 0.50, 0.60 | 0.60, 0.60 |"
    assert "No style got worse." in summary(written(0.6), written(0.5))


def test_the_next_training_is_asked_for_as_the_last_one_was() -> None:
    objective = ObjectiveConfig(painting_sizes={"klee-senecio": 256, "other": 300}, gram_energy=None)
    config = TrainingConfig(steps=7, batch=3, learning_rate=2e-4, objective=objective, painted_over=0.5)
    folders = ["--styles", "a", "--content", "b", "--output", "c"]
    parsed = tyro.cli(train.Arguments, args=[*folders, "--steps", "7", *flags(asdict(config), but=("steps",))])
    assert parsed.config == config
    without = replace(config, objective=ObjectiveConfig())
    assert (
        tyro.cli(train.Arguments, args=[*folders, "--steps", "7", *flags(asdict(without), but=("steps",))]).config
        == without
    )


# Stages


@pytest.fixture
def asked(tmp_path: Path, photos: Path, paintings: Path, tiny_checkpoint_file: Path) -> Arguments:
    documents, large = tmp_path / "docs", tmp_path / "large"
    documents.mkdir()
    large.mkdir()
    (large / "one.png").write_bytes(encoded(photo(height=2048, width=2048)))
    return Arguments(
        paintings,
        photos,
        large,
        others=paintings,
        portrait=large / "one.png",
        launch=large / "one.png",
        clips=(large / "one.png", large / "one.png"),
        clipart=large,
        work=tmp_path / "work",
        documents=documents,
        shipped=tiny_checkpoint_file,
        device="cpu",
    )


def test_a_stage_is_run_once_and_again_when_its_command_or_what_it_reads_is_another(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    workshop, file = Workshop(tmp_path), tmp_path / "read"
    file.write_text("one")
    for command in (("this",), ("this",), ("calendar", "2026", "1")):
        workshop.run(Stage("said", command, (file,)))
    file.write_text("two")
    here = workshop.run(Stage("said", ("calendar", "2026", "1"), (file,)))
    ran = [line for line in capfd.readouterr().err.splitlines() if line.startswith("said: ")]
    assert ran == ["said: this", "said: calendar 2026 1", "said: calendar 2026 1"]
    assert "January" in (here / "said.md").read_text()
    assert workshop.done == {"said": here}


def test_a_stage_that_fails_ends_it_and_is_run_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(StageFailed, match="said failed with status 1"):
            Workshop(tmp_path).run(Stage("said", ("no.such.module",)))


COMMANDS: dict[str, Any] = {
    "impasto train": train.Arguments,
    "impasto train-predictor": train_predictor.Arguments,
    "impasto evaluate": evaluate.Arguments,
    "impasto.scripts.studies.refit": refit.Arguments,
    "impasto.scripts.studies.gallery": gallery.Arguments,
    "impasto.scripts.studies.student": student.Arguments,
    "impasto.scripts.studies.filmstrip": filmstrip.Arguments,
    "impasto.scripts.studies.regions": regions.Arguments,
    "impasto.scripts.studies.strokes": strokes.Arguments,
    "impasto.scripts.studies.prediction": prediction.Arguments,
    "impasto.scripts.studies.page": page.Arguments,
    "impasto.scripts.studies.learned": learned.Arguments,
    "impasto.scripts.studies.methods": methods.Arguments,
    "impasto.scripts.studies.steadiness": steadiness.Arguments,
    "impasto.scripts.studies.photorealism": photorealism.References | photorealism.Styles | photorealism.Seconds,
    "impasto.scripts.studies.optimization": optimization.Choices | optimization.Speed | optimization.Equal,
    "impasto.scripts.studies.augmentation": augmentation.Robustness | augmentation.Seconds,
}


class Told(Workshop):
    """Believes what stages are told to make, once their commands have been understood."""

    def __init__(self, folder: Path, source: Checkpoint) -> None:
        super().__init__(folder)
        self._source, self.asked = source, dict[str, Any]()

    def run(self, stage: Stage) -> Path:
        here = self._folder / stage.key
        here.mkdir(parents=True, exist_ok=True)
        words = 2 if stage.command[0] == "impasto" else 1
        options = [part.replace("{here}", str(here)) for part in stage.command[words:]]
        self.asked[stage.name] = tyro.cli(COMMANDS[" ".join(stage.command[:words])], args=options)
        made = self._source.of("small") if stage.name == "small-network" else replace(self._source, small=None)
        for name in ("checkpoint.safetensors", "refitted.safetensors"):
            checkpoint.save(made, here / name)
        (here / "predictor.safetensors").write_bytes(b"a predictor")
        (here / "evaluation.md").write_text(written(0.5))
        (here / "said.md").write_text("| new |\n")
        (here / "images").mkdir(exist_ok=True)
        (here / "images" / f"{stage.name}.jpg").write_bytes(b"a picture")
        self.done[stage.name] = here
        return here


@pytest.fixture
def told(asked: Arguments, tiny_checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> Told:
    objective = replace(tiny_checkpoint.training.objective, painting_sizes={"the-scream": 99})
    config = asdict(TrainingConfig(batch=3, painted_over=0.5, objective=objective))
    training = replace(tiny_checkpoint.training, objective=objective, config=config)
    own = tiny_checkpoint.of("small")
    small = replace(own, training=replace(own.training, config=asdict(TrainingConfig(network=TINY_SMALL))))
    told = Told(asked.work, replace(tiny_checkpoint, training=training, small=small))
    shipped = asked.work.parent / "shipped.safetensors"
    checkpoint.save(told._source, shipped)
    monkeypatch.setattr(ship, "Workshop", lambda folder: told)
    monkeypatch.setattr(ship, "engine", lambda: None)
    monkeypatch.setattr(chromium, "find", lambda: "chromium")
    return told


def test_every_stage_is_a_command_as_it_is_and_goes_on_from_the_one_before(asked: Arguments, told: Told) -> None:
    document = asked.documents / "training.md"
    document.write_text("<!-- figures: student, network `0123456789abcdef` -->\n| old |\n<!-- end of figures -->\n")
    (asked.documents.parent / "README.md").touch()
    shipped = asked.work.parent / "shipped.safetensors"
    assert ship.main(replace(asked, shipped=shipped, steps=5)) == 0
    network = told.asked["network"]
    assert network.run.start_from == shipped and network.config.steps == 5 and network.config.batch == 3
    small = told.asked["small-network"]
    assert small.run.teacher == told.done["refit"] / "refitted.safetensors"
    assert small.config.objective.painting_sizes == {"the-scream": 99}
    assert small.run.start_from == small_file(shipped) and small.config.network == TINY_SMALL
    assert told.asked["predictor"].run.checkpoint == small.run.teacher
    made = told.asked["gallery"].checkpoint
    assert told.asked["evaluation"].checkpoint == made and told.asked["before"].checkpoint == shipped
    assert told.asked["augmentation"].checkpoint == told.asked["equalled-pairs"].checkpoint == made
    assert told.asked["steadiness"].clips == asked.clips and told.asked["learned"].paintings == asked.others
    assert checkpoint.load(made).small and predictor_file(made).read_bytes() == b"a predictor"

    assert predictor_file(shipped).read_bytes() == b"a predictor"
    assert (asked.documents / "evaluation.md").read_text() == written(0.5)
    assert (asked.documents / "images" / "gallery.jpg").read_bytes() == b"a picture"
    assert not (asked.documents / "images" / "before.jpg").exists()
    assert "gallery.jpg" in (asked.documents / "images" / "networks.json").read_text()
    assert document.read_text().splitlines()[:2] == [
        f"<!-- figures: student, network `{told._source.network_id}` -->",
        "| new |",
    ]
    assert "No style got worse." in (asked.work / "summary.md").read_text()


def test_the_report_that_the_documents_have_of_what_is_shipped_is_not_made_again(asked: Arguments, told: Told) -> None:
    shipped = asked.work.parent / "shipped.safetensors"
    report = asked.documents / "evaluation.md"
    (asked.documents.parent / "README.md").touch()
    report.write_text(f"network `{told._source.network_id}`\n{written(0.6)}")
    assert ship.main(replace(asked, shipped=shipped)) == 0
    assert "before" not in told.asked
    lines = [" ".join(line.split()) for line in (asked.work / "summary.md").read_text().splitlines()]
    assert "| one | 0.60, 0.60 | 0.50, 0.60 |" in lines
    report.write_text(f"network `0123456789abcdef`\n{written(0.6)}")
    assert ship.main(replace(asked, shipped=shipped)) == 0
    assert told.asked["before"].checkpoint == shipped


def test_nothing_more_is_made_nor_replaced_where_a_goal_is_lost(
    asked: Arguments, told: Told, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = iter([written(0.5), written(0.9)])
    monkeypatch.setattr(ship, "goals", lambda report: goals(next(reports)))
    monkeypatch.setattr(ship, "summary", lambda before, after: "the summary")
    monkeypatch.setattr(ship, "replace", lambda *_: pytest.fail("it is replaced"))
    shipped = asked.work.parent / "shipped.safetensors"
    assert ship.main(replace(asked, shipped=shipped)) == 1
    assert "- D at most 0.85 in every style" in capsys.readouterr().out
    assert [*told.asked][-1] == "evaluation"


def test_what_would_end_it_after_hours_ends_it_at_once(
    asked: Arguments, told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = (asked.large / "one.png", Path("a.mp4"))
    assert ship.main(replace(asked, clips=clips, clipart=Path("png"))) == 1
    assert capsys.readouterr().err == "png, a.mp4: not there\n"
    assert ship.main(replace(asked, launch=None)) == 1
    assert "--portrait and --launch make pictures together" in capsys.readouterr().err
    (asked.large / "two.png").write_bytes(encoded(photo()))
    assert ship.main(asked) == 1
    assert "two.png has fewer than 2048 pixels on its shorter side" in capsys.readouterr().err
    assert not told.asked
