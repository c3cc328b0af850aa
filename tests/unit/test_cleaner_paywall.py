"""Whether an article is for subscribers alone: what says so, and what does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page
from services.cleaner.markup.paywall import paywall

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TEXT = "The harbour of Lindvik was closed on Tuesday after a ferry ran into its eastern pier."


def told(head: str = "", below: str = "", text: str = TEXT) -> tuple[bool | None, str | None]:
    html = f"<html><head>{head}</head><body><nav>Log in</nav><p>{text}</p>{below}</body></html>"
    found = Extracted(text=text)
    paywall(Page(html, None, NOW), found)
    return found.paywalled, found.provenance.get("paywalled")


def linked(**facts: object) -> str:
    data = {"@type": "NewsArticle", "headline": "Ferry hits pier"} | facts
    return f"<script type='application/ld+json'>{json.dumps(data)}</script>"


@pytest.mark.parametrize("value", [False, "False", "false", "http://schema.org/False", ["false"]])
def test_structured_data_says_that_it_is_not_free(value: object) -> None:
    assert told(linked(isAccessibleForFree=value)) == (True, "json-ld")
    part = {"@type": "WebPageElement", "isAccessibleForFree": value, "cssSelector": ".paid"}
    assert told(linked(hasPart=part)) == (True, "json-ld")
    assert told(linked(hasPart=[part], isAccessibleForFree=True)) == (True, "json-ld")


@pytest.mark.parametrize("value", [True, "True", "https://schema.org/True"])
def test_structured_data_that_calls_it_free_is_believed(value: object) -> None:
    below = "<p>Subscribe to continue reading</p>"
    assert told(linked(isAccessibleForFree=value), below) == (False, "json-ld")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("article:content_tier", "locked", True),
        ("article:content_tier", "free", False),
        ("article:content_tier", "metered", None),
        ("isAccessibleForFree", "false", True),
        ("isAccessibleForFree", "maybe", None),
    ],
)
def test_meta_elements(name: str, value: str, expected: bool | None) -> None:
    place = None if expected is None else "meta"
    assert told(f"<meta property='{name}' content='{value}'>") == (expected, place)


@pytest.mark.parametrize(
    "line",
    [
        "Subscribe to continue reading",
        "This article is for subscribers only.",
        "To continue reading, please sign in or create a free account.",
        "Jetzt abonnieren und weiterlesen",
        "Dieser Artikel ist nur für Abonnenten.",
        "Alleen voor abonnees",
        "Il vous reste 80.1% de cet article à lire.",
        "La suite est réservée aux abonnés.",
        "Suscríbete para seguir leyendo",
        "Contenuto riservato agli abbonati",
        "Assine para continuar lendo",
        "Endast för prenumeranter",
        "Artykuł tylko dla subskrybentów",
        "Článek je jen pro předplatitele",
        "Материал доступен только для подписчиков",
        "订阅后继续阅读全文",
        "この記事は有料会員限定です",
        "구독자 전용 기사입니다",
        "هذا المحتوى للمشتركين فقط",
    ],
)
def test_a_short_text_with_an_invitation_below_is_a_stub(line: str) -> None:
    assert told(below=f"<div><h3>{line}</h3></div>") == (True, "text")
    # A long text is the article, whatever the page offers.
    assert told(below=f"<p>{line}</p>", text=TEXT * 40) == (None, None)


@pytest.mark.parametrize(
    "line",
    [
        "Subscribe to our newsletter",
        "Sign up for free to get the news of the day",
        "Members of the crew read the rules",
        "Continue to the next page",
        "Subscribe now to keep reading and get access to the full archive.",  # of every blog
    ],
)
def test_other_offers_say_nothing(line: str) -> None:
    assert told(below=f"<p>{line}</p>") == (None, None)


def test_a_cut_text_with_an_offer_below_is_a_stub() -> None:
    below = "<p>Choose your subscription</p>"
    assert told(below=below, text=TEXT[:-1] + "…") == (True, "text")
    assert told(below=below) == (None, None)
    assert told(text=TEXT[:-1] + "…") == (None, None)


def test_an_invitation_far_below_or_above_is_not_the_articles() -> None:
    far = "<p>Another story</p>" * 50 + "<p>Subscribe to continue reading</p>"
    assert told(below=far) == (None, None)


@pytest.mark.timeout(60)
def test_hostile_notices_come_to_an_end() -> None:
    for piece in ("subscribe to ", "sign up and ", "a ", "abonnieren ", "登录"):
        below = f"<p>{(piece * 300)[:299]}</p>" * 200
        assert told(below=below)[1] in (None, "text")
    hostile = linked(hasPart=[{"isAccessibleForFree": {}}, 7, None], isAccessibleForFree=None)
    assert told(hostile) == (None, None)
