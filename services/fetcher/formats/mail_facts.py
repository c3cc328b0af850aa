"""What a mail's headers tell of the article in it: title, author, time, publication."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.fetcher.formats.forwarded import Forwarded
from services.fetcher.formats.mime import Entity, words

_NAME = 1_000
"""Characters of a header with addresses that are looked at."""
_REPLY = re.compile(
    r"\s*(?:re|aw|antw|antwort|sv)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]\s*", re.I
)
_FORWARD = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|doorst|vb|weitergeleitet)\s*(?:\[\d+\])?\s*[:\uff1a]\s*", re.I
)
_LIST_TAG = re.compile(r"\s*\[[^\[\]]{1,60}\]\s*")
_ADDRESS = re.compile(r"(?:\"((?:[^\"\\]|\\.)*)\"|([^<>\",]*(?:,[^<>\",@]*)?))\s*<[^<>]*>")
_MAILTO = re.compile(r"\[(?:mailto:)?[^\[\]\s]*@[^\[\]\s]*\]", re.I)
_COMMENT = re.compile(r"\(([^()]*)\)")
_ZONE = re.compile(r"[+-]\d{4}\b|\b(?:GMT|UTC?|[ECMP][SD]T)\b")
_HALF_DAY = re.compile(r"\d\s*[ap]\.?m\b", re.I)
_LISTS = ("list-id", "list-post", "mailing-list", "x-mailing-list")


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a mail; empty where it tells none."""

    title: str
    authors: list[str]
    published_at: str
    """ISO 8601, or as it is written where that is no date of mail."""
    site_name: str
    forwards: bool
    """Whether the subject says that something is forwarded."""

    def forwarded(self, inner: Forwarded) -> Facts:
        """The facts of the article that this mail forwards; the mail's own where it has none."""
        title, again = _title(inner.subject, listed=False)
        names = names_of(inner.author)
        return replace(
            self,
            title=title or self.title,
            authors=names,
            published_at=_written(inner.date),
            site_name="",
            forwards=again,
        )


def facts(mail: Entity) -> Facts:
    """What the headers of ``mail`` tell."""
    title, forwards = _title(mail.text("subject"), any(name in mail for name in _LISTS))
    authors = names_of(mail.raw("from") or mail.raw("sender"))
    site_name = _list_name(mail.raw("list-id"))
    if not site_name and "list-unsubscribe" in mail and authors:
        # A newsletter's sender is the publication; who wrote it the text may tell.
        site_name, authors = authors[0], []
    return Facts(title, authors, _date(mail), site_name, forwards)


def sent_at(mail: Entity) -> datetime | None:
    """When it was sent, by its own word or that of the first server, else ``None``."""
    last = mail.all("received")[-1:] or [""]
    for text in (mail.raw("date"), last[0].rpartition(";")[2]):
        moment = _moment(text)
        if moment is not None:
            return moment
    return None


def names_of(header: str) -> list[str]:
    """The names, without addresses, in a header of addresses."""
    header = " ".join(_MAILTO.sub("", header[:_NAME]).split())
    found = [quoted or plain for quoted, plain in _ADDRESS.findall(header)]
    if not found:
        # "jane@example.com (Jane Doe)", or a name alone.
        found = _COMMENT.findall(header) if "@" in header else [header]
    names = (" ".join(words(_clean(name)).split()).strip("\"' ") for name in found)
    return list(dict.fromkeys(name for name in names if name and "@" not in name))


def _clean(name: str) -> str:
    name = re.sub(r"\\(.)", r"\1", name)
    return _COMMENT.sub("", name).strip(" \t,;:\"'")


def _title(subject: str, listed: bool) -> tuple[str, bool]:
    """The subject without prefixes, and whether one says that it is forwarded."""
    title = " ".join(subject.split())
    forwards = False
    for _ in range(10):
        forward = _FORWARD.match(title)
        forwards = forwards or forward is not None
        match = forward or _REPLY.match(title) or (_LIST_TAG.match(title) if listed else None)
        if match is None:
            break
        title = title[match.end() :]
    return title, forwards


def _list_name(header: str) -> str:
    """The phrase before a list's identifier (RFC 2919), or empty."""
    phrase = words(header[:_NAME]).partition("<")[0]
    phrase = " ".join(phrase.split()).strip("\"' ")
    return "" if "." in phrase and " " not in phrase else phrase


def _date(mail: Entity) -> str:
    moment = sent_at(mail)
    return moment.isoformat() if moment is not None else _written(mail.raw("date"))


def _written(text: str) -> str:
    # A person's date without a zone is left to who reads dates of all kinds.
    moment = _moment(text) if _ZONE.search(text[:200]) else None
    return moment.isoformat() if moment is not None else " ".join(text.split())[:100]


def _moment(text: str) -> datetime | None:
    text = re.sub(r"\s*:\s*", ":", _COMMENT.sub("", text[:200])).strip()
    if not text or _HALF_DAY.search(text):  # which the library passes over
        return None
    try:
        moment = parsedate_to_datetime(text)
        # "-0000" tells the time of UTC and no zone (RFC 5322, section 3.3).
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment
