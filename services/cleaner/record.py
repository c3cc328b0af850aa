"""Mapped records: the source's own fields win over what the cleaner finds."""

from __future__ import annotations

from datetime import datetime

from services.cleaner.characters import one_line
from services.cleaner.dates.reading import believable, read_date
from services.cleaner.extracted import Extracted, Trace
from services.cleaner.language.tags import declared
from services.cleaner.markup.article import extract_html
from services.cleaner.plain.article import extract_text
from shared.records import Record
from shared.text import canonical_url

SURE = 0.98
"""An estimate of how often a source's own field is right: what it exports, it publishes."""


def extract_record(
    record: Record,
    *,
    url: str | None,
    now: datetime,
    name: str,
    trace: list[Trace] | None = None,
) -> Extracted:
    """The article in ``record``; raises what its text's or HTML's path raises."""
    if record.text:
        found = extract_text(record.text, url=url, now=now, name=name, trace=trace)
    else:
        found = extract_html(record.html or "", url=url, now=now, name=name, trace=trace)
    if url:
        found.put("canonical_url", canonical_url(url), "record", SURE)
    found.put("title", one_line(record.title or ""), "record", SURE)
    found.put("authors", [a for a in map(one_line, record.authors) if a], "record", SURE)
    found.put("description", one_line(record.description or ""), "record", SURE)
    found.put("topics", [t for t in map(one_line, record.topics) if t], "record", SURE)
    found.put("site_name", one_line(record.site_name or ""), "record", SURE)
    found.put("language", declared(record.language or ""), "record", SURE)
    for field, written in (("published", record.published_at), ("modified", record.modified_at)):
        dated = believable(read_date(written or ""), now)
        if dated is not None:
            found.put(field, dated.found("record"), "record", SURE)
    return found
