"""The connection to Elasticsearch, and its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import elastic_transport
import elasticsearch
from elasticsearch import AsyncElasticsearch

from shared.errors import SettingsError, TransientError
from shared.settings import RuntimeSettings

REQUEST_SECONDS: Final = 60.0
RETRIABLE: Final = frozenset((429, 502, 503, 504))
"""Statuses that say "not now". Other 5xx are retried as well, by :func:`is_transient`."""


def connect(settings: RuntimeSettings) -> AsyncElasticsearch:
    """A client for the server that the settings name; it connects with the first request.

    Retries are the runner's: the client makes none of its own. Raises
    :class:`~shared.errors.SettingsError` for settings that fit no server.
    """
    options: dict[str, Any] = {}
    if settings.elastic_api_key is not None:
        options["api_key"] = settings.elastic_api_key.get_secret_value()
    elif settings.elastic_username is not None:
        if settings.elastic_password is None:
            raise SettingsError(
                "WIREROOM_ELASTIC_PASSWORD: must be set with WIREROOM_ELASTIC_USERNAME"
            )
        options["basic_auth"] = (
            settings.elastic_username,
            settings.elastic_password.get_secret_value(),
        )
    if settings.elastic_ca is not None:
        options["ca_certs"] = str(settings.elastic_ca)
    try:
        return AsyncElasticsearch(
            settings.elastic_url, request_timeout=REQUEST_SECONDS, max_retries=0, **options
        )
    except (ValueError, OSError) as error:
        raise SettingsError(f"WIREROOM_ELASTIC_URL={settings.elastic_url}: {error}") from error


def who(settings: RuntimeSettings) -> str:
    """Server and user, for messages: never the secret."""
    if settings.elastic_api_key is not None:
        user = "an API key"
    else:
        user = f"user {settings.elastic_username}" if settings.elastic_username else "no user"
    return f"{settings.elastic_url} as {user}"


def is_transient(status: int) -> bool:
    """Whether a response of this HTTP status may become a good one by waiting."""
    return status in RETRIABLE or status >= 500


def denied(settings: RuntimeSettings, status: int, reason: str) -> SettingsError:
    """What to raise for 401 and 403: no retry helps, a person must act."""
    return SettingsError(
        f"{who(settings)}: refused (HTTP {status}): {reason}; check WIREROOM_ELASTIC_API_KEY "
        "or WIREROOM_ELASTIC_USERNAME and WIREROOM_ELASTIC_PASSWORD"
    )


def reason_of(error: elasticsearch.ApiError) -> str:
    """What a response says is wrong, in one line."""
    body = error.body
    cause = body.get("error") if isinstance(body, dict) else None
    if isinstance(cause, dict):
        roots = cause.get("root_cause") or [cause]
        return f"{roots[0].get('type')}: {roots[0].get('reason')}"
    return str(cause or error.message)


@contextmanager
def elastic_errors(settings: RuntimeSettings) -> Iterator[None]:
    """Raises the client's errors as ours where waiting or a person's act is what helps.

    Other responses (400, 404, 409, 413) stay :class:`elasticsearch.ApiError`.
    """
    try:
        yield
    except elasticsearch.ApiError as error:
        status = error.meta.status
        if status in (401, 403):
            raise denied(settings, status, reason_of(error)) from error
        if is_transient(status):
            raise TransientError(f"{who(settings)}: HTTP {status}: {reason_of(error)}") from error
        raise
    except elasticsearch.UnsupportedProductError as error:
        raise SettingsError(f"WIREROOM_ELASTIC_URL={settings.elastic_url}: {error}") from error
    except elastic_transport.TlsError as error:
        raise SettingsError(f"{who(settings)}: {error}; check WIREROOM_ELASTIC_CA") from error
    except elastic_transport.TransportError as error:
        raise TransientError(f"{who(settings)}: {error}") from error
