"""What Ray Serve is told."""

from __future__ import annotations

import importlib
import sys

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from tests.commands import impasto


def told(*options: object) -> ServeDeploySchema:
    """What is printed, as Ray reads it."""
    return ServeDeploySchema.model_validate(yaml.safe_load(impasto("cluster", "config", *options).stdout))


def test_it_is_a_file_of_ray_serve_and_names_what_is_there() -> None:
    config = told("--max-replicas", 4, "--gpus", 0.5)
    (application,) = config.applications
    assert application.args == {"min_replicas": 1, "max_replicas": 4, "cpus": 1.0, "gpus": 0.5, "settings": {}}
    assert config.controller_options and config.controller_options.runtime_env
    variables = config.controller_options.runtime_env["env_vars"]
    for named in (application.import_path, variables["RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH"]):
        module, _, name = named.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_settings_that_are_set_are_in_it_but_for_what_may_have_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"HOST": "0.0.0.0", "PORT": "9000", "QUEUE_SIZE": "7", "ALLOWED_HOSTS": "a: b", "BATCH_SIZE": ""}
    given |= {"DATABASE_URL": "postgresql://me:secret@db/impasto", "RATE_STORE": "redis://:secret@db"}
    for name, value in given.items():
        monkeypatch.setenv(f"IMPASTO_{name}", value)
    config = told()
    assert (config.http_options.host, config.http_options.port) == ("0.0.0.0", 9000)
    expected = {"queue_size": 7, "allowed_hosts": "a: b", "batch_size": None, "worker": "external"}
    assert config.applications[0].args["settings"] == expected
    assert "secret" not in config.model_dump_json()


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = impasto("cluster", "config")
    expected = "impasto cluster: a cluster needs more packages: pip install 'impasto[cluster]'\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (1, "", expected)
