"""The command `impasto` itself: which subcommands there are, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.model.errors import ImpastoError
from impasto.model.network.config import SHIPPED
from impasto.scripts import info
from impasto.scripts.main import COMMANDS, INTERRUPTED, main

ROOT = Path(__file__).parents[2]


def impasto(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "impasto", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


EXPLAINED = """
import json, sys
from impasto.model.network.config import SHIPPED
from impasto.scripts.main import main

for line in json.loads(sys.argv[1]):
    sys.argv = ["impasto", *line]
    try:
        main()
    except SystemExit as end:
        assert not end.code, line
    assert "torch" not in sys.modules, line
"""


def test_every_subcommand_explains_itself_without_torch() -> None:
    actions = [["styles", name, "--help"] for name in ("list", "show", "preview", "export", "import", "remove")]
    actions += [["keys", name, "--help"] for name in ("add", "list", "revoke")]
    lines = [["--help"], ["--tyro-print-completion", "bash"], *([name, "--help"] for name in COMMANDS), *actions]
    command = [sys.executable, "-c", EXPLAINED, json.dumps(lines)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert all(
        f"usage: {' '.join(['impasto', *line[:-1]])} [-h]" in result.stdout for line in lines if "--help" in line
    )


def test_all_subcommands_are_listed_with_a_line_each() -> None:
    listed = impasto("--help").stdout
    assert all(f"\n  {name} " in listed for name in COMMANDS)
    assert all(line in listed for line in COMMANDS.values())


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m impasto styles list --checkpoint {SHIPPED} | true; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (128 + signal.SIGPIPE, "")


def test_completion_knows_the_options_of_subcommands() -> None:
    completion = impasto("--tyro-print-completion", "bash").stdout
    assert "--preserve-color" in completion and "reconstruct" in completion
    subprocess.run(["bash", "-n"], input=completion, text=True, check=True)


def test_a_typing_error_is_answered_with_what_there_is() -> None:
    result = impasto("pant")
    assert result.returncode == 2
    assert "pant" in result.stderr and "paint" in result.stderr


def ending(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command that ends with an error."""

    def run(_: info.Arguments) -> None:
        raise error

    monkeypatch.setattr(info, "run", run)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # pytest has a Ctrl-C of its own
    monkeypatch.setattr(sys, "argv", ["impasto", "info"])
    main()


@pytest.mark.parametrize("error", [ImpastoError("that cannot be"), OSError("that cannot be")])
def test_what_cannot_be_done_is_one_line(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^impasto info: that cannot be$"):
        ending(error, monkeypatch)


@pytest.mark.parametrize("error", [RuntimeError("a bug of torch"), ValueError("a bug of ours")])
def test_a_bug_keeps_its_traceback(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(type(error), match="a bug"):
        ending(error, monkeypatch)


SLOW_TO_STOP = """
import sys, time
from impasto.scripts import info
from impasto.model.network.config import SHIPPED
from impasto.scripts.main import main

def run(_):
    try:
        print("working", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("stopping", flush=True)
        time.sleep(int(sys.argv[0]))
        raise

info.run, sys.argv = run, [sys.argv[1], "info"]
main()
"""


@pytest.mark.parametrize(("seconds", "ctrl_c", "code"), [(0, 1, INTERRUPTED), (60, 2, -signal.SIGINT)])
def test_ctrl_c_ends_politely_and_a_second_one_at_once(seconds: int, ctrl_c: int, code: int) -> None:
    command = [sys.executable, "-c", SLOW_TO_STOP, str(seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        for said in ["working\n", "stopping\n"][:ctrl_c]:
            assert process.stdout.readline() == said
            process.send_signal(signal.SIGINT)
        assert process.wait(30) == code
        assert process.stderr.read() == ("impasto info: stopped\n" if ctrl_c == 1 else "")
