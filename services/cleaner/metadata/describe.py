"""All that an HTML page says about its article, from one reading of its tree."""

from __future__ import annotations

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.metadata.about import about
from services.cleaner.metadata.authors import authors
from services.cleaner.metadata.title import title
from services.cleaner.metadata.topics import section
from services.cleaner.metadata.when import dates


def describe(page: Page, found: Extracted) -> None:
    """Fill ``found`` with everything but the text."""
    about(page, found)
    title(page, found)
    section(page, found)
    authors(page, found)
    dates(page, found)
