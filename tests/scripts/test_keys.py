"""Keys on the command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import impasto


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPASTO_DATA_DIR", str(tmp_path))


def test_a_key_is_shown_once() -> None:
    made = impasto("keys", "add", "zoe", "--scope", "paint")
    assert made.returncode == 0 and re.fullmatch(r"impasto_[\w-]{43}\n", made.stdout)
    listed = impasto("keys", "list").stdout
    assert listed.startswith("zoe  paint") and made.stdout.strip() not in listed


def test_keys_are_listed_with_their_scopes_and_revoked_by_name() -> None:
    for name, scopes in (("zoe", ["paint"]), ("me", ["paint", "manage"])):
        impasto("keys", "add", name, "--scope", *scopes)
    assert [line.split("  ")[0].strip() for line in impasto("keys", "list").stdout.splitlines()] == ["zoe", "me"]
    assert impasto("keys", "revoke", "zoe").stdout == ""
    assert "manage, paint" in impasto("keys", "list").stdout
    assert "No key is left" in impasto("keys", "revoke", "me").stdout
    assert impasto("keys", "list").stdout == ""


def test_what_cannot_be_done_is_one_line() -> None:
    impasto("keys", "add", "zoe", "--scope", "paint")
    for arguments, fault in (
        (["add", "zoe", "--scope", "paint"], "there is a key 'zoe' already"),
        (["add", "two words", "--scope", "paint"], "no name of a key"),
        (["revoke", "none"], "there is no key 'none'"),
    ):
        result = impasto("keys", *arguments)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith("impasto keys: ") and fault in line


def test_a_scope_that_is_none_is_refused() -> None:
    assert impasto("keys", "add", "zoe", "--scope", "everything").returncode == 2
