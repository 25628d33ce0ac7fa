from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.engine import make_url

from impasto.app.database import connect, make_folder
from impasto.app.jobs.jobs import dbos_url
from impasto.app.settings import InvalidSettings, Settings, read_settings

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


def test_settings_come_from_impasto_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_PORT", "9000")
    monkeypatch.setenv("IMPASTO_MAX_SIZE", "512")
    settings = Settings()
    assert (settings.port, settings.max_size, settings.host) == (9000, 512, "127.0.0.1")


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("QUEUE_SIZE", "0"), ("PRECISION", "int4")])
def test_a_value_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"IMPASTO_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented_with_its_effect(name: str) -> None:
    row = next(line for line in OPERATIONS.read_text().splitlines() if f"`IMPASTO_{name.upper()}`" in line)
    field = Settings.model_fields[name]
    assert field.description is not None
    assert field.description in row
    if isinstance(field.default, int | float):
        assert f"`{field.default}`" in row


def test_a_process_started_with_their_environment_has_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("IMPASTO_BATCH_SIZE=3")
    monkeypatch.setenv("IMPASTO_DATABASE_URL", "sqlite:///elsewhere.db")
    monkeypatch.setenv("impasto_fit_content", "elsewhere")
    nothing = dict.fromkeys(("database_url", "fit_content", "batch_size"))
    settings = Settings(port=0, data_dir=tmp_path, worker="external", precision="float32", **nothing)
    environment = settings.environment()
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_a_password_is_not_shown() -> None:
    settings = Settings(database_url="postgresql://user:secret@host/name")
    assert "secret" not in f"{settings!r} {settings}"


@pytest.mark.parametrize("name", ["what?", "100%20", "a#b", "ä b", "@host:1"])
def test_a_folder_of_any_name_holds_the_database(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    engine = connect(settings.database)
    make_folder(engine)
    with engine.connect():
        pass
    engine.dispose()
    assert (tmp_path / name / "impasto.db").is_file()
    assert make_url(dbos_url(settings.database)).database == str(tmp_path / name / "impasto.db")


def test_a_port_that_kubernetes_sets_for_a_service_called_impasto_is_not_the_port(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("IMPASTO_PORT", "tcp://10.43.1.7:8000")
    assert Settings().port == 8000
    assert "Kubernetes" in caplog.text


@pytest.mark.parametrize(
    "address",
    ["localhost:5432/impasto", "postgresql+psycopg2://user:secret@host/name", "mysql://host/name", "data.db", "://"],
)
def test_an_address_of_no_database_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("IMPASTO_DATABASE_URL", address)
    with pytest.raises(InvalidSettings, match=r"^IMPASTO_DATABASE_URL: no address of a database") as refusal:
        read_settings()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["sqlite", "postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_of_a_database_is_taken(scheme: str) -> None:
    assert Settings(database_url=f"{scheme}://user@host/name").database == f"{scheme}://user@host/name"
