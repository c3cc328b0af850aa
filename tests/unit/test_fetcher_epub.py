"""EPUB: its chapters in order, and what of it is refused by name."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import NO, Child, Found, Refused, Skipped
from services.fetcher.formats.epub import Epub
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.settings import FetcherSettings
from services.fetcher.sniff import Sample
from services.fetcher.source import Source
from shared.settings import load_settings

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
    '<rootfiles><rootfile full-path="OEBPS/book.opf" '
    'media-type="application/oebps-package+xml"/></rootfiles></container>'
)
XHTML = "application/xhtml+xml"
LAUGHS = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def page(text: str) -> str:
    """A page of a book."""
    return (
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Book</title>'
        f"</head><body>{text}</body></html>"
    )


PAGES = {
    "cover.xhtml": page('<img src="c.png" alt="Cover"/>'),
    "toc.xhtml": page("<nav><a href='one.xhtml'>One</a></nav>"),
    "text/one.xhtml": page("<p>The council met.</p>"),
    "text/t wo.xhtml": page("<p>It agreed.</p>"),
    "aside.xhtml": page("<p>By the way.</p>"),
}
OPF = (
    '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
    f'<item id="c" href="cover.xhtml" media-type="{XHTML}"/>'
    f'<item id="n" href="toc.xhtml" media-type="{XHTML}" properties="nav"/>'
    f'<item id="2" href="text/t%20wo.xhtml" media-type="{XHTML}"/>'
    f'<item id="1" href="text/one.xhtml" media-type="{XHTML}"/>'
    f'<item id="a" href="aside.xhtml" media-type="{XHTML}"/>'
    '<item id="p" href="c.png" media-type="image/png"/></manifest>'
    '<spine><itemref idref="c"/><itemref idref="n"/><itemref idref="1"/><itemref idref="2"/>'
    '<itemref idref="1"/><itemref idref="a" linear="no"/><itemref idref="p"/>'
    '<itemref idref="none"/></spine></package>'
)
ENCRYPTION = (
    '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
    'xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
    '<e:EncryptionMethod Algorithm="{}"/><e:CipherData><e:CipherReference URI="{}"/>'
    "</e:CipherData></e:EncryptedData></encryption>"
)
AES = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"


def epub(**changes: str | bytes | None) -> bytes:
    """A book; parts given as ``None`` are left out."""
    parts: dict[str, str | bytes | None] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": OPF,
        **{f"OEBPS/{name}": text for name, text in PAGES.items()},
        **changes,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            if data is not None:
                archive.writestr(name, data)
    return out.getvalue()


def unwrapped(data: bytes, **limits: int) -> list[Found]:
    """Everything found in ``data``."""
    settings = load_settings(FetcherSettings, **limits)
    return list(Epub().unwrap(Source(data, limit=settings.max_container_bytes), Budget(settings)))


def refused(data: bytes) -> Refused:
    """The only thing found: a refusal of the whole."""
    (found,) = unwrapped(data)
    assert isinstance(found, Refused), found
    assert found.whole
    return found


def test_chapters_in_the_order_of_the_spine() -> None:
    found = unwrapped(epub())
    assert found == [
        Skipped("no_text"),
        *(
            Child(PAGES[name].encode(), f"OEBPS/{name}", name.rpartition("/")[2], XHTML)
            for name in ("text/one.xhtml", "text/t wo.xhtml")
        ),
    ]


def test_covers_and_contents_that_the_guide_names_are_left_out() -> None:
    guide = '<guide><reference type="toc" href="text/one.xhtml#top"/></guide></package>'
    found = unwrapped(epub(**{"OEBPS/book.opf": OPF.replace("</package>", guide)}))
    assert [c.step for c in found if isinstance(c, Child)] == ["OEBPS/text/t wo.xhtml"]


def test_a_missing_chapter_is_refused_by_itself() -> None:
    found = unwrapped(epub(**{"OEBPS/text/one.xhtml": None}))
    (missing,) = (part for part in found if isinstance(part, Refused))
    assert (missing.reason, missing.step, missing.whole) == (
        "corrupt_epub",
        "OEBPS/text/one.xhtml",
        False,
    )
    assert sum(isinstance(part, Child) for part in found) == 1


def test_encrypted_pages_and_fonts() -> None:
    name = "META-INF/encryption.xml"
    locked = epub(**{name: ENCRYPTION.format(AES, "OEBPS/text/t%20wo.xhtml")})
    assert refused(locked).reason == "encrypted"
    font = epub(**{name: ENCRYPTION.format("http://www.idpf.org/2008/embedding", "OEBPS/f.otf")})
    assert unwrapped(font) == unwrapped(epub())
    assert unwrapped(epub(**{name: ENCRYPTION.format(AES, "OEBPS/f.otf")})) == unwrapped(epub())


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("META-INF/container.xml", None),
        ("META-INF/container.xml", "<container/>"),
        ("META-INF/container.xml", b"\xff\xfe<"),
        ("OEBPS/book.opf", None),
        ("OEBPS/book.opf", "<package>"),
        ("OEBPS/book.opf", "<package/>"),
        ("OEBPS/book.opf", LAUGHS + "<x>&b;</x>"),
        ("META-INF/encryption.xml", "<e"),
    ],
)
def test_wrong_parts(part: str, data: str | bytes | None) -> None:
    found = refused(epub(**{part: data}))
    assert found.reason == "corrupt_epub"
    assert part in found.detail


def test_paths_do_not_leave_the_book() -> None:
    opf = OPF.replace("text/one.xhtml", "../../../etc/passwd")
    found = unwrapped(epub(**{"OEBPS/book.opf": opf}))
    assert "has no part '../../etc/passwd'" in "".join(
        f.detail for f in found if isinstance(f, Refused)
    )


def test_a_book_of_pictures() -> None:
    blank = {f"OEBPS/{name}": page("<img/>&nbsp;") for name in PAGES}
    *skipped, last = unwrapped(epub(**blank))
    assert skipped == [Skipped("no_text")] * 3
    assert isinstance(last, Refused)
    assert last.reason == "no_text"


def test_bombs() -> None:
    found = unwrapped(epub(**{"OEBPS/text/one.xhtml": page(" " * 20_000_000)}))
    assert [f.reason for f in found if isinstance(f, Refused)] == ["zip_bomb"]
    with pytest.raises(PartRefused, match="zip_bomb"):
        unwrapped(epub(**{"OEBPS/book.opf": OPF + " " * 20_000_000}))
    with pytest.raises(Exhausted):
        unwrapped(epub(), max_total_bytes=1_000)


def test_no_zip_at_all() -> None:
    assert refused(b"PK\x03\x04" + random.Random(5).randbytes(3_000)).reason == "corrupt_epub"
    assert Epub().recognise(Sample(epub())) == NO


def test_truncated_anywhere() -> None:
    data = epub()
    for end in range(8, len(data), 41):
        assert refused(data[:end]).reason == "corrupt_epub"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    part=st.sampled_from(("META-INF/container.xml", "OEBPS/book.opf", "META-INF/encryption.xml")),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(max_size=6)), max_size=5),
)
def test_changed_bytes_never_raise(part: str, changes: list[tuple[float, bytes]]) -> None:
    texts = {"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": OPF}
    data = bytearray(texts.get(part, ENCRYPTION.format(AES, "a")).encode())
    for share, put in changes:
        place = int(share * len(data))
        data[place : place + len(put)] = put
    for found in unwrapped(epub(**{part: bytes(data)})):
        assert isinstance(found, Child | Refused | Skipped)
