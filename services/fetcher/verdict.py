"""Pages that answer as if they were an article, and are none: who blocks, asks, or is not there.

Two things must come together: a sign (a title, a heading, the marks of a protection service, a
form, an address) and the absence of an article. An article *about* error 404 has paragraphs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import Literal
from urllib.parse import urlsplit

Reason = Literal["blocked", "consent_wall", "soft_404", "login_page", "error_page"]

PROSE_WORDS = 90
"""Words in paragraphs above which a page is an article whatever its signs say. Block pages and
error pages explain themselves in 20 to 60; their menus are no paragraphs."""
_PARAGRAPH_WORDS = 12
_FORM_WORDS = 200  # of all visible text: a form, its labels and a footer
_BARE_PAGE = 30_000  # characters; servers' own pages are of one or two thousand
_CHARS_PER_WORD = 6  # of scripts that write no spaces: two characters weigh three of Latin's
_LOOK = 3_000_000
"""Characters of a page that are looked at."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a page is no article. ``sign`` is what was seen, in the page's own words."""

    reason: Reason
    sign: str


# Marks of protection services in the source of their interstitial pages. Some of them also stand
# in ordinary pages that the service guards: alone they prove nothing.
_MARKS: tuple[tuple[Reason, str], ...] = (
    ("blocked", "_cf_chl_opt"),
    ("blocked", "cf-browser-verification"),
    ("blocked", "cf-error-details"),
    ("blocked", "/cdn-cgi/challenge-platform/h/"),
    ("blocked", "_Incapsula_Resource"),
    ("blocked", "captcha-delivery.com"),
    ("blocked", "px-captcha"),
    ("blocked", "awsWafCookieDomainList"),
    ("blocked", "g-recaptcha"),
    ("blocked", "h-captcha"),
    ("blocked", "cf-turnstile"),
    ("blocked", "ddos-guard"),
    ("blocked", "sgcaptcha"),
    ("consent_wall", "collectConsent"),
    ("consent_wall", "consent.google."),
    ("consent_wall", "guce.advertising"),
    ("consent_wall", "privacy-mgmt.com"),
)
_MARKED_PAGE = 150_000
"""Characters below which a page with a mark may be an interstitial: they carry no site's weight."""

# Titles, headings and short texts, as sites and servers write them. Anchored at the beginning:
# "Just a moment" opens a challenge, and may stand anywhere in an article.
_PHRASES: tuple[tuple[Reason, str], ...] = (
    (
        "blocked",
        r"just a moment|attention required|access (?:to this (?:page|site|website) )?"
        r"(?:has been |is |was )?(?:temporarily )?(?:denied|blocked|restricted)|request (?:blocked|"
        r"rejected|unsuccessful)|you have been blocked|sorry, you have been blocked|"
        r"(?:verify|confirm|prove)(?:ing)? (?:that )?you(?:'re| are) (?:a |not a )?(?:human|robot)|"
        r"(?:please )?(?:complete|solve) (?:the|this) (?:security check|captcha)|"
        r"are you a (?:robot|human)|human verification|security check|bot (?:check|detection|"
        r"verification)|robot check|ddos protection|checking your browser|"
        r"one more step|pardon our interruption|please enable (?:js|javascript|cookies)|"
        r"javascript is (?:disabled|required)|unusual traffic|the requested url was rejected|"
        r"your access to this site has been limited|too many requests|rate limit exceeded|"
        r"unavailable in your (?:region|country|location)|unavailable for legal reasons|"
        r"(?:this|our) (?:content|site|website) is not available in your (?:region|country)|"
        r"zugriff verweigert|zugang verweigert|accès refusé|accès interdit|acceso denegado|"
        r"acesso negado|accesso negato|toegang geweigerd|доступ (?:запрещ|огранич)|"
        r"доступ заборонено|dostęp zabroniony|erişim engellendi|访问被拒绝|アクセスが拒否|"
        r"sind sie ein mensch|ich bin kein roboter|je ne suis pas un robot|no soy un robot|"
        r"подтвердите, что вы не робот",
    ),
    (
        "consent_wall",
        r"before you continue|bevor sie (?:fortfahren|zu .{1,40} weitergehen)|avant d['’]accéder|"
        r"avant de continuer|antes de continuar|prima di continuare|voordat je verdergaat|"
        r"we (?:value|respect|care about) your privacy|"
        r"your privacy (?:choices|matters|is important)|"
        r"wir (?:schätzen|respektieren) ihre privatsphäre|ihre privatsphäre ist uns wichtig|"
        r"mit werbung weiterlesen|weiter mit werbung|nous respectons votre vie privée|"
        r"le respect de votre vie privée|valoramos (?:tu|su) privacidad|rispettiamo la tua privacy|"
        r"wij waarderen uw privacy|(?:cookie|privacy|consent) (?:consent|settings|wall|preferences)"
        r"|manage (?:your )?(?:consent|cookies|privacy)|datenschutzeinstellungen|"
        r"einwilligung|gestion (?:des cookies|du consentement)|yahoo (?:is|ist|fait) .{1,40}famil",
    ),
    (
        "soft_404",
        r"(?:error |http |erreur |fehler |errore |ошибка |error http )?"
        r"(?:code )?:?\s?(?:404|410)\b|"
        r"(?:the |this |that |your )?(?:requested )?"
        r"(?:page|article|story|content|url|file|document|post|item)\b.{0,40}?"
        r"(?:not (?:be )?(?:found|available|exist)|no longer (?:available|exist)|been removed|"
        r"moved or deleted|n['’]t exist|is missing)|"
        r"(?:we )?(?:sorry,? )?(?:we )?(?:can(?:no|')t|could ?n[o']t|could not|"
        r"couldn['’]t|can['’]t)"
        r" (?:seem to )?(?:find|locate) (?:that|the|this|your)|(?:page )?not found|"
        r"oops!? .{0,30}(?:page|found|exist)|nothing (?:was )?found|this page is gone|"
        r"(?:die |diese )?(?:gewünschte |angeforderte |aufgerufene )?(?:seite|artikel) "
        r"(?:wurde |konnte |existiert )?(?:leider )?nicht(?: mehr)?(?: gefunden)?|"
        r"(?:la |cette )?page (?:demandée |que vous .{1,30} )?"
        r"(?:est |n['’]a pas été |n['’]existe )?"
        r"(?:introuvable|trouvée|pas|plus)|(?:la )?página (?:no |não |solicitada )?"
        r"(?:ha sido |foi |encontrada|existe|no (?:encontrada|existe|disponible))|"
        r"(?:la )?pagina (?:richiesta )?(?:non (?:è stata )?(?:trovata|esiste|disponibile)|"
        r"niet gevonden|nu a fost g[ăa]sit)|страница не найдена|страница (?:удалена|не существует)|"
        r"сторінк[ау] не знайдено|(?:nie znaleziono|strona nie (?:została|istnieje|znaleziona))|"
        r"sidan (?:hittades inte|kunde inte)|siden (?:ble|blev|finnes|findes) ikke|"
        r"sivua ei löydy|sivua ei löytynyt|stránka (?:nebyla )?(?:nenalezena|nalezena|neexistuje)|"
        r"az oldal nem található|η σελίδα δεν|sayfa bulunamadı|الصفحة غير موجودة|"
        r"页面(?:不存在|未找到|没有找到)|找不到(?:该)?(?:网页|页面)|找不到頁面|ページが見つかりません|"
        r"お探しのページ|페이지를 찾을 수 없|không tìm thấy trang|halaman tidak ditemukan",
    ),
    (
        "login_page",
        r"(?:please )?(?:log|sign)[ -]?in\b|login\b|member login|subscriber (?:login|sign)|"
        r"(?:create|register) (?:an? )?(?:free )?account|you must (?:be logged|log|sign) in|"
        r"anmelden|einloggen|anmeldung|se connecter|connexion|connectez-vous|identifiez-vous|"
        r"iniciar sesi[óo]n|inicia sesi[óo]n|acceder|entrar|fazer login|accedi|inloggen|"
        r"logga in|logg inn|log ind|kirjaudu|zaloguj|přihlášení|bejelentkezés|вход|войти|"
        r"авторизация|увійти|giriş yap|تسجيل الدخول|登录|登入|ログイン|로그인",
    ),
    (
        "error_page",
        r"(?:error |http |erreur |fehler |errore |ошибка )?(?:code )?:?\s?"
        r"(?:400|401|403|405|408|429|451|500|502|503|504|52\d)\b(?: |$|[:-])|"
        r"(?:401 )?unauthori[sz]ed|(?:403 )?forbidden|internal server error|bad gateway|"
        r"service (?:temporarily )?unavailable|gateway time-?out|bad request|"
        r"(?:sorry, )?(?:something|an error) (?:went wrong|has occurred|occurred)|"
        r"(?:an )?(?:unexpected |application |server )?error(?: has)? occurred|application error|"
        r"server error|runtime error|error establishing a database connection|database error|"
        r"(?:site |website )?(?:is )?(?:under|down for|in) (?:scheduled |temporary )?maintenance|"
        r"we(?:'ll| will) be (?:right )?back|be right back|temporarily (?:down|unavailable)|"
        r"web server is down|connection timed out|origin is unreachable|"
        r"welcome to (?:nginx|openresty|centos|caddy)|apache2? .{0,30}default page|it works!|"
        r"iis windows(?: server)?|index of /|test page for|default web site page|"
        r"(?:this )?domain (?:name )?(?:is |may be )?(?:for sale|parked|expired)|"
        r"(?:this )?(?:site|account|website)(?: has been| is)? (?:suspended|unavailable|offline)|"
        r"wartungsarbeiten|wartungsmodus|interner serverfehler|ein fehler ist aufgetreten|"
        r"une erreur (?:est survenue|s['’]est produite)|site en maintenance|"
        r"ha ocurrido un error|se ha producido un error|sitio en mantenimiento|"
        r"ocorreu um erro|si è verificato un errore|er is (?:een fout|iets) |произошла ошибка|"
        r"сайт на реконструкции|технические работы|wystąpił błąd",
    ),
)
_SIGNS = tuple((reason, re.compile(rf"\W*(?:{pattern})", re.I)) for reason, pattern in _PHRASES)
_MAX_HEADING = 120  # characters: signs are short; what is longer is a headline with a verb more

_TITLE = re.compile(r"<title\b[^<>]{0,300}>([^<]{0,400})", re.I)
_HEADING = re.compile(r"<h[12]\b[^<>]{0,300}>(.{0,300}?)</h[12]", re.I | re.S)
_UNSEEN = re.compile(
    r"<(?:!--|(script|style|noscript|svg|head|template|nav|footer|select)\b)", re.I
)
_BLOCK = re.compile(
    r"</?(?:p|div|li|ul|ol|td|th|tr|table|h[1-6]|section|article|main|aside|header|form|button|"
    r"label|br|blockquote|figure|figcaption|option|dd|dt|dl|pre|body|html)\b[^<>]{0,2000}>",
    re.I,
)
_TAG = re.compile(r"<[^<>]{0,2000}>")
_SPACE = re.compile(r"\s+")
_PASSWORD = re.compile(r"<input\b[^<>]{0,500}\btype\s*=\s*[\"']?password", re.I)
_WIDE = re.compile(r"[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Last steps of the address that answered, when they name what it is.
_ADDRESSES: tuple[tuple[Reason, re.Pattern[str]], ...] = (
    (
        "soft_404",
        re.compile(r"/(?:40[34]|410|not[-_]?found|page[-_]not[-_]found|errors?/404)\b", re.I),
    ),
    ("error_page", re.compile(r"/(?:50[0-4]|error|errors|maintenance)(?:\.\w{2,5})?/?$", re.I)),
    ("login_page", re.compile(r"/(?:log|sign)[-_]?in(?:\.\w{2,5})?/?$|/(?:sso|oauth2?)/", re.I)),
    (
        "consent_wall",
        re.compile(r"/(?:consent|collectconsent|cookiewall|privacy-?wall|gdpr)\b", re.I),
    ),
)
_CONSENT_HOST = re.compile(r"^(?:consent|guce|cmp|cookiewall|myprivacy)\.", re.I)


def verdict(html: str, requested: str = "", answered: str = "") -> Verdict | None:
    """Why the page ``html`` is no article, or ``None`` where nothing speaks against it.

    ``requested`` and ``answered`` are the URLs that were asked for and that answered, where the
    page was fetched and they are known.
    """
    page = html[:_LOOK]
    suspicion = _suspicion(page, requested, answered)
    if suspicion is None or _prose_words(page) > PROSE_WORDS:
        return None
    return suspicion


def _suspicion(page: str, requested: str, answered: str) -> Verdict | None:
    title = _TITLE.search(page)
    names = [_text(title[1])] if title else []
    # "Site name | 404": either half may be the sign.
    names += [half for name in names for half in re.split(r"\s+[|–—·•:-]+\s+", name)[:4]]
    names += [_text(match[1]) for match in islice(_HEADING.finditer(page), 4)]
    for name in names:
        if 0 < len(name) <= _MAX_HEADING:
            for reason, sign in _SIGNS:
                if sign.match(name):
                    return Verdict(reason, name)
    moved = _moved(requested, answered)
    if moved is not None:
        return moved
    if len(page) < _MARKED_PAGE:
        for reason, mark in _MARKS:
            if mark in page:
                return Verdict(reason, mark)
        if _PASSWORD.search(page) and _text(_seen(page)).count(" ") < _FORM_WORDS:
            return Verdict("login_page", "a form that asks for a password")
    if len(page) < _BARE_PAGE:
        # Servers' own pages may have neither title nor heading.
        text = _text(_seen(page))[:_MAX_HEADING]
        for reason, sign in _SIGNS:
            if sign.match(text):
                return Verdict(reason, text)
    return None


def _moved(requested: str, answered: str) -> Verdict | None:
    """What the address that answered says, when it is not the one that was asked for."""
    if not requested or not answered or requested == answered:
        return None
    asked, got = urlsplit(requested), urlsplit(answered)
    if asked.path == got.path and asked.hostname == got.hostname:
        return None
    if _CONSENT_HOST.match(got.hostname or "") and got.hostname != asked.hostname:
        return Verdict("consent_wall", f"redirected to {answered[:200]}")
    for reason, pattern in _ADDRESSES:
        if pattern.search(got.path) and not pattern.search(asked.path):
            return Verdict(reason, f"redirected to {answered[:200]}")
    if got.path in ("", "/") and not got.query and len(asked.path.strip("/")) > 10:
        return Verdict("soft_404", f"redirected to the home page {answered[:200]}")
    return None


def _prose_words(page: str) -> int:
    """Words in blocks of text that are long enough to be paragraphs."""
    words = 0
    for block in _BLOCK.split(_seen(page)):
        text = _text(block)
        count = text.count(" ") + 1 + len(_WIDE.findall(text)) * 2 // _CHARS_PER_WORD
        if count >= _PARAGRAPH_WORDS:
            words += count
            if words > PROSE_WORDS:
                break
    return words


def _seen(page: str) -> str:
    """``page`` without comments and elements that show nothing of the article.

    By hand, in one pass: a pattern that looks for each end goes over all the rest of the page
    again for each beginning that has none.
    """
    kept: list[str] = []
    ends: dict[str, bool] = {}
    lowered = page.lower() if len(page.lower()) == len(page) else page
    at = 0
    while (opening := _UNSEEN.search(page, at)) is not None:
        name = (opening[1] or "").lower()
        end = f"</{name}" if name else "-->"
        close = lowered.find(end, opening.end()) if ends.get(end, True) else -1
        ends[end] = close >= 0
        kept.append(page[at : opening.start()])
        at = opening.end() if close < 0 else close + len(end)
        if close >= 0 and not name:
            continue
        after = page.find(">", at)
        at = after + 1 if 0 <= after < at + 2_000 else at
    kept.append(page[at:])
    return " ".join(kept)


def _text(markup: str) -> str:
    return _SPACE.sub(" ", unescape(_TAG.sub(" ", markup))).strip()
