"""The registry of formats. The surest that recognises a sample unwraps it."""

from __future__ import annotations

from services.fetcher.formats.base import NO, Format
from services.fetcher.formats.compressed import Bzip2, Xz, Zstandard
from services.fetcher.formats.foreign import Foreign
from services.fetcher.formats.gzip_stream import GzipStream
from services.fetcher.formats.json_records import Json, JsonLines, RecordJson
from services.fetcher.formats.mail import Mail
from services.fetcher.formats.mbox import Mbox
from services.fetcher.formats.mhtml import Mhtml
from services.fetcher.formats.pdf import Pdf
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
        GzipStream(),
        ZipArchive({}),
        Pdf(),
        Warc(),
        TarArchive(),
        Bzip2(),
        Xz(),
        Zstandard(),
        Foreign(),
        # By structure.
        Mhtml(),
        Mbox(),
        Mail(),
        Html(),
        Xml(),
        JsonLines(settings),
        Json(settings),
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
