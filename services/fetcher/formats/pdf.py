"""PDF: the text in reading order, with title, authors and dates; attachments opened in turn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import pypdfium2 as pdfium
from pypdfium2 import raw

from services.fetcher.formats.base import MAGIC, NO, Child, Document, Found, Refused
from services.fetcher.formats.pdf_guard import MAX_MEMORY, check_streams, memory_limit
from services.fetcher.formats.pdf_layout import Line, Order
from services.fetcher.formats.pdf_paragraphs import drop_running, largest, paragraphs
from services.fetcher.formats.pdf_text import PageText, TooMuchText, read_page
from services.fetcher.formats.properties import authors_of, title_of
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.records import Record

MAX_PAGES = 5_000
"""Pages of one file; an empty one takes a millisecond."""
MAX_CHARACTERS = 1_000_000
"""Characters of one file, at 10 to 20 microseconds each: some 300 pages of a newspaper."""

_NEAR = 1_024
"""Bytes within which readers take ``%PDF-`` for the beginning (PDF 1.7, annex H, note 13)."""
_VERSION = re.compile(rb"%PDF-\d\.\d")
_OBJECT = re.compile(rb"[\r\n]\d{1,9} \d{1,5} obj\b")
_DATE = re.compile(
    r"(?:D:)?\s*(?P<year>\d{4})-?(?P<month>\d{2})-?(?P<day>\d{2})"
    r"(?:T?(?P<hour>\d{2}):?(?P<minute>\d{2}):?(?P<second>\d{2})?"
    r"(?P<zone>Z|[+-]\d{2}'?:?\d{2})?)?"
)


class Pdf:
    """PDF of all versions; what needs a password or holds only images is refused by name."""

    name = "pdf"
    container = False
    streams = False

    def recognise(self, sample: Sample) -> int:
        """By ``%PDF-`` near the beginning; behind other bytes a second fact must agree."""
        head = sample.head
        if head.startswith(b"%PDF-"):
            return MAGIC
        behind = _VERSION.search(head, 0, _NEAR + 8)
        if behind is None or head.lstrip().startswith((b"<", b"{")):
            return NO
        return MAGIC if _OBJECT.search(head, behind.end()) else NO

    def unwrap(self, source: Source, budget: Budget) -> Iterator[Found]:
        """A record of the text, then each attachment as a child."""
        data = source.data
        check_streams(data, budget)
        found: list[Found] = []
        try:
            with memory_limit():
                found.extend(_read(data, budget))
        except Exhausted:
            yield from found  # up to the attachment that was too much
            raise
        yield from found


def _read(data: bytes, budget: Budget) -> Iterator[Found]:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        yield _unopened(error)
        return
    try:
        yield from _contents(document, budget)
    except MemoryError:
        yield Refused("too_large", f"takes more than {MAX_MEMORY} bytes to read", whole=True)
    finally:
        document.close()


def _unopened(error: pdfium.PdfiumError) -> Refused:
    if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        return Refused("encrypted", "the PDF asks for a password", whole=True)
    return Refused("corrupt_pdf", str(error), whole=True)


def _contents(document: pdfium.PdfDocument, budget: Budget) -> Iterator[Found]:
    count = len(document)
    if count > MAX_PAGES:
        yield Refused("too_large", f"{count} pages, at most {MAX_PAGES} are read", whole=True)
        return
    try:
        pages, unread = _pages(document, count)
    except TooMuchText:
        detail = f"more than {MAX_CHARACTERS} characters of text"
        yield Refused("too_large", detail, whole=True)
        return
    attachments = document.count_attachments()
    alone = attachments <= 0
    record = _record(document, pages)
    if record is not None:
        yield Document(record.encode(), Record.CONTENT_TYPE)
    elif unread == count:
        yield Refused(
            "corrupt_pdf", "no page can be read", whole=alone, step="" if alone else "pages"
        )
    else:
        detail = f"{count} pages without text: scans or images"
        yield Refused("no_text", detail, whole=alone, step="" if alone else "pages")
    if record is not None and unread:
        yield Refused("corrupt_pdf", f"{unread} of {count} pages cannot be read", step="pages")
    for number in range(max(0, attachments)):
        yield _attachment(document, number, budget)


def _pages(document: pdfium.PdfDocument, count: int) -> tuple[list[PageText], int]:
    """The text of the pages, and how many cannot be read; raises :class:`TooMuchText`."""
    pages: list[PageText] = []
    left, unread = MAX_CHARACTERS, 0
    for number in range(count):
        try:
            page = document[number]
        except pdfium.PdfiumError:
            unread += 1
            continue
        try:
            text = read_page(page, left)
        except pdfium.PdfiumError:
            unread += 1
            continue
        finally:
            page.close()
        left -= text.characters
        pages.append(text)
    return pages, unread


def _record(document: pdfium.PdfDocument, pages: list[PageText]) -> Record | None:
    drop_running(pages)
    order = Order()
    lines: list[Line] = []
    for number, page in enumerate(pages):
        lines += order.lines(page.pieces, number)
        page.pieces = []
    found = paragraphs(lines)
    if not any(map(str.isalnum, "".join(paragraph.text for paragraph in found))):
        return None
    told = document.get_metadata_dict()
    return Record(
        text="\n\n".join(paragraph.text for paragraph in found),
        title=title_of(told["Title"]) or largest(found) or None,
        authors=authors_of(told["Author"]),
        published_at=iso_date(told["CreationDate"]),
        modified_at=iso_date(told["ModDate"]),
    )


def iso_date(written: str) -> str | None:
    """``D:20220403180542+02'00'`` (ISO 32000-1, 7.9.4) as ISO 8601; ``None`` for no whole date."""
    match = _DATE.match(written)
    if match is None:
        return None
    date = f"{match['year']}-{match['month']}-{match['day']}"
    if match["hour"]:
        date += f"T{match['hour']}:{match['minute']}:{match['second'] or '00'}"
        if zone := match["zone"]:
            digits = zone.replace("'", "").replace(":", "")
            date += "Z" if zone == "Z" else f"{digits[:3]}:{digits[3:]}"
    try:
        datetime.fromisoformat(date)
    except ValueError:
        return None
    return date


def _attachment(document: pdfium.PdfDocument, number: int, budget: Budget) -> Found:
    step = f"attachment {number + 1}"
    try:
        attachment = document.get_attachment(number)
        name = attachment.get_name()
        step = f"{step} {name}".rstrip()
        data = bytes(attachment.get_data())
    except pdfium.PdfiumError as error:
        return Refused("corrupt_pdf", f"{step}: {error}", step=step)
    budget.unpacked(len(data))
    try:
        budget.size(len(data))
    except PartRefused as refusal:
        return Refused(refusal.reason, refusal.detail, step=step)
    return Child(data, step, name)
