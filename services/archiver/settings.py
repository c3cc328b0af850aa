"""Settings of the archiver: where it keeps what passes, and how large its files grow."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.settings import settings_config

ARCHIVED = "archive"
"""``topic`` of messages that were read from an archive."""


class ArchiverSettings(BaseSettings):
    """Off while ``url`` is empty."""

    model_config = settings_config("ARCHIVER_")

    url: str = ""
    """Where WARC files are kept: a folder, or a URL of fsspec (``s3://bucket/news``,
    ``sftp://host/path``), whose own settings (``FSSPEC_S3_ENDPOINT_URL``) and packages (``s3fs``)
    it needs. Empty: nothing is archived."""
    spool: Path = Path(".wireroom/archive-spool")
    """Folder of the files that are being written and of those that wait to be moved to ``url``.
    A message counts as archived when it is here, so it must outlive the process: a volume, in a
    container."""
    max_file_bytes: int = Field(1024 * 1024 * 1024, ge=1)
    """Size at which a file is finished and moved to ``url``."""
    max_file_seconds: float = Field(900.0, gt=0)
    """Age, in seconds, at which it is finished although it is smaller."""
