"""Every setting of the service, and the only reader of the environment."""

from __future__ import annotations

import logging
import os
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from impasto.model.errors import InvalidValue
from impasto.model.network.config import SHIPPED, Precision

log = logging.getLogger(__name__)

PREFIX = "IMPASTO_"
DRIVERS = {"sqlite", "sqlite+pysqlite", "postgres", "postgresql", "postgresql+psycopg"}
"""What addresses of databases begin with."""


class Settings(BaseSettings):
    """Each is read from the variable IMPASTO_<NAME>, or from a file `.env` in the working folder. Empty: None."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_parse_none_str="", extra="ignore", frozen=True
    )

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 is every network of the machine.")
    open: bool = Field(
        False, description="Whether others than this machine may be let in without a key, until there is a first one."
    )
    allowed_hosts: str | None = Field(
        None,
        description="Names that the service goes by, with commas between them. "
        "None: on loopback localhost, IMPASTO_HOST and any address; else all.",
    )
    cors_origins: str | None = Field(
        None,
        description="Origins of pages elsewhere that may use the service, such as https://example.org, with commas. "
        "None: none.",
    )
    proxies: int = Field(
        0, ge=0, description="Proxies in front of the service, each of which appends to X-Forwarded-For whom it serves."
    )
    rate_limit: float | None = Field(
        None, ge=1, description="Megapixels a minute that one key, else one address, may have painted. None: any."
    )
    rate_store: str | None = Field(
        None,
        repr=False,  # it may have a password
        description="Redis that counts them for all replicas, such as redis://host:6379. None: each counts its own.",
    )
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    checkpoint: Path = Field(SHIPPED, description="Network and styles to serve: a file written by `impasto train`.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:N or mps. A device that is absent is an error.")
    precision: Precision = Field("auto", description="auto, float32, bfloat16 or float16.")
    max_upload_bytes: int = Field(64_000_000, ge=1, description="Largest request in bytes; more is refused with 413.")
    max_pixels: int = Field(
        100_000_000, ge=1, le=178_956_970, description="Largest photo and result in pixels; a larger photo is a 413."
    )
    max_size: int | None = Field(
        None,
        ge=32,
        description="Longest side in pixels of a result, to which larger photos are scaled down. None: any.",
    )
    max_connections: int = Field(
        500, ge=1, description="Connections at once; a request by another is refused with 503."
    )
    receive_timeout: float = Field(
        60.0, gt=0, description="Seconds in which a request must have come, body included; then the connection ends."
    )
    send_timeout: float = Field(
        60.0, gt=0, description="Seconds that a client may leave an answer unread; then the connection ends."
    )
    queue_size: int = Field(16, ge=1, description="Requests painted or waiting at once; more are refused with 429.")
    queue_pixels: int = Field(
        50_000_000,
        ge=1,
        description="Pixels being painted or waiting to be, of all levels of a picture; more are refused with 429.",
    )
    queue_share: float = Field(
        0.5, gt=0, le=1, description="Part of both that one client may take; more are refused with 429."
    )
    batch_size: int | None = Field(
        None, ge=1, description="Most pictures of one size that are painted at once. None: 16, and 1 on a CPU."
    )
    batch_pixels: int = Field(
        8_000_000, ge=1, description="Most pixels that are painted at once; a single picture may have more."
    )
    batch_wait: float = Field(
        0.003, ge=0, le=1, description="Seconds that a busy device waits for a batch to fill; an idle one never waits."
    )
    kept_results: int = Field(
        0, ge=0, description="Bytes of memory for results, to answer the same question again without painting. 0: none."
    )
    deadline: float = Field(
        60.0, gt=0, description="Seconds after which a picture that is not painted, or not read or written, gets a 504."
    )
    data_dir: Path = Field(Path("data"), description="Folder of the SQLite database; created when it is needed.")
    database_url: str | None = Field(
        None,
        repr=False,  # it may have a password
        description="Database of styles and jobs, such as postgresql://user@host/name. None: SQLite in DATA_DIR.",
    )
    worker: Literal["service", "external"] = Field(
        "service", description="Who does the jobs: a process that the service starts, or `impasto worker` elsewhere."
    )
    job_queue_size: int = Field(8, ge=1, description="Jobs that may wait; more are refused with 429.")
    fit_content: Path | None = Field(
        None, description="Folder of photos to fit styles on. None: five that come with Impasto."
    )
    loss_network: Path | None = Field(
        None,
        description="Loss network, written by `impasto fetch`. "
        "None: loss-network.safetensors in DATA_DIR, else torchvision's cache.",
    )
    exemplar_max_seconds: float = Field(
        120.0,
        gt=0,
        description="Longest that a texture, a transfer or an analogy may take, in seconds as predicted for two cores; "
        "more is refused with 422.",
    )
    optimizations: bool = Field(
        False, description="Whether pictures are made by optimisation too: minutes of all cores, or of the GPU, each."
    )
    optimization_max_size: int = Field(
        1024, ge=64, description="Longest side in pixels of a picture made by optimisation; more is refused with 422."
    )
    optimization_max_steps: int = Field(
        500, ge=1, description="Steps of an optimisation at its coarsest size; more are refused with 422."
    )
    videos: bool = Field(
        False, description="Whether films are painted too: hours of all cores, or minutes of the GPU, each."
    )
    video_dir: Path | None = Field(
        None,
        description="Folder of films and their paintings, the same for all replicas and the worker of a database. "
        "None: videos in DATA_DIR.",
    )
    video_max_bytes: int = Field(500_000_000, ge=1, description="Largest film in bytes; more is refused with 413.")
    video_max_seconds: float = Field(120.0, gt=0, description="Longest film in seconds; more is refused with 413.")
    video_max_frames: int = Field(3600, ge=1, description="Frames of a film; more are refused with 413.")
    video_max_pixels: int = Field(
        2_100_000, ge=1024, description="Largest frame of a film in pixels; more is refused with 413."
    )
    video_receive_timeout: float = Field(
        600.0, gt=0, description="Seconds in which a film must have come; then the connection ends."
    )
    video_kept: int = Field(
        20, ge=1, description="Painted films that are kept, for a week at the most; beyond that the oldest is removed."
    )
    metrics_address: str | None = Field(
        None,
        pattern=r"^.+:\d{1,5}$",
        description="Address and port of their own for /metrics, such as 0.0.0.0:9464. None: those of the service.",
    )
    log_format: Literal["json", "text"] = Field("json", description="json: a JSON object a line; text: for people.")

    @field_validator("port", mode="before")
    @classmethod
    def _port_of_kubernetes(cls, value: object) -> object:
        if isinstance(value, str) and value.startswith("tcp://"):
            log.warning("IMPASTO_PORT is what Kubernetes sets for a service called impasto; the port is 8000")
            return 8000
        return value

    @field_validator("database_url")
    @classmethod
    def _database_of_ours(cls, value: str | None) -> str | None:
        try:
            known = value is None or make_url(value).drivername in DRIVERS
        except ArgumentError:
            known = False
        if not known:
            raise ValueError("no address of a database that is used here, such as postgresql://user@host/name")
        return value

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:  # a name: who knows whose address it is
            return False

    @property
    def hosts(self) -> tuple[str, ...] | None:
        """Names that the service goes by, beside every address; None: any."""
        named = _listed(self.allowed_hosts)
        return ("localhost", self.host, *named) if named or self.on_loopback else None

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins of pages elsewhere that may use the service."""
        return _listed(self.cors_origins)

    @property
    def database(self) -> str:
        """URL of the database in use."""
        file = str((self.data_dir / "impasto.db").absolute())  # its name may have a ?, % or #
        return self.database_url or URL.create("sqlite", database=file).render_as_string()

    @property
    def loss_network_file(self) -> Path:
        """Where the loss network should be."""
        return self.loss_network or self.data_dir / "loss-network.safetensors"

    @property
    def video_folder(self) -> Path:
        """Where films and their paintings are."""
        return self.video_dir or self.data_dir / "videos"

    def environment(self) -> dict[str, str]:
        """The environment of a process that is to have the same settings."""
        others = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        return others | {f"{PREFIX}{name.upper()}": "" if value is None else str(value) for name, value in self}


class InvalidSettings(InvalidValue):
    """A variable of the environment has a value that cannot be used."""


def _listed(text: str | None) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip().lower() for part in (text or "").split(",") if part.strip())


def read_settings() -> Settings:
    """The settings of this process. Raises InvalidSettings, naming the variables."""
    try:
        return Settings()
    except ValidationError as error:
        faults = (
            f"{PREFIX}{'_'.join(map(str, each['loc'])).upper()}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        )
        raise InvalidSettings("; ".join(faults)) from None
