"""Identity: what is the same page, the same text, the same id."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.text import (
    ID_LENGTH,
    article_id,
    canonical_url,
    comparable,
    content_hash,
    crockford,
    document_id,
    searchable,
    stable_id,
)

ANY = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("http://example.org/a", "https://example.org/a"),
        (" HTTPS://Example.ORG/Path?Q=Value ", "https://example.org/Path?Q=Value"),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/#top", "https://example.org/"),
        ("https://example.org/?", "https://example.org/"),
        ("https://example.org./a", "https://example.org/a"),
        ("https://example。org。/a", "https://example.org/a"),
        # ports
        ("http://example.org:80/", "https://example.org/"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org:443/", "https://example.org/"),
        ("https://example.org:8443/", "https://example.org:8443/"),
        ("https://example.org:/", "https://example.org/"),
        # credentials
        ("https://user:secret@example.org/a", "https://example.org/a"),
        # tracking
        ("https://e.org/?utm_source=x&id=7&fbclid=y", "https://e.org/?id=7"),
        ("https://e.org/?UTM_Source=x", "https://e.org/"),
        ("https://e.org/?b=2&a=1&b=3", "https://e.org/?b=2&a=1&b=3"),
        ("https://e.org/?a=&b", "https://e.org/?a=&b="),
        # IDNA and escapes
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://e.org/café?q=ü", "https://e.org/caf%C3%A9?q=%C3%BC"),
        ("https://e.org/caf%c3%a9", "https://e.org/caf%C3%A9"),
        ("https://e.org/100%zz", "https://e.org/100%zz"),
        ("https://e.org/a b", "https://e.org/a%20b"),
        # bytes of another charset stay what they are
        ("https://e.org/?q=%E9", "https://e.org/?q=%E9"),
        ("https://e.org/?q=%E8", "https://e.org/?q=%E8"),
        ("https://[2001:DB8::1]:80/a", "https://[2001:db8::1]:80/a"),
        ("http://[2001:DB8::1]:80/a", "https://[2001:db8::1]/a"),
        # no absolute http(s) URL
        ("", None),
        ("example.org/a", None),
        ("/a", None),
        ("ftp://example.org/", None),
        ("mailto:a@example.org", None),
        ("javascript:alert(1)", None),
        ("https://", None),
        ("https:///a", None),
        ("https://exa mple.org/", None),
        ("https://example.org:99999/", None),
        ("https://example.org:port/", None),
        ("https://[::1/", None),
        ("https://a..b/", None),
        (f"https://{'a' * 64}.org/", None),
        ("https://./", None),
        ("https://\u00ad/", None),
    ],
)
def test_canonical_urls(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical


URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP"]),
    st.text(st.sampled_from("aZ.é。ß%@:[]-0\u00ad\u200d℀\\"), max_size=8)
    | st.sampled_from(["e.org", "e.org:443", "e.org:80", "[::1]:8080", "ÉCOLE.fr。"]),
    st.sampled_from(["", "/"]),
    ANY,
)


@given(ANY | URLS | st.text("hH:/?#[]@!$&'()*+,;=% \t.aé\ud800"))
@example("http://h/\ud800?\udc80=%FF#\udfff")
@example("http://h/?%ed%a0%80")
def test_garbage_never_raises_and_the_canonical_form_is_its_own(url: str) -> None:
    canonical = canonical_url(url)
    if canonical is not None:
        assert canonical.isascii()
        assert canonical.startswith("https://")
        assert canonical_url(canonical) == canonical
    article_id(url, "text")


@given(ANY)
def test_the_comparable_form_is_its_own(text: str) -> None:
    folded = comparable(text)
    assert comparable(folded) == folded
    assert folded == folded.strip()
    assert "  " not in folded
    assert "\n" not in folded


VARIANTS = [
    "He said: 'no' - and \"left\".",
    "He said: ‘no’ – and “left”.",
    "he  said:\u00a0′no′ — and «left».",
    "HE SAID:\n\n\t‚no‛ − and „left‟.\u200b",
    "\ufeffHe sa\u00adid: ＇no＇ － and ＂left＂.",
    "Ｈｅ ｓａｉｄ: ´no´ ‐ and ″left″.",
]


@pytest.mark.parametrize("variant", VARIANTS)
def test_quotes_dashes_spaces_and_case_make_no_other_article(variant: str) -> None:
    assert comparable(variant) == "he said: 'no' - and \"left\"."
    assert article_id(None, variant) == article_id(None, VARIANTS[0])
    assert content_hash(variant) == content_hash(VARIANTS[0])


def test_other_words_make_another_article() -> None:
    assert article_id(None, "He said no") != article_id(None, "He said on")
    assert article_id(None, "Résumé") != article_id(None, "Resume")


def test_the_url_is_the_identity_where_there_is_one() -> None:
    same = article_id("http://e.org/a?utm_source=x#y", "one text")
    assert article_id("https://E.org/a", "another text") == same
    assert article_id("https://e.org/A", "one text") != same
    assert article_id("not a url", "one text") == article_id(None, "one text")


def test_a_text_that_is_a_url_is_no_url() -> None:
    assert article_id("https://e.org/", "x") != article_id(None, "https://e.org/")


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=5), st.data())
def test_ids_tell_where_parts_are_split(parts: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    other = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert (stable_id(*parts) == stable_id(*other)) == (parts == other)


@given(ANY)
def test_ids_are_26_characters_of_crockford(text: str) -> None:
    identifier = stable_id(text)
    assert len(identifier) == ID_LENGTH == 26
    assert set(identifier) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_crockford_against_values_worked_out_by_hand() -> None:
    assert crockford(bytes(17)) == "0" * 26
    assert crockford(b"\xff" * 17) == "Z" * 26
    # 00001 00010 00011 00100 00101 00110 00111 01000
    assert crockford(bytes([0b00001000, 0b10000110, 0b01000010, 0b10011000, 0b11101000]), 8) == (
        "12345678"
    )
    # Python's own base32 in another alphabet.
    assert crockford(b"hello", 8) == "D1JPRV3F"


def test_documents_are_told_apart_by_bytes_and_origin() -> None:
    ids = {
        document_id(b"x"),
        document_id(b"y"),
        document_id(b"x", url="https://e.org/"),
        document_id(b"x", parent="p"),
        document_id(b"x", place="p"),
    }
    assert len(ids) == 5
    assert document_id(b"x", parent="p") in ids


def test_searchable_keeps_what_snippets_show() -> None:
    assert searchable("“Ｃafé”\u00ad – It’s\u200b") == "“Café” – It’s"


def test_text_of_ascii_alone_is_folded_as_any_other() -> None:
    for code in range(128):
        beside = comparable(f"a{chr(code)}b…")
        assert beside.startswith(comparable(f"a{chr(code)}b")), code
