"""Give Kibana's own user its password: a one-shot of docker-compose.yml, repeatable.

``python -m services.cli.cluster.kibana_user`` acts as the super-user that ``WIREROOM_ELASTIC_*``
name and sets ``WIREROOM_KIBANA_PASSWORD``, so that Kibana never holds the super-user's.
"""

from __future__ import annotations

import asyncio
import sys

from elasticsearch import ApiError
from pydantic import Field, SecretStr

from shared.errors import WireroomError
from shared.search.elastic_client import connect, elastic_errors, reason_of
from shared.settings import RuntimeSettings, load_settings

USER = "kibana_system"


class KibanaUserSettings(RuntimeSettings):
    """The runtime's settings and the password."""

    kibana_password: SecretStr = Field(min_length=6)  # the server's own minimum


async def set_password(settings: KibanaUserSettings) -> None:
    """Let Kibana log in with the settings' password.

    Raises :class:`~shared.errors.SettingsError` when the super-user's own is wrong,
    :class:`~shared.errors.TransientError` when the server is away.
    """
    async with connect(settings) as client:
        with elastic_errors(settings):
            await client.security.change_password(
                username=USER, password=settings.kibana_password.get_secret_value()
            )


def main() -> int:
    """Set the password; returns the exit status."""
    try:
        asyncio.run(set_password(load_settings(KibanaUserSettings)))
    except ApiError as error:
        print(f"{USER}: {reason_of(error)}", file=sys.stderr)
        return 1
    except WireroomError as error:
        print(f"{USER}: {error}", file=sys.stderr)
        return 1
    print(f"{USER}: the password is set")
    return 0


if __name__ == "__main__":
    sys.exit(main())
