"""Mail, mailboxes and saved pages: the article, its facts, what is attached, and hostile mail."""

from __future__ import annotations

import base64
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.fetcher.formats.base import NO, Child, Document, Found, Refused, Skipped
from services.fetcher.formats.mail import Mail
from services.fetcher.formats.mbox import Mbox
from services.fetcher.formats.mhtml import Mhtml
from services.fetcher.limits import Budget, Exhausted, PartRefused
from services.fetcher.source import Source, stream_of
from shared.records import Record
from tests.unit.unwrapping import children, limits, reasons, recognised, records, suite, unwrap

HEADERS = """\
Received: from a.example by b.example; Fri, 21 Nov 1997 10:05:43 -0600
From: Jane Doe <jane@example.com>
To: desk@example.org
Subject: A bridge is opened
Date: Fri, 21 Nov 1997 09:55:06 -0600
Message-ID: <1@example.com>
MIME-Version: 1.0
"""
TEXT = "The bridge was opened on Friday.\n\nIt had taken nine years.\n"


def mail(body: str = TEXT, *more: str, headers: str = HEADERS) -> bytes:
    return (headers + "".join(f"{line}\n" for line in more) + "\n" + body).encode()


def several(kind: str, *parts: str, boundary: str = "=_b") -> tuple[str, str]:
    """A multipart body and its header."""
    body = "".join(f"--{boundary}\n{part}\n" for part in parts) + f"--{boundary}--\n"
    return body, f'Content-Type: multipart/{kind}; boundary="{boundary}"'


def plain(text: str = TEXT) -> str:
    return f"Content-Type: text/plain; charset=utf-8\n\n{text}"


def rich(page: str) -> str:
    return f"Content-Type: text/html; charset=utf-8\n\n{page}"


def attached(name: str, data: bytes, kind: str = "application/octet-stream") -> str:
    return (
        f"Content-Type: {kind}\nContent-Transfer-Encoding: base64\n"
        f'Content-Disposition: attachment; filename="{name}"\n\n{base64.encodebytes(data).decode()}'
    )


def opened(data: bytes) -> list[Found]:
    return list(unwrap(Mail(), data))


def article(data: bytes) -> Record:
    [record] = records(opened(data))
    return record


class TestRecognition:
    @pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
    def test_by_its_headers_however_lines_end(self, ends: bytes) -> None:
        data = mail().replace(b"\n", ends)
        assert recognised(Mail(), data) > NO
        found = article(data)
        assert found.title == "A bridge is opened"
        assert found.text is not None
        assert found.text.split() == TEXT.split()

    @pytest.mark.parametrize(
        "before", ["From jane@example.com Fri Nov 21 09:55:06 1997\n", "\r\n\n", "\ufeff"]
    )
    def test_with_a_line_of_a_mailbox_or_blank_lines_before(self, before: str) -> None:
        data = before.encode() + mail()
        assert recognised(Mail(), data) > NO
        assert recognised(Mbox(), data) == NO
        assert article(data).title == "A bridge is opened"

    @pytest.mark.parametrize(
        "text",
        [
            "From: Someone in the city\n\nA text that begins like a letter. To: you.\n",
            "From: the archive. Date: unknown. Subject: war.\nIt goes on as prose does.\n\nAnd on.",
            "Subject: history\nDate: 1914\n\nA school paper with a few lines before it.\n",
            "From: the editor\nTo: our readers\nSubject: what changes\n\nDear readers, ...\n",
            "BERLIN: The city grows.\nPARIS: So does this one.\nLONDON: Not so.\n\nAll in all.\n",
            "HTTP/1.1 200 OK\nDate: today\nFrom: a@b\nSubject: x\n\n",
            "<p>From: a@b.c</p>\n",
            "",
        ],
    )
    def test_what_is_no_mail(self, text: str) -> None:
        assert recognised(Mail(), text.encode(), "a.txt") == NO

    def test_a_name_helps_where_headers_are_few(self) -> None:
        data = b"Subject: A note\n\nText.\n"
        assert recognised(Mail(), data) == NO
        assert recognised(Mail(), data, "note.eml") > NO
        assert recognised(Mail(), data, content_type="message/rfc822") > NO


class TestArticle:
    def test_facts_of_the_headers(self) -> None:
        found = article(mail())
        assert (found.title, found.authors) == ("A bridge is opened", ["Jane Doe"])
        assert found.published_at == "1997-11-21T09:55:06-06:00"
        assert (found.text, found.html, found.url, found.site_name) == (TEXT, None, None, None)

    def test_html_is_preferred_where_it_says_anything(self) -> None:
        body, header = several("alternative", plain(), rich("<p>Rich</p>"))
        assert article(mail(body, header)).html == "<p>Rich</p>"
        empty = "<html><head><style>p {}</style><title>x</title></head><body>&nbsp;</body></html>"
        body, header = several("alternative", plain(), rich(empty))
        assert (article(mail(body, header)).text or "").strip() == TEXT.strip()

    def test_pieces_of_text_around_an_attachment_are_one_article(self) -> None:
        body, header = several("mixed", plain("One."), attached("a.bin", b"x"), plain("Two."))
        found = opened(mail(body, header))
        assert records(found)[0].text == "One.\n\nTwo."
        assert [child.step for child in children(found)] == ["part 2: a.bin"]

    def test_plain_text_beside_html_is_kept(self) -> None:
        body, header = several("mixed", rich("<p>Rich</p>"), plain("Footer & more\nline"))
        assert article(mail(body, header)).html == (
            "<p>Rich</p>\n\n<p>Footer &amp; more<br>line</p>"
        )

    def test_a_page_called_plain_text_is_html(self) -> None:
        page = "\n<!DOCTYPE HTML><html><body><p>Rich</p></body></html>\n"
        found = article(mail(page, "Content-Type: text/plain"))
        assert (found.html, found.text) == (page, None)

    def test_a_text_with_a_name_that_is_all_there_is(self) -> None:
        assert article(mail(TEXT, "Content-Type: text/plain; name=a.txt")).text == TEXT
        header = "Content-Disposition: attachment; filename=a.txt"
        assert [child.name for child in children(opened(mail(TEXT, header)))] == ["a.txt"]

    def test_flowed_text_is_unfolded(self) -> None:
        text = "A paragraph that \nflows on.\n\n> quoted \n> too\n From here\n-- \nsig \nned\n"
        found = article(mail(text, "Content-Type: text/plain; format=flowed"))
        assert found.text == (
            "A paragraph that flows on.\n\n> quoted too\nFrom here\n-- \nsig ned\n"
        )

    def test_delsp_joins_without_blanks(self) -> None:
        text = "こんに \nちは\n"
        header = "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes"
        assert article(mail(text, header)).text == "こんにちは\n"

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("base64", base64.encodebytes("Süß.".encode()).decode()),
            ("BASE64;", base64.encodebytes("Süß.".encode()).decode().rstrip("=\n")),
            ("quoted-printable", "S=C3=BC=\n=C3=9F."),
            ("x-uuencode", "begin 644 a\n&4\\.\\PY\\N\n`\nend\n"),
            ("7-bit", "Süß."),
            ("nonsense", "Süß."),
        ],
    )
    def test_transfer_encodings(self, encoding: str, body: str) -> None:
        header = f"Content-Transfer-Encoding: {encoding}"
        assert article(mail(body, "Content-Type: text/plain", header)).text == "Süß."

    @pytest.mark.parametrize("declared", ["utf-8", "us-ascii", "nonsense", "iso-8859-1", "hex"])
    def test_charsets_that_are_wrong_or_unknown(self, declared: str) -> None:
        text = "Der Bürgermeister eröffnete die Brücke am Freitag für die Öffentlichkeit."
        data = mail("", f"Content-Type: text/plain; charset={declared}")
        assert article(data + text.encode("cp1252")).text == text
        assert article(data + text.encode()).text == text

    @pytest.mark.parametrize(
        ("subject", "title"),
        [
            ("Fwd: A bridge", "A bridge"),
            ("Re: Fw: AW: WG: A bridge", "A bridge"),
            ("RE[2]: A bridge: the film", "A bridge: the film"),
            ("[Video] A bridge", "[Video] A bridge"),
            ("=?utf-8?q?Br=C3=BC?= =?utf-8?b?Y2tl?= offen", "Brücke offen"),
            ("=?nonsense?q?A?= bridge", "A bridge"),
            ("=?utf-8?b?!!!?= x", "x"),
            ("A very\n long title", "A very long title"),
        ],
    )
    def test_titles(self, subject: str, title: str) -> None:
        headers = HEADERS.replace("A bridge is opened", subject)
        assert (article(mail(headers=headers)).title or "").endswith(title)
        assert len(article(mail(headers=headers)).title or "") <= len(title) + 20

    def test_a_list_tags_its_subjects_and_names_itself(self) -> None:
        headers = HEADERS.replace("A bridge", "Re: [desk] A bridge")
        found = article(mail(TEXT, 'List-Id: "The Desk" <desk.example.com>', headers=headers))
        assert (found.title, found.site_name) == ("A bridge is opened", "The Desk")
        assert found.authors == ["Jane Doe"]

    def test_a_newsletter_names_its_sender(self) -> None:
        headers = HEADERS.replace("Jane Doe", "=?utf-8?q?The_Daily?=")
        found = article(mail(TEXT, "List-Unsubscribe: <http://x>", headers=headers))
        assert (found.site_name, found.authors) == ("The Daily", [])

    @pytest.mark.parametrize(
        ("sender", "names"),
        [
            ('"Doe, Jane" <jane@example.com>', ["Doe, Jane"]),
            ("Doe, Jane <jane@example.com>", ["Doe, Jane"]),
            ("jane@example.com (Jane Doe)", ["Jane Doe"]),
            ("jane@example.com", []),
            ("A One <a@b.c>, B Two <b@b.c>", ["A One", "B Two"]),
            ('"=?iso-8859-1?q?J=F8rn?=" <j@example.com>', ["Jørn"]),
            ("<a@b.c>", []),
            ("Jane", ["Jane"]),
            (",;:<<>>@(((", []),
        ],
    )
    def test_authors(self, sender: str, names: list[str]) -> None:
        headers = HEADERS.replace("Jane Doe <jane@example.com>", sender)
        assert article(mail(headers=headers)).authors == names

    @pytest.mark.parametrize(
        ("date", "published"),
        [
            ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"),
            ("Fri, 21 Nov 1997 09:55:06 -0000", "1997-11-21T09:55:06+00:00"),
            ("Wed, 15 Dec 2010    59:10 -0500", "1997-11-21T10:05:43-06:00"),
            ("Fri, 31 Dec 9999 23:59:59 -2300", "1997-11-21T10:05:43-06:00"),
            ("", "1997-11-21T10:05:43-06:00"),
        ],
    )
    def test_dates(self, date: str, published: str) -> None:
        headers = HEADERS.replace("Date: Fri, 21 Nov 1997 09:55:06 -0600", f"Date: {date}")
        assert article(mail(headers=headers)).published_at == published

    def test_clear_signed_text_loses_its_armour(self) -> None:
        text = (
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nNews.\n- --- x\n"
            "-----BEGIN PGP SIGNATURE-----\nabc\n-----END PGP SIGNATURE-----\n"
        )
        assert article(mail(text)).text == "News.\n--- x\n"


BLOCKS = [
    "---------- Forwarded message ---------\nFrom: Ann Author <ann@paper.example>\n"
    "Date: Mon, 6 Jun 2005 22:21:22 +0200\nSubject: The story\nTo: Jane <jane@example.com>,\n"
    " Bob <bob@example.com>\n\n",
    "-----Original Message-----\nFrom: Ann Author [mailto:ann@paper.example]\n"
    "Sent: Mon, 6 Jun 2005 22:21:22 +0200\nTo: x\nSubject: FW: The story\n\n",
    "Begin forwarded message:\n\nFrom: Ann Author <ann@paper.example>\n"
    "Date: Mon, 6 Jun 2005 22:21:22 +0200\nTo: x\nSubject: The story\n\n",
    "-----Ursprüngliche Nachricht-----\nVon: Ann Author <ann@paper.example>\n"
    "Gesendet: Mon, 6 Jun 2005 22:21:22 +0200\nAn: x\nBetreff: WG: The story\n\n",
    "-------- Weitergeleitete Nachricht --------\nBetreff: The story\n"
    "Datum: Mon, 6 Jun 2005 22:21:22 +0200\nVon: Ann Author <ann@paper.example>\nAn: x\n\n",
    "---------- Message transféré ----------\nDe : Ann Author <ann@paper.example>\n"
    "Date : Mon, 6 Jun 2005 22:21:22 +0200\nObjet : The story\nÀ : x\n\n",
    "---------- Mensaje reenviado ----------\nDe: Ann Author <ann@paper.example>\n"
    "Fecha: Mon, 6 Jun 2005 22:21:22 +0200\nAsunto: The story\nPara: x\n\n",
    "________________________________\nFrom: Ann Author <ann@paper.example>\n"
    "Sent: Mon, 6 Jun 2005 22:21:22 +0200\nTo: x\nSubject: The story\n\n",
]
STORY = "The story as it was sent, of some length.\n\nSecond paragraph.\n"


class TestForwarded:
    headers = HEADERS.replace("A bridge is opened", "Fwd: look")

    def _check(self, found: Record) -> None:
        assert (found.title, found.authors) == ("The story", ["Ann Author"])
        assert found.published_at == "2005-06-06T22:21:22+02:00"

    @pytest.mark.parametrize("block", BLOCKS)
    def test_its_own_facts_win_and_the_comment_goes(self, block: str) -> None:
        found = article(mail("Worth a look!\n\n" + block + STORY, headers=self.headers))
        self._check(found)
        assert found.text == STORY.rstrip("\n")

    @pytest.mark.parametrize("block", BLOCKS)
    def test_in_html(self, block: str) -> None:
        lines = "<br>\n".join(
            line.replace("<", "&lt;").replace(">", "&gt;").replace(":", ":</b>", 1)
            for line in block.replace(",\n", ",").split("\n")
        )
        page = (
            f"<html><body><div>Worth a look!</div><div class=q>{lines}</div>"
            "<p>The story as it was sent.</p></body></html>"
        )
        data = mail(page, "Content-Type: text/html; charset=utf-8", headers=self.headers)
        found = article(data)
        self._check(found)
        assert found.html is not None
        assert "The story as it was sent." in found.html
        assert "Worth a look" not in found.html

    @pytest.mark.parametrize(
        "date", ["Monday, June 6, 2005 10:21 PM", "Mon, Jun 6, 2005 at 10:21 PM", "6. Juni 2005"]
    )
    def test_dates_as_people_write_them_are_kept(self, date: str) -> None:
        block = BLOCKS[0].replace("Mon, 6 Jun 2005 22:21:22 +0200", date)
        assert article(mail(block + STORY)).published_at == date

    def test_as_programs_write_it_in_html(self) -> None:
        page = (
            '<div dir="ltr">see below<br><br><div class="gmail_quote"><div class="gmail_attr">'
            '---------- Forwarded message ---------<br>From: <strong dir="auto">Ann Author</strong>'
            ' <span>&lt;<a href="mailto:ann@paper.example">ann@paper.example</a>&gt;</span><br>'
            "Date: Mon, 6 Jun 2005 22:21:22 +0200<br>Subject: The story<br>To: Jane &lt;"
            '<a href="mailto:j@x">j@x</a>&gt;<br></div><br><br><p>Body.</p></div></div>'
        )
        found = article(mail(page, "Content-Type: text/html; charset=utf-8"))
        self._check(found)
        assert found.html == "</div><br><br><p>Body.</p></div></div>"

    def test_quoted_by_the_program(self) -> None:
        block = BLOCKS[2] + STORY
        quoted = "".join(f"> {line}\n" for line in block.split("\n")[2:])
        text = f"Begin forwarded message:\n\n{quoted}"
        found = article(mail(text, headers=self.headers))
        self._check(found)
        assert (found.text or "").startswith("The story as it was sent, of some length.\n\nSec")

    def test_again_and_again(self) -> None:
        outer = BLOCKS[0].replace("The story", "Fwd: The story").replace("Ann", "Zoe")
        self._check(article(mail(outer + BLOCKS[0] + STORY, headers=self.headers)))

    def test_what_a_reply_quotes_is_not_the_article(self) -> None:
        headers = HEADERS.replace("A bridge", "Re: A bridge")
        found = article(mail("My answer.\n\n" + BLOCKS[1] + STORY, headers=headers))
        assert (found.title, found.authors) == ("A bridge is opened", ["Jane Doe"])

    def test_a_long_text_that_forwards_a_short_one_is_itself_the_article(self) -> None:
        found = article(mail("A long text. " * 100 + "\n\n" + BLOCKS[0] + "Short."))
        assert found.authors == ["Jane Doe"]


class TestParts:
    def test_attachments_and_mails_are_children(self) -> None:
        inner = "Content-Type: message/rfc822\n\n" + mail().decode()
        nested, header = several("mixed", plain("Inner"), inner, boundary="in")
        body, outer = several(
            "mixed", f"{header}\n\n{nested}", attached("a/b é.pdf", b"%PDF-1.4", "application/pdf")
        )
        found = opened(mail(body, outer))
        assert records(found)[0].text == "Inner"
        first, second = children(found)
        assert (first.content_type, first.step, first.data) == (
            "message/rfc822", "part 2", mail()
        )  # fmt: skip
        assert (second.name, second.data) == ("a/b é.pdf", b"%PDF-1.4")
        assert second.step == "part 3: a/b é.pdf"
        assert second.content_type == "application/pdf"
        assert second.seen_at == datetime(1997, 11, 21, 15, 55, 6, tzinfo=UTC)

    def test_what_is_no_news_is_skipped(self) -> None:
        parts = [
            plain(),
            attached("a.png", b"\x89PNG", "image/png"),
            attached("a.ics", b"BEGIN", "text/calendar"),
            attached("a.vcf", b"BEGIN", "text/x-vcard"),
            attached("smime.p7s", b"0", "application/pkcs7-signature"),
            attached("a.txt", b" \n", "text/plain"),
        ]
        found = opened(mail(*several("mixed", *parts)))
        assert [item.reason for item in found if isinstance(item, Skipped)] == [
            "image", "calendar", "visiting_card", "signature", "empty_attachment"
        ]  # fmt: skip
        assert len(found) == 6

    def test_pictures_of_a_page_are_not_its_article(self) -> None:
        body, header = several(
            "related", rich("<p>Rich</p><img src=cid:1>"), attached("i.gif", b"GIF", "image/gif"),
            "Content-Type: text/css\n\np {}",
        )  # fmt: skip
        found = opened(mail(body, header))
        assert records(found)[0].html == "<p>Rich</p><img src=cid:1>"
        assert reasons(found) == ["image", "embedded"]

    @pytest.mark.parametrize(
        ("body", "header", "reason"),
        [
            (
                "MIIB",
                "Content-Type: application/pkcs7-mime; smime-type=enveloped-data",
                "encrypted",
            ),
            ("x", "Content-Type: multipart/encrypted; boundary=x", "encrypted"),
            ("-----BEGIN PGP MESSAGE-----\n\nabc\n", "X: y", "encrypted"),
            ("", "X: y", "no_text"),
            ("<p>&nbsp;</p>", "Content-Type: text/html", "no_text"),
            ("x", "Content-Type: message/partial; id=1", "partial_message"),
            (*several("report; report-type=delivery-status", plain()), "delivery_report"),
            (*several("mixed", attached("a.png", b"x", "image/png")), "no_text"),
        ],
    )
    def test_what_is_no_article_is_refused_as_a_whole(
        self, body: str, header: str, reason: str
    ) -> None:
        refused = opened(mail(body, header))[0]
        assert isinstance(refused, Refused)
        assert (refused.reason, refused.whole) == (reason, True)

    def test_a_text_too_large_is_refused_beside_what_is_attached(self) -> None:
        body, header = several("mixed", plain("x" * 5_000), attached("a.pdf", b"%PDF"))
        settings = limits(max_document_bytes=2_000)
        found = list(unwrap(Mail(), mail(body, header), settings=settings))
        assert reasons(found) == ["too_large"]
        assert [child.name for child in children(found)] == ["a.pdf"]
        found = list(unwrap(Mail(), mail("x" * 5_000), settings=settings))
        assert reasons(found) == ["too_large"]

    def test_a_mail_of_attachments_alone_is_no_error(self) -> None:
        found = opened(mail(*several("mixed", attached("a.pdf", b"%PDF"))))
        assert reasons(found) == []
        assert [child.name for child in children(found)] == ["a.pdf"]

    @pytest.mark.parametrize(
        "header",
        [
            "Content-Type: multipart/mixed",
            "Content-Type: multipart/mixed; boundary=other",
            "Content-Type: multipart/mixed; boundary=----=_x",
            'Content-Type: multipart/mixed; boundary="=_b',
        ],
    )
    def test_boundaries_that_are_absent_or_wrong(self, header: str) -> None:
        body, _ = several("mixed", plain("One."), attached("a.bin", b"x"))
        found = opened(mail(f"Preamble\n{body}", header))
        assert records(found)[0].text == "One."
        assert len(children(found)) == 1

    def test_boundaries_that_begin_alike(self) -> None:
        inner, header = several("alternative", plain("In."), boundary="=_b_inner")
        body, outer = several("mixed", f"{header}\n\n{inner}", attached("a.bin", b"x"))
        found = opened(mail(body, outer))
        assert records(found)[0].text == "In."
        assert [child.data for child in children(found)] == [b"x"]


class TestHostile:
    def test_parts_a_thousand_deep(self) -> None:
        lines = [f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1000)]
        assert reasons(opened(mail("".join(lines[1:]), lines[0].split("\n")[0]))) == [
            "nested_too_deep"
        ]

    def test_the_same_boundary_a_thousand_deep(self) -> None:
        line = "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
        found = opened(mail("--b\n" + line * 1000, "Content-Type: multipart/mixed; boundary=b"))
        assert set(reasons(found)) <= {"no_text", "too_many_parts", "nested_too_deep"}

    def test_parts_without_end(self) -> None:
        found = opened(mail("--b\n" * 1_000_000, "Content-Type: multipart/mixed; boundary=b"))
        assert reasons(found) == ["too_many_parts"]

    @pytest.mark.parametrize("line", ["--bb", "--b" + " " * 50 + "x", "-" * 70, "--"])
    def test_lines_that_are_almost_boundaries(self, line: str) -> None:
        data = mail(f"{line}\n" * 100_000, "Content-Type: multipart/mixed; boundary=b")
        assert [document for document in opened(data) if isinstance(document, Document)]

    def test_a_million_headers(self) -> None:
        data = (HEADERS + "X-A: b\n" * 1_000_000 + "\nText").encode()
        assert recognised(Mail(), data) > NO
        assert reasons(opened(data)) == ["headers_too_large"]

    @pytest.mark.parametrize(
        "header",
        [
            "Content-Type: text/plain" + '; x="a' * 100_000,
            "Content-Type: multipart/mixed" + "; boundary*0=a" * 50_000,
            "Content-Disposition: " + ";" * 500_000,
            "Content-Type: text/plain; name=" + "=?utf-8?q?a?= " * 50_000,
            "X-Folded:" + "\n x" * 200_000,
            "List-Id: " + "<" * 900_000,
            "Received: " + "(" * 900_000,
            "Sender: a" + " " * 900_000 + "b",
        ],
    )
    def test_headers_that_are_slow_to_read(self, header: str) -> None:
        found = opened(mail(TEXT, header))
        assert records(found) or children(found)

    def test_parts_of_which_each_has_another_charset_to_be_guessed(self) -> None:
        parts = b"".join(
            b'--b\nContent-Disposition: attachment; filename="\xe4%d"\n\n\xf6\xfc %d\n' % (n, n)
            for n in range(900)
        )
        found = opened(mail("", "Content-Type: multipart/mixed; boundary=b") + parts)
        assert len(children(found)) == 900
        assert children(found)[899].name == "ä899"

    def test_subjects_and_senders_that_are_slow_to_read(self) -> None:
        for old, new in (
            ("A bridge is opened", "Re: " * 200_000),
            ("Jane Doe", '"\\' * 300_000),
            ("Jane Doe", "a" + "\t " * 300_000),
            ("Jane Doe", "a " * 300_000),
        ):
            assert records(opened(mail(headers=HEADERS.replace(old, new))))

    @pytest.mark.parametrize(
        "page",
        ["<style" * 500_000, "<" * 2_000_000, "<p " * 500_000, "&amp;" * 400_000,
         "From: " * 300_000, "<br>From: x<br>" * 50_000, "-" * 2_000_000,
         "From" + " " * 200_000, "From" + "*" * 200_000, ("From:" + " " * 60 + "\n") * 4_000],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["text/html", "text/plain; format=flowed"])
    def test_bodies_that_are_slow_to_read(self, page: str, kind: str) -> None:
        headers = HEADERS.replace("A bridge", "Fwd: A bridge")
        found = opened(mail(page, f"Content-Type: {kind}", headers=headers))
        assert records(found) or reasons(found) == ["no_text"]


def mailbox(*texts: str) -> bytes:
    separator = "From jane@example.com Fri Nov 21 09:55:06 1997\n"
    return "".join(f"{separator}{HEADERS}\n{text}\n\n" for text in texts).encode()


class TestMbox:
    def test_each_mail_is_a_child(self) -> None:
        data = mailbox("One.\n>From here\n>>From there", "Two.", "Three.")
        assert recognised(Mbox(), data) > recognised(Mail(), data) > NO
        found = children(list(unwrap(Mbox(), data)))
        assert [child.step for child in found] == ["message 1", "message 2", "message 3"]
        assert {child.content_type.partition(";")[0] for child in found} == {"message/rfc822"}
        first = found[0].data
        assert isinstance(first, bytes)
        assert first.endswith(b"\n\nOne.\nFrom here\n>From there\n\n")
        assert article(first).title == "A bridge is opened"

    @pytest.mark.parametrize(
        "line",
        [
            "From the city at 10:30 came news.\nMore: it was good.",
            "From jane@example.com Fri Nov 21 09:55:06 1997\nno header follows",
            "From nowhere in particular\nSubject: x",
        ],
    )
    def test_prose_that_begins_with_from_divides_nothing(self, line: str) -> None:
        data = mailbox(f"One.\n{line}", "Two.")
        assert len(children(list(unwrap(Mbox(), data)))) == 2

    @pytest.mark.parametrize("size", [1, 7, 300, 1_000])
    def test_wherever_pieces_end(self, size: int) -> None:
        data = mailbox("One.\n>From here\n" + "x" * 900, "Two.", "Three.\n\nFrom here: x")

        class Dripping(io.BytesIO):
            def read(self, wanted: int | None = -1, /) -> bytes:
                return super().read(size)

        found = children(list(unwrap(Mbox(), data)))
        assert len(found) == 3
        source = Source(data, limit=100_000)
        source._stream = Dripping(data)
        assert [
            c.data for c in Mbox().unwrap(source, Budget(limits())) if isinstance(c, Child)
        ] == [child.data for child in found]

    def test_carriage_returns(self) -> None:
        data = mailbox("One.", "Two.").replace(b"\n", b"\r\n")
        assert recognised(Mbox(), data) > NO
        assert len(children(list(unwrap(Mbox(), data)))) == 2

    def test_text_that_begins_with_from_is_no_mailbox(self) -> None:
        for text in ("From here to there: a way.\n", "From a b 10:30\nText: and more\n\nMore.\n"):
            assert recognised(Mbox(), text.encode(), "a.txt") == NO

    def test_a_mail_too_large_is_refused_and_the_others_go_on(self) -> None:
        data = mailbox("One.", "x" * 3_000 + "\n" + "y\n" * 3_000, "Three.")
        found = list(unwrap(Mbox(), data, settings=limits(max_container_bytes=5_000)))
        assert [child.step for child in children(found)] == ["message 1", "message 3"]
        assert reasons(found) == ["too_large"]

    def test_a_hundred_thousand_mails_one_at_a_time(self) -> None:
        one = mailbox("Text.")

        def pieces() -> Iterator[bytes]:
            for _ in range(1_000):
                yield one * 100

        source = Source(stream_of(pieces()), limit=1_000_000)
        tracemalloc.start()
        count = 0
        for _ in Mbox().unwrap(source, Budget(limits())):
            count += 1
            if count == 5_000:
                break
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 5_000
        assert peak < 3_000_000
        source = Source(stream_of(pieces()), limit=1_000_000)
        assert sum(1 for _ in Mbox().unwrap(source, Budget(limits()))) == 100_000

    def test_a_line_without_end_takes_no_memory(self) -> None:
        def pieces() -> Iterator[bytes]:
            yield mailbox("One.")
            yield b"From a@b.c Fri Nov 21 09:55:06 1997\nSubject: x\n\n"
            for _ in range(500):
                yield b"x" * 100_000

        settings = limits(max_container_bytes=1_000_000)
        source = Source(stream_of(pieces()), limit=1_000_000)
        tracemalloc.start()
        found = list(Mbox().unwrap(source, Budget(settings)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert reasons(found) == ["too_large"]
        assert peak < 5_000_000


SAVED = """\
From: <Saved by Blink>
Snapshot-Content-Location: https://example.com/a.html
Subject: A page
Date: Fri, 21 Nov 1997 09:55:06 -0600
MIME-Version: 1.0
"""


class TestMhtml:
    page = (
        "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n"
        "Content-Location: https://example.com/a.html\n\n<html><body>S=C3=BC=C3=9Fe Seite"
    )
    frame = "Content-Type: text/html\nContent-Location: https://ads.example/\n\n<html>Ad</html>"
    css = "Content-Type: text/css\nContent-Location: https://example.com/a.css\n\np {}"

    def _saved(self, *parts: str, headers: str = SAVED) -> bytes:
        return mail(*several('related; type="text/html"', *parts), headers=headers)

    def test_the_page_with_its_address(self) -> None:
        data = self._saved(self.frame, self.page, self.css)
        assert recognised(Mhtml(), data) > recognised(Mail(), data)
        document, *rest = unwrap(Mhtml(), data)
        assert document == Document(
            "<html><body>Süße Seite".encode(), "text/html; charset=utf-8", "",
            "https://example.com/a.html",
        )  # fmt: skip
        assert rest == [Skipped("embedded")] * 2

    def test_a_newsletter_with_pictures_is_a_mail(self) -> None:
        data = mail(*several("related", rich("<p>x</p>")))
        assert recognised(Mhtml(), data) == NO
        assert recognised(Mail(), data) > NO

    def test_one_page_alone(self) -> None:
        data = self.page.encode()
        assert recognised(Mhtml(), data) == NO
        assert recognised(Mhtml(), data, "a.mht") > NO
        [document] = unwrap(Mhtml(), data)
        assert isinstance(document, Document)
        assert document.url == "https://example.com/a.html"

    def test_frames_of_a_frameset_are_given(self) -> None:
        root = self.page.replace("<body>", "<frameset><frame src=x>")
        found = list(unwrap(Mhtml(), self._saved(root, self.frame, self.css)))
        assert [(d.step, d.url) for d in found if isinstance(d, Document)] == [
            ("", "https://example.com/a.html"), ("frame 1", "https://ads.example/")
        ]  # fmt: skip

    def test_no_page_in_it(self) -> None:
        assert reasons(list(unwrap(Mhtml(), self._saved(self.css)))) == ["no_text"]


REFUSED = {
    "bad_date_header.eml": "no_text",
    "bad_date_header2.eml": "no_text",
    "must_supply_encoding.eml": "no_text",
    "raw_email_with_binary_encoded.eml": "no_text",
    "raw_email_with_mimepart_without_content_type.eml": "delivery_report",
    "multi_address_bounce2.eml": "delivery_report",
    "multipart_report_multiple_status.eml": "delivery_report",
}


def test_every_mail_of_the_peers_gives_text_or_a_reason() -> None:
    refused = {}
    for path, data in suite("mail", "fixtures/emails/").items():
        if not data:
            continue  # one file of the suite is empty
        name = path.rpartition("/")[2]
        assert recognised(Mail(), data, name) > NO, name
        found = opened(data)
        if not records(found) and not children(found):
            refused[name] = reasons(found)[0]
    assert refused == REFUSED


def _samples() -> list[bytes]:
    body, header = several(
        "mixed", several("alternative", plain(), rich("<p>x</p>"), boundary="in")[0],
        attached("a.pdf", b"%PDF"), "Content-Type: message/rfc822\n\n" + mail().decode(),
    )  # fmt: skip
    return [mail(body, header), mail(BLOCKS[0] + STORY), mailbox("One.", "Two.")]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_but_refusals_leaves_what_is_damaged(data: st.DataObject) -> None:
    damaged = bytearray(data.draw(st.sampled_from(_samples())))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        piece = data.draw(st.binary(max_size=3) | st.sampled_from((b"=?", b"\n", b"--", b'"')))
        damaged[at : at + data.draw(st.integers(0, 3))] = piece
    del damaged[data.draw(st.integers(1, len(damaged))) :]
    for form in (Mail(), Mbox(), Mhtml()):
        source = Source(io.BytesIO(bytes(damaged)), limit=1_000_000)
        form.recognise(source.sample)
        with suppress(PartRefused, Exhausted):
            for found in form.unwrap(source, Budget(limits())):
                assert not isinstance(found, Child) or isinstance(found.data, bytes)
