"""What a write does to the revisions of its article, whichever index it goes to.

A revision that gives way to a later one is kept before that is written, and one that comes after
a later one is kept without being shown. Both writes have the revision's own version: repeating
them, after a crash or with a replay, changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import orjson

from shared.revisions import Changes, changes
from shared.search.document import Document


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of an article, without its text."""

    number: int
    version: int
    received_at: datetime
    title: str
    language: str | None = None
    changes: Changes | None = None
    """What it changed of the one before; ``None`` of the first and where it is not known."""

    @classmethod
    def of(cls, document: Document) -> Revision:
        """The revision that ``document`` is."""
        return cls(
            document.revision,
            document.version,
            document.received_at,
            document.title,
            document.language,
            document.changes,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What to do with an article that is not the first of its id."""

    write: Document
    """The document to write, where it is newer than the stored one."""
    keep: Document | None = None
    """The document to keep as an earlier revision, before the other is written."""


def supersede(stored: Document, document: Document) -> Step:
    """What is to be done to write ``document`` where ``stored`` is.

    A correction (the same revision, a higher version) takes the place of what it corrects and
    says the same of what changed. A write that is stale keeps what it brings, where that is
    another revision: this is how one that was overtaken stays readable.
    """
    if document.version <= stored.version:
        late = document.revision < stored.revision and not stored.deleted
        return Step(document, document if late else None)
    if document.revision == stored.revision:
        said = None if document.deleted else stored.changes
        return Step(document.model_copy(update={"changes": said}))
    # What was taken down is not told in what came after it, nor the other way round.
    told = None
    if not (stored.deleted or document.deleted):
        told = changes(stored, document, stored.revision)
    kept = taken_down(stored, document.version) if document.deleted else stored
    return Step(document.model_copy(update={"changes": told}), kept)


def taken_down(kept: Document, version: int) -> Document:
    """An earlier revision, taken down by the write of ``version``, which no late one undoes."""
    return kept.model_copy(update={"deleted": True, "version": version})


def merge(kept: list[Revision], newest: Document) -> list[Revision]:
    """All revisions by number: those kept and the one that is shown.

    A crash, or a correction after it was kept, may leave a revision in both places.
    """
    found = {revision.number: revision for revision in kept}
    found[newest.revision] = Revision.of(newest)
    return [found[number] for number in sorted(found)]


def kept_id(article_id: str, revision: int) -> str:
    """The id under which Elasticsearch keeps an earlier revision."""
    return f"{article_id}.r{revision}"


def encode_kept(document: Document) -> bytes:
    """An earlier revision as Elasticsearch keeps it: the document, and what it is found by."""
    whole = orjson.Fragment(document.encode())
    found_by = {
        "article_id": document.article_id,
        "revision": document.revision,
        "version": document.version,
        "received_at": document.received_at,
        "title": document.title,
        "deleted": document.deleted,
    }
    try:
        return orjson.dumps({**found_by, "document": whole})
    except TypeError:  # a lone surrogate in the title
        title = document.title.encode("utf-8", "replace").decode()
        return orjson.dumps({**found_by, "title": title, "document": whole})
