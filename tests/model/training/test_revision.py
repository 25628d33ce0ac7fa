"""A network remembers the commit of Impasto's code, never that of its user's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from impasto.model.training.revision import revision


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of one file."""
    (tmp_path / "code.py").write_text("1")
    for command in ("init --quiet", "add code.py", "-c user.name=x -c user.email=x@y commit --quiet --message first"):
        subprocess.run(["git", *command.split()], cwd=tmp_path, check=True)
    return tmp_path


def test_a_checkout_has_the_commit_it_stands_at(repository: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True)
    assert revision(repository) == head.stdout[:12]


def test_a_changed_checkout_is_marked(repository: Path) -> None:
    (repository / "code.py").write_text("2")
    assert str(revision(repository)).endswith("+")


def test_what_is_installed_in_a_repository_of_its_user_has_none(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = repository / ".venv" / "site-packages" / "impasto"
    installed.mkdir(parents=True)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    assert revision(installed) is None


def test_without_git_there_is_none(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert revision(repository) is None
