"""Print what `serve run` and `serve deploy` of Ray are told, to serve on a cluster.

    impasto cluster config --max-replicas 4 --gpus 0.5 > impasto.yaml
    serve run impasto.yaml

The settings are those of IMPASTO_* here, but for addresses that may have passwords: these stay in the environment, of
where Ray runs. docs/scaling.md has the rest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import tyro

from impasto.model.errors import InvalidValue

if TYPE_CHECKING:
    from impasto.app.settings import Settings

CONFIG = """\
# serve run impasto.yaml, or where Ray runs already: serve deploy impasto.yaml

proxy_location: EveryNode
http_options:
  host: {host}
  port: {port}
controller_options:
  runtime_env:
    env_vars:  # the proxies have them from the controller
      RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH: impasto.app.cluster:at_proxies
      RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S: "60"
      RAY_SERVE_PROXY_USE_GRPC: "1"  # a request costs a fifth less
      RAY_SERVE_REPLICA_GRPC_MAX_MESSAGE_LENGTH: "2147483647"  # in the place of 4 MiB, which large pictures exceed
      RAY_SERVE_RUN_ROUTER_IN_SEPARATE_LOOP: "0"
      RAY_SERVE_CONTROL_LOOP_INTERVAL_S: "1"  # in the place of a tenth
      FORWARDED_ALLOW_IPS: ""  # X-Forwarded-For is anybody's word
logging_config:
  enable_access_log: false  # replicas have their own
applications:
  - name: impasto
    route_prefix: /
    import_path: impasto.app.cluster:build
    args:
      min_replicas: {min_replicas}
      max_replicas: {max_replicas}  # more than one: with IMPASTO_DATABASE_URL where Ray runs, a PostgreSQL
      cpus: {cpus}  # of each replica, also fractions
      gpus: {gpus}
      settings:  # as IMPASTO_*; what is not here comes from the environment of where Ray runs
{settings}
"""
HERE = {"host", "port"}
"""Settings of the proxies."""
SECRET = {"database_url", "rate_store"}
"""Settings that may have a password, which a file that is passed around should not."""


@dataclass(frozen=True)
class Arguments:
    what: tyro.conf.Positional[Literal["config"]]
    """config: a file for Ray Serve, in YAML."""
    min_replicas: int = 1
    """Fewest replicas. 0: none while nobody asks, and half a minute of waiting for whoever does then."""
    max_replicas: int = 1
    """Most replicas; between them it is decided by the pixels that wait."""
    cpus: float = 1
    """Of each replica: as many threads paint."""
    gpus: float = 0
    """Of each replica; 0.5 for two on one GPU."""


def run(arguments: Arguments) -> None:
    from impasto.app.settings import read_settings

    if find_spec("ray") is None:
        raise InvalidValue("a cluster needs more packages: pip install 'impasto[cluster]'")
    print(config(arguments, read_settings()), end="")


def config(arguments: Arguments, settings: Settings) -> str:
    """A file for Ray Serve, with all settings that were set."""
    given = settings.model_dump(mode="json", include=settings.model_fields_set, exclude=HERE | SECRET)
    if settings.database_url is not None:
        given["worker"] = "external"  # one for all replicas, instead of one for each
    lines = [f"        {name}: {json.dumps(value)}" for name, value in given.items()] or ["        {}"]
    return CONFIG.format(
        host=json.dumps(settings.host),
        port=settings.port,
        min_replicas=arguments.min_replicas,
        max_replicas=arguments.max_replicas,
        cpus=arguments.cpus,
        gpus=arguments.gpus,
        settings="\n".join(lines),
    )
