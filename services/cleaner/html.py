"""HTML pages: body by trafilatura, metadata by our own reading of the same tree."""

from __future__ import annotations

from datetime import datetime

from trafilatura import bare_extraction
from trafilatura.utils import load_html

from services.cleaner.characters import storable
from services.cleaner.extracted import Extracted
from services.cleaner.metadata import Page
from shared.errors import PermanentError


def extract_html(html: str, *, url: str | None, now: datetime, name: str) -> Extracted:
    """The article in ``html``, a page or a fragment; ``name`` stands in errors.

    Raises :class:`PermanentError`: ``no_text`` where there is no markup or no article in it,
    ``extraction_failed`` where a parser fails on the page.
    """
    try:
        tree = load_html(html.replace("\x00", ""))
        if tree is None:
            raise PermanentError("no_text", f"{name}: no HTML elements")
        found = Extracted()
        Page(tree, url, now).describe(found)
        document = bare_extraction(tree, url=url, include_comments=False, fast=True)
    except (PermanentError, RecursionError, MemoryError):
        raise
    except Exception as error:  # parsers of hostile input fail in ways of their own
        detail = f"{name}: {type(error).__name__}: {error}"
        raise PermanentError("extraction_failed", detail[:500]) from error
    if document is None or isinstance(document, dict) or not document.text:
        raise PermanentError("no_text", f"{name}: no article text in the page")
    lines = (line.strip() for line in storable(document.text).split("\n"))
    found.text = "\n\n".join(line for line in lines if line)
    return found
