"""What is written in house-keeping files and no other tool compares: paths, commands, versions, pins."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from impasto.app.page import BROWSER_KERNELS, WEB
from impasto.model.native.building import BUILT
from impasto.scripts.main import COMMANDS

ROOT = Path(__file__).parent.parent
PINS = ("requirements.txt", "requirements-dev.txt", "requirements-device.txt")


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions as (name, arguments), with continued lines joined."""
    lines = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", read("Dockerfile"), flags=re.MULTILINE)).splitlines()
    return [(name, arguments) for name, _, arguments in (line.partition(" ") for line in lines if line)]


def copied_paths() -> list[str]:
    """From the checkout: what a stage copies from another comes from none."""
    copied = [shlex.split(arguments) for name, arguments in dockerfile() if name == "COPY"]
    return [path for first, *others in copied if not first.startswith("--from=") for path in [first, *others][:-1]]


def pinned(name: str) -> dict[str, Requirement]:
    pins = [Requirement(line.rstrip(" \\")) for line in read(name).splitlines() if re.match(r"\w", line)]
    return {canonicalize_name(pin.name): pin for pin in pins}


def version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "=="
    return specifier.version


def commands(document: str) -> list[str]:
    """Lines of a document's code blocks, fenced or indented, and its inline code."""
    text = read(document)
    blocks: list[str] = re.findall(r"^```.*?\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    indented: list[str] = re.findall(r"^ {4}(.+)$", text, flags=re.MULTILINE)
    inline: list[str] = re.findall(r"`([^`\n]+)`", text)
    return [line for block in blocks for line in block.splitlines()] + indented + inline


def make_targets(command: str) -> list[str]:
    """The targets a command line asks make for: `make PYTHON=python3.12 test` -> [test]."""
    if not (found := re.search(r"(?:^|[;&$] *)make((?: +[^\s;&#]+)+)", command)):
        return []
    return [word for word in found[1].split() if re.fullmatch(r"[a-z][\w-]*", word)]


def test_what_the_dockerfile_copies_exists_and_is_not_ignored() -> None:
    assert {"app", "model", "requirements.txt"} <= set(copied_paths())
    let_through = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    for path in copied_paths():
        assert (ROOT / path).exists(), path
        assert path in let_through, path


def test_the_dockerfile_serves_as_somebody_else_than_root_and_asks_for_its_health() -> None:
    (command,) = [json.loads(arguments) for name, arguments in dockerfile() if name == "CMD"]
    (health,) = [json.loads(each[each.index("[") :]) for name, each in dockerfile() if name == "HEALTHCHECK"]
    assert (command, health) == (["impasto", "serve"], ["impasto", "health"])
    assert set(COMMANDS) >= {"serve", "health"}
    assert [arguments for name, arguments in dockerfile() if name == "USER"] == ["1000"]


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))])
def test_every_command_named_in_the_documents_exists(document: str) -> None:
    named = {line.split()[1] for line in commands(document) if re.match(r"impasto [a-z]", line)}
    assert named <= set(COMMANDS)


def test_the_cpu_image_leaves_out_the_cuda_packages_and_nothing_else() -> None:
    """The Dockerfile's own filter over the pins: what remains is all that is needed on a CPU."""
    (program,) = re.findall(r"awk '([^']+)'", read("Dockerfile"))
    kept = subprocess.run(["awk", program, "requirements.txt"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = {line.split("==")[0] for line in kept.stdout.splitlines() if re.match(r"\w", line)}
    left_out = set(pinned("requirements.txt")) - names
    assert {"torch", "torchvision", "triton"} <= left_out
    assert all(re.match("torch|triton|cuda-|nvidia-", name) for name in left_out)
    assert not any(re.match("cuda|nvidia", name) for name in names)
    assert kept.stdout.count("--hash=sha256:") >= len(names)


def test_the_image_has_kernels_where_they_are_looked_for_and_no_compiler() -> None:
    *_, last = re.split(r"^FROM .+$", read("Dockerfile"), flags=re.MULTILINE)
    copied = dict(re.findall(r"^COPY --from=kernels (\S+) (\S+)$", last, re.MULTILINE))
    assert all(source == f"/srv/{target}" for source, target in copied.items())
    wanted = {BUILT.resolve(), (WEB / BROWSER_KERNELS).resolve()}
    assert {(ROOT / target).resolve() for target in copied.values()} == wanted
    assert not re.search("g\\+\\+|requirements-device", read("Dockerfile").partition("AS kernels")[0] + last)


def test_dockerfile_and_makefile_install_the_same_uv() -> None:
    (ours,) = re.findall(r"^UV_VERSION := (.+)$", read("Makefile"), re.MULTILINE)
    assert f"uv=={ours} " in read("Dockerfile")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_named_in_the_documents_exists(document: str) -> None:
    named = {target for command in commands(document) for target in make_targets(command)}
    assert {"serve", "test"} <= named
    assert named <= set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))


def test_the_newest_version_in_the_changelog_is_the_projects() -> None:
    released = re.findall(r"^## \[(\d[^]]*)] - \d{4}-\d\d-\d\d$", read("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == project()["project"]["version"]


@pytest.mark.parametrize("name", PINS)
def test_pins_are_exact_hashed_and_name_no_host(name: str) -> None:
    text = read(name)
    assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host| @ ", text)
    for entry in re.split(r"\n(?=\w)", text)[1:]:
        assert re.match(r"[a-z0-9-]+==[^\s]+", entry), entry
        assert "--hash=sha256:" in entry, entry


@pytest.mark.parametrize("name", PINS)
def test_pins_satisfy_the_projects_floors(name: str) -> None:
    groups, own = project()["dependency-groups"], project()["project"]["dependencies"]
    wanted: dict[str, list[str]] = {
        "requirements.txt": own,
        "requirements-dev.txt": [*own, *groups["test"], *groups["check"]],
        "requirements-device.txt": groups["device"],
    }
    pins = pinned(name)
    for requirement in map(Requirement, wanted[name]):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version(pin)), f"{requirement} is pinned as {pin}"


def test_development_pins_are_the_runtime_pins_and_more() -> None:
    runtime, development = ({str(pin) for pin in pinned(name).values()} for name in PINS[:2])
    assert runtime < development


def test_what_the_threat_model_names_is_there() -> None:
    named = set(re.findall(r"`([\w/.]+)`", read("SECURITY.md")))
    tests = {path: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for name in named:
        if name.endswith(".py") or name.startswith("app/"):
            assert (ROOT / name).exists() or any(path.name == name for path in [*tests, *ROOT.glob("app/*/*.py")]), name
        elif name.startswith("test_"):
            assert any(f"def {name}(" in text for text in tests.values()), name
