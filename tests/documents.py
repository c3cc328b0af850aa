"""Documents that are made from the code: ``python -m tests.documents`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from services.archiver.settings import ArchiverSettings
from services.cleaner.settings import CleanerSettings
from services.crawler.settings import CrawlerSettings
from services.deduplicator.settings import DeduplicatorSettings
from services.fetcher.settings import FetcherSettings
from services.tagger.settings import TaggerSettings
from shared.runtime.topics_admin import TopicsSettings
from shared.settings import RuntimeSettings
from tests.shared_data import ROOT

SETTINGS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("All services", RuntimeSettings),
    ("Crawler", CrawlerSettings),
    ("Fetcher", FetcherSettings),
    ("Cleaner", CleanerSettings),
    ("Tagger", TaggerSettings),
    ("Deduplicator", DeduplicatorSettings),
    ("Archiver", ArchiverSettings),
    ("Set-up of topics", TopicsSettings),
)
INTRODUCTION = """# Settings

Each is a variable of the environment or of a file `.env` in the working folder. `NAME_FILE` may
name a file that holds the value of `NAME`, which is how secrets are given. A wrong value stops a
service at its start with a line that names the variable. Lists and mappings are written as JSON.

This page is made from the code: `python -m tests.documents`.
"""


def settings_page() -> str:
    """``docs/settings.md``: every variable, its default and what it does."""
    parts = [INTRODUCTION]
    inherited = set(RuntimeSettings.model_fields)
    for title, cls in SETTINGS:
        prefix = str(cls.model_config.get("env_prefix", ""))
        parts.append(f"\n## {title}\n\n| variable | default | what it does |\n|---|---|---|\n")
        for name, field in cls.model_fields.items():
            if cls is not RuntimeSettings and name in inherited:
                continue
            source = f"in `{cls.__module__.replace('.', '/')}.py`"
            default = source if field.default_factory else _default(field.default)
            text = re.sub(r":\w+:`~?([^`]*)`|``([^`]*)``", r"`\1\2`", field.description or "")
            parts.append(f"| `{prefix}{name.upper()}` | {default} | {' '.join(text.split())} |\n")
    return "".join(parts)


def _default(value: object) -> str:
    return "" if value in (None, "") else f"`{value}`"


PAGES = {Path("docs/settings.md"): settings_page}

if __name__ == "__main__":
    for path, page in PAGES.items():
        (ROOT / path).write_text(page(), encoding="utf-8")
