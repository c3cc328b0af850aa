"""Settings from the environment, ``.env`` and files of secrets.

Every variable begins with ``WIREROOM_``. ``NAME_FILE`` may name a file that holds the value of
``NAME``, so that secrets need not stand in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SettingsError

S = TypeVar("S", bound=BaseSettings)

PREFIX = "WIREROOM_"


def settings_config(prefix: str = "") -> SettingsConfigDict:
    """The configuration of a settings class whose variables begin ``WIREROOM_<PREFIX>``."""
    return SettingsConfigDict(
        env_prefix=PREFIX + prefix,
        env_file=".env",
        # Compose hands on what is not set as an empty string.
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        use_attribute_docstrings=True,
    )


class RuntimeSettings(BaseSettings):
    """What every service needs: where the servers are, how it batches, retries and stops."""

    model_config = settings_config()

    namespace: str = Field("", pattern=r"^[a-z0-9-]*$")
    """Prefix of topics, consumer groups and indices: several Wirerooms on the same servers."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    """Kafka brokers to begin with, ``host:port``, parted by commas."""
    kafka_session_timeout: float = Field(30.0, ge=6, le=300)
    """Seconds after which the partitions of an instance that died go to the others."""

    elastic_url: str = "http://127.0.0.1:9200"
    """Elasticsearch, with scheme and port."""
    elastic_api_key: SecretStr | None = None
    """API key, encoded; comes before user name and password."""
    elastic_username: str | None = None
    """User name, where no API key is used."""
    elastic_password: SecretStr | None = None
    """Its password."""
    elastic_ca: Path | None = None
    """Certificate authority to trust for https, a PEM file."""

    log_level: str = Field("INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    """Least severity that is logged: DEBUG, INFO, WARNING or ERROR."""
    log_format: str = Field("json", pattern=r"^(json|text)$")
    """``json`` for machines, ``text`` for people."""
    health_host: str = "127.0.0.1"
    """Address that ``/healthz`` and ``/metrics`` listen on."""
    health_port: int = Field(0, ge=0, le=65535)
    """Port of ``/healthz`` and ``/metrics``; 0 takes a free one and logs it."""

    workers: int = Field(1, ge=1, le=256)
    """Processes of the pool for CPU work, in each instance of a service."""

    batch_size: int = Field(64, ge=1, le=10_000)
    """Most messages of a batch."""
    batch_seconds: float = Field(0.05, gt=0, le=10)
    """Seconds after which a batch is closed, full or not."""

    message_timeout: float = Field(30.0, gt=0)
    """Seconds one message may take in the pool before its worker is ended."""

    retry_attempts: int = Field(8, ge=1)
    """Calls in all, when a server is away or busy, before the process gives up and ends."""
    retry_initial: float = Field(0.2, gt=0)
    """Longest wait before the second attempt, seconds; it doubles with each."""
    retry_max: float = Field(15.0, gt=0)
    """Longest wait of all, seconds."""

    reject_run: int = Field(200, ge=1)
    """Refused messages in a row after which a service stops."""
    reject_share: float = Field(0.5, gt=0, le=1)
    """Share of the last ``reject_window`` messages whose refusal stops a service."""
    reject_window: int = Field(400, ge=10)
    """Messages that ``reject_share`` is a share of."""

    stall_seconds: float = Field(180.0, gt=0)
    """The watchdog ends a process that has work and finished none for this long."""


def load_settings(cls: type[S], **overrides: Any) -> S:
    """Build ``cls``; raises :class:`SettingsError` with a line for each wrong variable."""
    prefix = str(cls.model_config.get("env_prefix", ""))
    variables = {name: f"{prefix}{name}".upper() for name in cls.model_fields}
    given = _given()
    for name, variable in variables.items():
        path = given.get(f"{variable}_FILE")
        if path and name not in overrides:
            overrides[name] = _secret(f"{variable}_FILE", path)
    try:
        return cls(**overrides)
    except ValidationError as error:
        lines = [
            f"{prefix}{'_'.join(map(str, item['loc']))}".upper() + f": {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from error
    except ValueError as error:  # JSON expected in a variable, or .env is no text
        for name, variable in variables.items():
            if f'field "{name}"' in str(error):
                text = f"{variable}: {given.get(variable)!r} is not JSON"
                raise SettingsError(text + ' such as ["a", "b"] or {"a": "b"}') from error
        raise SettingsError(str(error)) from error


def _given() -> dict[str, str | None]:
    """What ``.env`` and, before it, the environment hold."""
    try:
        return {**dotenv_values(".env"), **os.environ}
    except (OSError, ValueError) as error:
        raise SettingsError(f".env: {error}") from error


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}={path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}={path}: it is not text in UTF-8") from error
