"""Every format gives the same again, and in parts what it gives as a whole."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterable

import pytest
from backports import zstd

from services.fetcher.formats import recognise, registry
from services.fetcher.formats.base import Document, Refused
from services.fetcher.limits import Budget
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import stream_of
from services.fetcher.stage import NAME_HEADER, Fetch
from services.fetcher.unpack import Part, Unpacker
from shared.events import Envelope, Message
from shared.records import Record
from shared.runtime.stage import Emit, Outcome, Reject
from shared.settings import load_settings
from shared.text import document_id
from tests.shared_data import ROOT

SETTINGS = load_settings(FetcherSettings)


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def sample(start: str) -> bytes:
    """One of the files that people are shown."""
    (path,) = (ROOT / "deploy/samples").glob(f"{start}-*")
    return path.read_bytes()


def every_format() -> dict[str, bytes]:
    """A file of each format of the registry, by the format's name."""
    mail = sample("29")
    xml = b'<?xml version="1.0"?>\n'
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    page = b"<html><body><p>Rain fell on Lisbon.</p></body></html>"
    return {
        "record": b'{"text":"Rain fell on Lisbon.","url":"https://a.example/1"}',
        "warc": sample("35"),
        "gzip": sample("24"),
        "zip": sample("25"),
        "DOCX": zipped({
            "[Content_Types].xml": xml + b'<Types xmlns="http://schemas.openxmlformats.org/package'
            b'/2006/content-types"/>',
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body><w:p><w:r><w:t>Rain.</w:t>'
            "</w:r></w:p></w:body></w:document>".encode(),
        }),
        "OpenDocument text": zipped({
            "mimetype": b"application/vnd.oasis.opendocument.text",
            "content.xml": b'<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:'
            b'office:1.0" xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:text>'
            b"<t:p>Rain fell.</t:p></o:text></o:body></o:document-content>",
        }),
        "EPUB": zipped({
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": b'<container xmlns="urn:oasis:names:tc:opendocument:xmlns:'
            b'container"><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>',
            "a.opf": b'<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item '
            b'id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref '
            b'idref="a"/></spine></package>',
            "a.xhtml": page,
        }),
        "pdf": sample("30"),
        "tar": tarred({"a.html": page, "b/c.txt": b"Snow fell on Oslo.", "d.json": sample("22")}),
        "bzip2": bz2.compress(sample("23")),
        "xz": lzma.compress(page),
        "zstd": zstd.compress(page),
        "rtf": rb"{\rtf1\ansi Rain fell on Lisbon.\par Snow fell on Oslo.}",
        "foreign": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "mhtml": b"From: <Saved by a browser>\nMIME-Version: 1.0\nSubject: rain\nContent-Type: "
        b'multipart/related; boundary="x"\n\n--x\nContent-Type: text/html\nContent-Location: '
        b"https://a.example/1\n\n" + page + b"\n--x--\n",
        "mbox": b"\n\n".join(b"From a@b.example Mon Mar  2 10:00:00 2026\n" + mail for _ in "ab"),
        "mail": mail,
        "feed": sample("31"),
        "nitf": sample("32"),
        "newsml": b'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:1"><itemMeta>'
        b'<itemClass qcode="ninat:text"/></itemMeta><contentSet><inlineData>Rain fell.</inlineData>'
        b"</contentSet></newsItem>",
        "html": page,
        "xml": xml + b"<weather><rain/></weather>",
        "jsonfeed": b'{"version": "https://jsonfeed.org/version/1.1", "title": "a", "items": '
        b'[{"id": "1", "url": "https://a.example/1", "content_text": "Rain fell."}, {"id": "2"}]}',
        "ninjs": sample("33"),
        "jsonl": sample("23"),
        "json": sample("22"),
        "csv": sample("34"),
        "markdown": b"---\ntitle: Rain\n---\n\nRain fell on *Lisbon*.\n",
        "text": b"Rain fell on Lisbon.\n",
    }  # fmt: skip


TYPES = {"record": Record.CONTENT_TYPE}
FORMATS = every_format()


def outcomes(data: bytes, envelope: Envelope) -> list[Outcome]:
    return list(Fetch(SETTINGS)(Message(data, headers=envelope.headers())))


Given = tuple[str, str, bytes]


def given(found: Iterable[Outcome], message: bytes) -> list[Given]:
    """Place, id or reason, and bytes of what a message gives, in order; what is dropped aside.

    Where a message is refused as a whole, its bytes are those that are kept.
    """
    all_of_it: list[Given] = []
    for outcome in found:
        if isinstance(outcome, Emit):
            envelope = Envelope.parse(outcome.headers)
            all_of_it.append((envelope.member, envelope.id, outcome.value))
        elif isinstance(outcome, Reject):
            all_of_it.append(
                (outcome.member, outcome.reason, message if outcome.data is None else outcome.data)
            )
    return all_of_it


def sent_in_parts(data: bytes, name: str, kind: str) -> list[Given]:
    """What its parts give, each sent by itself as ``wireroom ingest`` sends them."""
    unpacker = Unpacker(SETTINGS)
    everything: list[Given] = []
    source = unpacker.source(stream_of(iter([data])), name, kind)
    for leaf in unpacker.leaves(Part(source), Budget(SETTINGS)):
        place = leaf.place
        told = Envelope(filename=name, parent=document_id(data) if place else "", member=place)
        if isinstance(leaf, Part):
            value, inner = leaf.source.data, leaf.source.sample
            told = told.derive(content_type=inner.content_type, url=leaf.url, time=leaf.seen_at)
            told = told.derive(extra={NAME_HEADER: inner.name} if place else {})
            everything += given(outcomes(value, told), value)
        elif isinstance(leaf.item, Document):
            told = told.derive(content_type=leaf.item.content_type, url=leaf.item.url)
            told = told.derive(extra={NAME_HEADER: ""})
            everything += given(outcomes(leaf.item.data, told), leaf.item.data)
        elif isinstance(leaf.item, Refused):
            everything.append((place, leaf.item.reason, leaf.item.data))
    return everything


def test_a_file_of_every_format_is_among_them() -> None:
    names = {kind.name for kind in registry(SETTINGS)}
    zips = {"DOCX", "OpenDocument text", "EPUB"}
    assert names | zips == FORMATS.keys()
    for name in names:
        chosen = recognise(registry(SETTINGS), Sample(FORMATS[name], "", TYPES.get(name, "")))
        assert chosen is not None
        assert chosen.name == name


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_again(name: str) -> None:
    envelope = Envelope(filename="a", content_type=TYPES.get(name, ""))
    first = outcomes(FORMATS[name], envelope)
    assert outcomes(FORMATS[name], envelope) == first
    ids = [outcome.key for outcome in first if isinstance(outcome, Emit)]
    assert len(set(ids)) == len(ids)
    assert ids or name in ("foreign", "xml")


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_sent_in_parts_is_what_it_gives_as_a_whole(name: str) -> None:
    data, kind = FORMATS[name], TYPES.get(name, "")
    whole = given(outcomes(data, Envelope(filename="a", content_type=kind)), data)
    parts = sent_in_parts(data, "a", kind)
    assert parts == whole


def test_the_same_holds_for_all_of_them_in_one_archive_in_others() -> None:
    inner = zipped({f"{at}": data for at, data in enumerate(FORMATS.values())})
    data = gzip.compress(tarred({"first.zip": inner, "again/first.zip": inner}), mtime=0)
    whole = given(outcomes(data, Envelope(filename="all.tar.gz")), data)
    parts = sent_in_parts(data, "all.tar.gz", "")
    assert parts == whole
    emitted = [fact for _, fact, value in whole if len(fact) == 26]
    assert len(emitted) > 2 * len(FORMATS)
    assert len(set(emitted)) == len(emitted)
