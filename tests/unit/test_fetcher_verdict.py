"""Pages that are no article are told from those that are, also from those about such pages."""

from __future__ import annotations

import gzip
import json
import time

import pytest

from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from services.fetcher.verdict import verdict
from shared.events import Envelope, Message
from shared.fetching import DOWNLOAD_HEADER, Download
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings
from tests.shared_data import shared_data

PARAGRAPH = (
    "<p>The river rose by two metres overnight, and the fire brigade brought forty people from "
    "their houses in the old town before the bridge was closed to all traffic at dawn, the mayor "
    "said on Monday.</p>"
)
MENU = "<nav><ul>" + "<li><a href='/x'>Politics and society</a></li>" * 40 + "</ul></nav>"


def page(title: str, body: str, head: str = "") -> str:
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    )


PAGES = [
    ("blocked", page("Just a moment...", "<h2>Checking if the site connection is secure</h2>")),
    ("blocked", page("Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1>")),
    ("blocked", page("", "<div id='c'></div>", "<script>window._cf_chl_opt={cvId:'3'}</script>")),
    (
        "blocked",
        "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n"
        "You don't have permission to access \"http&#58;&#47;&#47;www&#46;example\" on this server."
        "<P>\nReference&#32;&#35;18&#46;2d351ab8</BODY></HTML>",
    ),
    (
        "blocked",
        "<html><head><META NAME='robots' CONTENT='noindex'></head><iframe id='main-iframe' "
        "src='/_Incapsula_Resource?SWUDNSAI=9'>Request unsuccessful.</iframe></html>",
    ),
    ("blocked", page("example.com", "<p>Please enable JS and disable any ad blocker</p>"
     "<script src='https://ct.captcha-delivery.com/c.js'></script>")),
    ("blocked", page("Pardon Our Interruption", "<p>As you were browsing something made us think "
     "you were a bot.</p>")),
    ("blocked", "<html><head><title>Request Rejected</title></head><body>The requested URL was "
     "rejected. Please consult with your administrator.</body></html>"),
    ("blocked", page("Zugriff verweigert", "<p>Ihre Anfrage wurde blockiert.</p>")),
    ("blocked", page("Unavailable due to legal reasons", "<h1>Our site is not available in your "
     "region</h1><p>We recognize you are attempting to access this website from a country "
     "belonging to the European Economic Area.</p>")),
    ("consent_wall", page("Before you continue to Example", "<form action='/save'></form>")),
    ("consent_wall", page("Yahoo ist Teil der Yahoo Markenfamilie",
     "<form action='/v2/collectConsent'><button>Alle akzeptieren</button></form>")),
    ("consent_wall", page("Der Bote", "<h1>Mit Werbung weiterlesen</h1><p>Besuchen Sie uns wie "
     "gewohnt mit Werbung und Tracking.</p>")),
    ("consent_wall", page("Journal", "<h2>Nous respectons votre vie privée</h2>")),
    ("soft_404", page("Page not found - The Daily Ferry", MENU + "<h1>Oops!</h1>")),
    ("soft_404", page("The Daily Ferry", MENU + "<h1>Sorry, we can't find that page</h1>")),
    ("soft_404", page("404", "<h1>404</h1><p>Try the search.</p>")),
    ("soft_404", page("The Daily Ferry | Error 404", MENU)),
    ("soft_404", page("Seite nicht gefunden", MENU)),
    ("soft_404", page("Page introuvable | Le Journal", MENU)),
    ("soft_404", page("Página no encontrada - El Diario", MENU)),
    ("soft_404", page("Страница не найдена", MENU)),
    ("soft_404", page("Сторінку не знайдено", MENU)),
    ("soft_404", page("页面不存在", MENU)),
    ("soft_404", page("ページが見つかりません", MENU)),
    ("soft_404", page("Sayfa bulunamadı", MENU)),
    ("soft_404", page("News", "<h1>This article is no longer available</h1>" + MENU)),
    ("login_page", page("Log in | Example", "<form><input type='password' name='p'></form>")),
    ("login_page", page("Example", MENU + "<form><input name=u><input type=password></form>")),
    ("login_page", page("Anmelden - Der Bote", "<form><input type='password'></form>")),
    ("error_page", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center>"
     "<h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center></body></html>"),
    ("error_page", page("Database Error", "<h1>Error establishing a database connection</h1>")),
    ("error_page", page("Welcome to nginx!", "<h1>Welcome to nginx!</h1><p>If you see this page, "
     "the web server is successfully installed.</p>")),
    ("error_page", page("Index of /news", "<h1>Index of /news</h1><pre><a href='a'>a</a></pre>")),
    ("error_page", page("The Daily Ferry", "<h1>We'll be right back</h1><p>The site is under "
     "maintenance.</p>")),
    ("error_page", page("example.com", "<h1>This domain is for sale</h1>")),
    ("error_page", "Service Unavailable"),
]  # fmt: skip


@pytest.mark.parametrize(("reason", "html"), PAGES)
def test_what_is_no_article_is_named(reason: str, html: str) -> None:
    found = verdict(html)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    "html",
    [
        page("Error 404: the history of a web page not found", PARAGRAPH * 5),
        page("Just a moment: how a second decided the race", PARAGRAPH * 5),
        page("Access denied to 40 reporters at summit", PARAGRAPH * 4),
        page("Flood in the old town", "<h1>Flood in the old town</h1><p>Two metres in one "
             "night.</p>"),
        page("Flood", PARAGRAPH * 4 + "<form>Sign in <input type='password'></form>",
             "<script src='https://www.google.com/recaptcha/api.js' class='g-recaptcha'></script>"),
        page("洪水", "<p>" + "昨天晚上城里下了一场大雨，没有人员受伤。" * 20 + "</p>"),
        "<p>Rain fell on Lisbon.</p>",
        "",
    ],
)  # fmt: skip
def test_articles_are_none_of_these(html: str) -> None:
    assert verdict(html) is None


@pytest.mark.parametrize(
    ("asked", "got", "reason"),
    [
        ("https://a.example/2026/flood-in-town", "https://a.example/", "soft_404"),
        ("https://a.example/2026/flood", "https://a.example/404.html", "soft_404"),
        ("https://a.example/2026/flood", "https://a.example/login?next=/x", "login_page"),
        ("https://a.example/2026/flood", "https://consent.a.example/m?r=1", "consent_wall"),
        ("https://a.example/2026/flood", "https://a.example/error", "error_page"),
        ("https://a.example/2026/flood", "https://www.a.example/2026/flood", None),
        ("https://a.example/", "https://a.example/en/", None),
        ("http://a.example/2026/flood", "https://a.example/2026/flood", None),
        ("", "https://a.example/", None),
    ],
)
def test_where_a_redirect_led(asked: str, got: str, reason: str | None) -> None:
    found = verdict(page("The Ferry", MENU), asked, got)
    assert (found.reason if found else None) == reason
    assert verdict(page("The Ferry", PARAGRAPH * 4), asked, got) is None


@pytest.mark.parametrize("piece", ["<script>", "<!--", "<h1>", "<title>", "<p ", "<nav", "| - "])
def test_time_does_not_explode(piece: str) -> None:
    def seconds(count: int) -> float:
        html = "<title>404</title>" + piece * count
        start = time.process_time()
        verdict(html)
        return time.process_time() - start

    seconds(1_000)
    # Four times as much takes four times as long, not sixteen; only a blow-up fails.
    assert seconds(200_000) < 12 * seconds(50_000) + 0.5


def test_the_stage_refuses_with_the_reason_and_can_be_told_not_to() -> None:
    download = Download(
        requested_url="https://a.example/2026/flood-in-town",
        redirects=["https://a.example/2026/flood-in-town"],
        status=200,
        fetched_at="2026-11-22T10:00:00Z",
    )
    headers = (
        *Envelope(url="https://a.example/", content_type="text/html").headers(),
        (DOWNLOAD_HEADER, download.encode()),
    )
    message = Message(page("The Ferry", MENU).encode(), headers=headers)
    (refused,) = Fetch(load_settings(FetcherSettings))(message)
    assert isinstance(refused, Reject)
    assert refused.reason == "soft_404"
    assert "https://a.example/" in refused.detail
    assert refused.data is None
    (taken,) = Fetch(load_settings(FetcherSettings, refuse_non_articles=False))(message)
    assert isinstance(taken, Emit)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["extraction", "metadata", "dates"])
def test_no_real_article_is_refused(name: str) -> None:
    refused: list[str] = []
    with gzip.open(shared_data(f"{name}.jsonl.gz"), "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            found = verdict(row["html"])
            if found is not None:
                refused.append(f"{row['url']}: {found}")
    assert refused == []
