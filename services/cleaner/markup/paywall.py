"""Whether the whole article is for subscribers alone."""

from __future__ import annotations

import re
from typing import Any, Final

from services.cleaner.extracted import Extracted
from services.cleaner.markup.page import Page

_STUB: Final = 2_000
"""Characters of text up to which an invitation to subscribe says that more is behind it."""
_NOTICE: Final = 300
"""Characters of such an invitation."""
_BEHIND: Final = 30
"""Blocks behind the text that are searched for one; as many times four, where the text is not
found among the blocks."""
_TAIL: Final = 60
"""Characters by which the text's last block is found."""
_DECLARED: Final = 0.95
_TOLD: Final = 0.9
_SEEN: Final = 0.8
"""How sure each place is."""
_TIERS: Final = ("article:content_tier", "og:article:content_tier", "content_tier", "content-tier")
_FLAGS: Final = ("isaccessibleforfree", "accessibleforfree")
_FREE: Final = frozenset({"free", "open", "public", "unlocked"})
_LOCKED: Final = frozenset({
    "locked", "premium", "paid", "pay", "plus", "subscriber", "subscribers", "subscription",
    "subscriber-only", "members", "members-only", "exclusive", "paywall",
})  # fmt: skip
"""Values of ``article:content_tier`` (https://developers.facebook.com/docs/instant-articles). What
is ``metered`` may be read by some, and is neither."""
_YES: Final = frozenset({"true", "1", "yes"})
_NO: Final = frozenset({"false", "0", "no"})
_SIGN: Final = re.compile(
    # en
    r"\b(?:subscribe|sign up|register|log ?in|sign in|become a (?:member|subscriber)|upgrade)\b"
    r".{0,60}\b(?:to|and) (?:(?:continue|keep|finish) reading(?!.{0,30} archive)"
    r"|continue\b(?! to)|(?:read|unlock|access|view) (?:the |this |our |all )?"
    r"(?:full|whole|rest|article|story|post|piece|content))"
    r"|\b(?:for|to|available to) (?:paid |paying |premium |registered )?"
    r"(?:subscribers|members) only|\bonly for (?:paid )?subscribers"
    r"|\b(?:subscriber|member)s?[- ]only (?:content|article|story)"
    r"|\bto (?:continue|keep) reading\b.{0,80}"
    r"\b(?:subscri|sign|regist|log ?in|member|account|trial)"
    r"|\b(?:article|story|post|content) is (?:only |exclusively |just |reserved )?"
    r"(?:available )?(?:for|to) (?:\w{1,12} )?(?:subscribers|members)"
    r"|\byou(?:'|’)?(?:ve| have) (?:reached|used|read) (?:your|all|the)\b.{0,40}\b(?:free|limit)"
    # de, nl
    r"|\bweiterlesen mit\b|\b(?:abonnieren|abo|registrieren|anmelden)\b.{0,60}\bweiterlesen"
    r"|\bnur für abonnent|\bexklusiv für abonnent|\bdieser (?:artikel|inhalt) ist (?:nur )?für"
    r"|\b(?:alleen|exclusief) voor (?:abonnees|leden)|\babonneer\b.{0,60}\b(?:lezen|verder)"
    # fr, es, pt, it, ro, ca
    r"|\bréservée? (?:aux|à nos) abonné|\bil vous reste .{1,12}% de cet? article"
    r"|\babonnez-vous pour (?:lire|continuer|accéder)"
    r"|\b(?:la )?suite (?:de cet article )?est réservée"
    r"|\b(?:suscr[ií]bete|suscríbase|regístrate|inicia sesión) (?:\w+ )?para "
    r"(?:seguir|continuar|leer)"
    r"|\b(?:exclusivo|solo|sólo) para (?:suscriptores|abonados)|\bcontenido exclusivo para"
    r"|\bassine (?:\w+ )?para (?:continuar|ler)|\b(?:exclusivo|apenas) para assinantes"
    r"|\b(?:contenuto|articolo) riservato|\briservato agli abbonati|\babbonati (?:\w+ )?per "
    r"(?:continuare|leggere)|\bper continuare a leggere\b|\bpentru abonați\b|\bper a subscriptors"
    # sv, no, da, fi
    r"|\b(?:endast|bara) för prenumeranter|\bför att läsa (?:hela|vidare)|\b(?:kun|bare) for "
    r"abonnenter|\bfor å lese (?:hele|videre)|\bfor at læse (?:hele|videre)|\bkun for abonnenter"
    r"|\bvain tilaajille|\btilaa ja lue"
    # pl, cs, sk, hu, ru, uk, el, tr
    r"|\btylko dla (?:subskrybent|prenumerator)|\bdostęp dla (?:subskrybent|prenumerator)"
    r"|\b(?:jen )?pro předplatitele|\bpre predplatiteľov|\bcsak előfizető"
    r"|только для подписчиков|доступн\w+ (?:только )?по подписке|оформите подписку,? чтобы"
    r"|лише для (?:перед)?плат|тільки для (?:перед)?плат|μόνο για συνδρομητές|abonelere özel"
    r"|abone ol\w*.{0,30}devam"
    # zh, ja, ko, ar, he, hi
    r"|(?:订阅|訂閱|登录|登入).{0,12}(?:继续|繼續|阅读全文|閱讀全文)|付费(?:内容|文章)|付費(?:內容|文章)"
    r"|(?:有料)?会員(?:限定|登録).{0,20}(?:記事|続き|読)|この記事は(?:有料|会員)|続きを読むには|残り.{0,8}文字"
    r"|구독자 전용|유료 ?회원|للمشتركين فقط|اشترك .{0,20}(?:لقراءة|لمتابعة)|למנויים בלבד"
    r"|केवल (?:सदस्यों|ग्राहकों)",
    re.IGNORECASE,
)
_CUT: Final = re.compile(r"(?:…|\.\.\.|\[…\]|\[\.\.\.\])\s*$")
_OFFER: Final = re.compile(
    r"subscri|abonn|abonneer|suscr|assin(?:e|ante)|prenumer|prenumerat|tilaa|подпис|передплат|"
    r"předplat|predplat|előfizet|συνδρομ|abone|订阅|訂閱|会員|購読|구독|اشترك|מנוי",
    re.IGNORECASE,
)


def paywall(page: Page, found: Extracted) -> None:
    """Set ``paywalled`` of ``found``, whose ``text`` is known, where something tells it: the
    page's structured data (https://developers.google.com/search/docs/appearance/structured-data/
    paywalled-content), its ``meta`` elements, or an invitation to subscribe where a text is short.
    """
    free = _declared(page)
    if free is not None:
        found.put("paywalled", not free, "json-ld", _DECLARED)
        return
    locked = _told(page)
    if locked is not None:
        found.put("paywalled", locked, "meta", _TOLD)
    elif len(found.text) <= _STUB and _invites(page, found.text):
        found.put("paywalled", True, "text", _SEEN)


def _declared(page: Page) -> bool | None:
    """``isAccessibleForFree`` of the article, or ``False`` where a part of it is not."""
    nodes = [node for node in (page.linked.article, page.linked.page) if node is not None]
    for node in nodes:
        parts = node.get("hasPart")
        for part in parts if isinstance(parts, list) else [parts]:
            if isinstance(part, dict) and _boolean(part.get("isAccessibleForFree")) is False:
                return False
    told = (_boolean(node.get("isAccessibleForFree")) for node in nodes)
    return next((value for value in told if value is not None), None)


def _boolean(value: Any) -> bool | None:
    """A truth value as pages write it: ``"False"``, ``"http://schema.org/True"``."""
    if isinstance(value, list) and value:
        value = value[0]
    word = str(value).rstrip("/").rpartition("/")[2].strip().lower()
    return True if word in _YES else False if word in _NO else None


def _told(page: Page) -> bool | None:
    tier = page.first_meta(*_TIERS).lower()
    if tier in _LOCKED or tier in _FREE:
        return tier in _LOCKED
    free = _boolean(page.first_meta(*_FLAGS))
    return None if free is None else not free


def _invites(page: Page, text: str) -> bool:
    """Whether a short block of the page says that more can be read for a subscription."""
    blocks = page.blocks
    end = text[-_TAIL:].rpartition("\n")[2]
    last = max((at for at, block in enumerate(blocks) if block.text.endswith(end)), default=None)
    behind = blocks[: 4 * _BEHIND] if last is None else blocks[last : last + _BEHIND]
    notices = [block.text for block in behind if len(block.text) <= _NOTICE]
    if any(_SIGN.search(notice) for notice in notices):
        return True
    return _CUT.search(text) is not None and any(_OFFER.search(notice) for notice in notices)
