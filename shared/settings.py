"""Settings from the environment, ``.env`` and files of secrets.

Every variable begins with ``WIREROOM_``. ``NAME_FILE`` may name a file that holds the value of
``NAME``, so that secrets need not stand in the environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import SettingsError

S = TypeVar("S", bound=BaseSettings)

PREFIX = "WIREROOM_"


def settings_config(prefix: str = "") -> SettingsConfigDict:
    """The configuration of a settings class whose variables begin ``WIREROOM_<PREFIX>``."""
    return SettingsConfigDict(
        env_prefix=PREFIX + prefix, env_file=".env", extra="ignore", frozen=True
    )


class RuntimeSettings(BaseSettings):
    """What every service needs: where the servers are, how it batches, retries and stops."""

    model_config = settings_config()

    namespace: str = Field("", pattern=r"^[a-z0-9-]*$")
    """Prefix of topics, consumer groups and indices: several Wirerooms on the same servers."""

    kafka_bootstrap: str = "127.0.0.1:9092"
    kafka_session_timeout: float = Field(30.0, ge=6, le=300)
    """Seconds after which the partitions of an instance that died go to the others."""

    elastic_url: str = "http://127.0.0.1:9200"
    elastic_api_key: SecretStr | None = None
    elastic_username: str | None = None
    elastic_password: SecretStr | None = None
    elastic_ca: Path | None = None

    log_level: str = Field("INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field("json", pattern=r"^(json|text)$")
    health_host: str = "127.0.0.1"
    health_port: int = Field(0, ge=0, le=65535)
    """Port of ``/healthz`` and ``/metrics``; 0 takes a free one and logs it."""

    workers: int = Field(1, ge=1, le=256)
    """Processes of the pool for CPU work, in each instance of a service."""

    batch_size: int = Field(64, ge=1, le=10_000)
    batch_seconds: float = Field(0.05, gt=0, le=10)
    """A batch is closed when it has ``batch_size`` messages or is this old."""

    message_timeout: float = Field(30.0, gt=0)
    """Seconds one message may take in the pool before its worker is ended."""

    retry_attempts: int = Field(8, ge=1)
    retry_initial: float = Field(0.2, gt=0)
    retry_max: float = Field(15.0, gt=0)
    """Backoff of :class:`~shared.errors.TransientError`, seconds."""

    reject_run: int = Field(200, ge=1)
    reject_share: float = Field(0.5, gt=0, le=1)
    reject_window: int = Field(400, ge=10)
    """Stop after ``reject_run`` rejections without one success, or when more than
    ``reject_share`` of the last ``reject_window`` messages were rejected."""

    stall_seconds: float = Field(180.0, gt=0)
    """The watchdog ends a process that has work and finished none for this long."""


def load_settings(cls: type[S], **overrides: Any) -> S:
    """Build ``cls``; raises :class:`SettingsError` with a line for each wrong variable."""
    prefix = str(cls.model_config.get("env_prefix", ""))
    for name in cls.model_fields:
        path = os.environ.get(f"{prefix}{name}_file".upper())
        if path and name not in overrides:
            try:
                overrides[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                variable = f"{prefix}{name}_file".upper()
                raise SettingsError(f"{variable}={path}: {error.strerror}") from error
    try:
        return cls(**overrides)
    except ValidationError as error:
        lines = [
            f"{prefix}{'_'.join(map(str, item['loc']))}".upper() + f": {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("; ".join(lines)) from error
    except ValueError as error:  # e.g. JSON expected in a variable
        raise SettingsError(str(error)) from error
