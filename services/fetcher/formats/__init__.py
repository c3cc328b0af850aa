"""The registry of formats. The surest that recognises a sample unwraps it."""

from __future__ import annotations

from services.fetcher.formats.base import NO, Format
from services.fetcher.formats.compressed import Bzip2, Gzip, Xz, Zstandard
from services.fetcher.formats.delimited import Delimited
from services.fetcher.formats.docx import Docx
from services.fetcher.formats.epub import Epub
from services.fetcher.formats.feed import FeedFile, JsonFeed
from services.fetcher.formats.foreign import Foreign
from services.fetcher.formats.json_records import Json, JsonLines, RecordJson
from services.fetcher.formats.mail import Mail
from services.fetcher.formats.markdown import Markdown
from services.fetcher.formats.mbox import Mbox
from services.fetcher.formats.mhtml import Mhtml
from services.fetcher.formats.newsml import NewsMl
from services.fetcher.formats.ninjs import Ninjs
from services.fetcher.formats.nitf import Nitf
from services.fetcher.formats.odt import Odt
from services.fetcher.formats.pdf import Pdf
from services.fetcher.formats.rtf import Rtf
from services.fetcher.formats.tar_archive import TarArchive
from services.fetcher.formats.text import Html, PlainText, Xml
from services.fetcher.formats.warc import Warc
from services.fetcher.formats.zip_archive import ZipArchive
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample


def registry(settings: FetcherSettings) -> tuple[Format, ...]:
    """All formats, in the order in which ties are decided."""
    return (
        # By magic numbers.
        RecordJson(),
        Warc(),  # before gzip: one of records packed each by itself outlives a broken one
        Gzip(),
        ZipArchive({"DOCX": Docx(), "OpenDocument text": Odt(), "EPUB": Epub()}),
        Pdf(),
        TarArchive(),
        Bzip2(),
        Xz(),
        Zstandard(),
        Rtf(),
        Foreign(),
        # By structure.
        Mhtml(),
        Mbox(),
        Mail(),
        FeedFile(),
        Nitf(),
        NewsMl(),
        Html(),
        Xml(),
        JsonFeed(),
        Ninjs(),
        JsonLines(settings),
        Json(settings),
        Delimited(settings),
        Markdown(settings),
        PlainText(),
    )


def recognise(formats: tuple[Format, ...], sample: Sample) -> Format | None:
    """The format of ``sample``, or ``None`` when no format knows it."""
    best, sure = None, NO
    for candidate in formats:
        confidence = candidate.recognise(sample)
        if confidence > sure:
            best, sure = candidate, confidence
        if sure >= 100:
            break
    return best
