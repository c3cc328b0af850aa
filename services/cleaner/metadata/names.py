"""Names in bylines: people, one each, apart from agencies, desks and what stands around them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Final

from services.cleaner.characters import one_line
from services.cleaner.metadata.agencies import agency
from services.cleaner.metadata.titles import squeezed

LONGEST: Final = 400
"""Characters of a byline that are read."""
_MOST: Final = 40
_MOST_TEXTS: Final = 500  # of one place; each costs some 40 µs


class Kind(StrEnum):
    """What a byline names."""

    PERSON = "person"
    WORD = "word"
    """One word, which may be a pen name or a brand."""
    DESK = "desk"
    """A team, desk, company or other body."""
    AGENCY = "agency"


@dataclass(frozen=True, slots=True)
class Credit:
    """One name of a byline; an agency under its usual name."""

    name: str
    kind: Kind


# "By" in its many languages. Short words that also begin names need a capital or a colon.
_LEAD = re.compile(
    r"^\W*(?:"
    r"(?:(?:this|the|an?)\s(?:\w+\s)?(?:was|is)\s)?"
    r"(?:(?:medically|fact|expert)\s)?"
    r"(?:(?:story|words|text|report(?:ed|ing)?|written|posted|published|authored|created|recipe|"
    r"analysis|opinion|commentary|interview|column|review|photos?\sand\s(?:story|text)|guest\spost|"
    r"submitted|contributed|updated|produced|contribution)"
    r"(?:\s(?:and|&)\s\w+)?\s)?by\b(?!-)\s*:?\s*"
    r"|(?:authors?|author\(s\)|writers?|reporters?|contributors?|columnist|journalist|byline|"
    r"words|text|story)\s*[:|–—-]\s*|(?:meet\s)?the\s?authors?\s*:?\s+"
    r"|(?:(?:ein\s\w+\s|geschrieben\s|verfasst\s|text\s|aufgezeichnet\s)?von|autor(?:en|in|innen)?\s*:|"
    r"text\s*:|foto\sund\stext\s*:)\s+"
    r"|(?:(?:publié|écrit|rédigé|propos\srecueillis)\s)?par\s*:?\s+|(?:auteurs?|texte)\s*:\s*"
    r"|(?:(?:escrito|publicado|redactado|texto|elaborado|escrita|publicada)\s)?por\s*:?\s+|"
    r"autor(?:es|as?|ía|ia)?\s*:\s*|(?:texto|redacción|redação|reportagem)\s*:\s*"
    r"|(?:(?:scritto|pubblicato)\sda|a\scura\sdi|testo\sdi|articolo\sdi)\s*:?\s+|(?:di|da)\s*:\s*|"
    r"autor[ei]\s*:\s*|testo\s*:\s*"
    r"|(?:(?:geschreven|gepubliceerd)\s)?door\s*:?\s+|(?:auteur|tekst)\s*:\s*"
    r"|(?:(?:skrivet|text|publicerad|skrevet|tekst|publisert|skrevet)\s)?(?:av|af)\s*:?\s+"
    r"|(?:skribent|journalist|kirjoittanut|teksti|toimittaja|kirjoittaja)\s*:?\s+"
    r"|(?:autorzy|autorka|oprac(?:ował|owała|owanie)?|tekst|napisał|napisała|autoři|autorka|szerző|"
    r"szerzők|írta|napsal|napsala|scris\sde|de)\s*[.:]\s*|scris\sde\s+"
    r"|(?:автор(?:ы|и|ка)?|текст|журналист|подготовил|подготовила|підготував|підготувала|пише)\s*:?\s+"
    r"|(?:yazan|haber|yazar|kaynak|hazırlayan)\s*:\s*"
    r"|ditulis\soleh\s*:?\s+|(?:oleh|penulis)\s*:\s*|reporter\s*:?\s+"
    r"|(?:tác\sgiả|theo)\s*:\s*|(?:bài|bởi)\s*:?\s+"
    r"|(?:بقلم|كتب|كتبت|الكاتب|نویسنده|נכתב\sעל\sידי|מאת|द्वारा|लेखक|συντάκτης|του|της|από)\s*[:：/]?\s+"
    r"|(?:作者|记者|記者|撰文|著者|執筆|取材・文|文・構成|文|文/写真|筆者|来源|글)\s*[:：/／●＝=|丨]\s*"
    r"|(?:本报记者|本報記者)\s*"
    r")",
    re.IGNORECASE,
)
_GLUED = re.compile(r"\W*By(?=[A-Z][a-z]+(?:-[A-Z][a-z]+)? |by )")
# "Published March 2, 2021 by Jane Doe", "Mar 2, 2021Jane Doe".
_DATED_BY = re.compile(r"^[^\n]{0,60}\d[^\n]{0,40}?\bby:?\s+(?=\S)", re.IGNORECASE)
_TIMED_BY = re.compile(
    r"^[^\n]{0,40}?(?:(?:19|20)\d\d|\d[:/.]\d\d|\bago)\b[^\n]{0,30}?\bby:?\s+(?=\S)", re.IGNORECASE
)
_DATE_FIRST = re.compile(
    r"^\W*(?:[^\W\d_]{3,9}\.?\s\d{1,2},?\s\d{4}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\d{4}-\d\d-\d\d)"
    r"[\s\W]*(?=[^\W\d_])"
)
# What parts the names of a byline, in the scripts that have signs of their own too.
_PART = re.compile(
    r"\s*(?:[;|•·⋅●\n\t、，；／|]|\s/\s|//|\s\+\s|&|،|\s[-–—]\s)\s*"
    r"|,?\s+(?:and|und|et|with|as\stold\sto|och|og|ja|oraz|dan|ve|và|și|και|em\scolaboração\scom)\s+"
    r"|\s+(?:[yeieaи]|en|en\sde|і|та|или)\s+(?=[^\W\d_a-zа-я])|\s+و\s*(?=\w)",
)
_COMMA = re.compile(r"\s*,\s*")
# What follows is no name any more.
_END = re.compile(
    r"(?:\s*(?:\(|\[|<|@\w|https?:|\S+@\S+|\bwww\.)"
    r"|(?<!\w)(?:last\s)?(?:updated|published|posted|reviewed|modified|edited)\b"
    r"|\b(?:photos?|photographs?|photography|illustrations?|illustrated|image|images|video|"
    r"graphics?|art|fotos?|bild|medically reviewed|fact[- ]checked|editing)\s(?:\w+\s)?by\b"
    r"|\b(?:fotos?|photos?|bild|foto)\s*:"
    r"|\b(?:translated|edited|reviewed|compiled)\sby\b"
    r"|[\s(]?\d|\bread\stime\b|\bmin(?:ute)?s?\sread\b|\bfollow\b|\bsubscribe\b|\bview\s(?:all|bio|profile)"
    r"|\bis\s(?:an?|the)\b|\bhas\sbeen\b|\bcovers\b"
    r")",
    re.IGNORECASE,
)
_MONTH_AFTER = re.compile(
    r"(?<=[a-z])(?=(?:Published|Updated|Posted)\b)|(?<=[a-z])(?=(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?\s\d)"
    r"|\s(?:on\s)?(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|"
    r"Sept?|Oct|Nov|Dec)[a-z]{0,6}\.?(?=\s\d))"
)
# "Jane Doe Harbour Staff": the paper before a bare "Staff", which says for whom one works.
_HOUSE = re.compile(
    r"\b([A-ZÀ-Þ][\w'’-]{1,30}\s(?:[A-Z]\.\s)?[A-ZÀ-Þ][\w'’-]{1,30})\s(?:[A-Z]\w{1,30}\s){1,2}"
    r"(?:Staff|Correspondent)(?=\W*$|\s*[,;|•(]|\sand\b)"
)
# "Jane Doe for The Times", "Jane Doe in Lindvik".
_PLACE = re.compile(
    r"\s(?:at|for|in|on|from|special\sto|para|für|pour|per|voor)\s.*$", re.IGNORECASE
)
_TRAILING_OF = re.compile(r"\s(?:of|de\sla\srédaction)\s(?:the\s)?(?=[A-Z]).*$")
_SUFFIX = re.compile(
    r"^(?:jr|sr|ii|iii|iv|ph\.?\s?d|m\.?d|d\.?o|d\.?v\.?m|m\.?sc?|m\.?a|b\.?a|b\.?sc?|m\.?p\.?h|esq|mba|"
    r"cpa|cfp®?|r\.?n|r\.?d\.?n?|l\.?d|j\.?d|ld|bsn|dnp|dds|lcsw|facp|np|pa-c|cscs|mph|"
    r"(?-i:[A-Z]{2,6}®?))\.?$",
    re.IGNORECASE,
)
_END_SUFFIX = re.compile(
    r"(?:\s(?:ph\.?d|m\.?d|md|mba|cpa|rdn?|msc?|esq|dvm|dds)\.?)+$", re.IGNORECASE
)
_ROLE = re.compile(
    r"\b(?:reporters?|correspondents?|editors?|columnists?|writers?|staff|producers?|critic|"
    r"journalists?|contributors?|contributing|analysts?|professor|director|manager|officer|"
    r"author|chief|president|founder|co-founder|ceo|cto|head|lead|expert|specialist|consultant|"
    r"engineer|developer|strategist|fellow|intern|freelancer?|senior|junior|associate|assistant|"
    r"executive|managing|special|copywriter|marketer|marketing|content|photographer|researcher|"
    r"scientist|lecturer|attorney|partner|owner|blogger|guest|host|reviewer|gardener|astrologer|"
    r"advisor|adviser|coordinator|certified|licensed|redakteur(?:in)?|redaktor|"
    r"journaliste|periodista|giornalista|jornalista|repórter|reportero|reportera|"
    r"корреспондент|журналист|обозреватель|редактор|muhabir|editör|wartawan)\b",
    re.IGNORECASE,
)
_DESK = re.compile(
    r"\b(?:staff|desk|team|newsroom|editorial|editors|board|bureau|agency|agencies|news|press|"
    r"media|magazine|times|post|daily|tribune|herald|gazette|network|journal|today|report|weekly|"
    r"redaktion|redaktionen|redaction|rédaction|redacción|redacao|redação|redazione|redactie|"
    r"redakcja|redakce|redacția|toimitus|редакция|редакція|редакцията|编辑部|編集部|編輯部|"
    r"inc|llc|ltd|gmbh|company|university|college|school|department|institute|foundation|center|"
    r"centre|association|society|council|ministry|group|services?|studios?|labs?|wire|blog|clinic|"
    r"hospital|government|office|committee|union|club|party|online|digital|com|solutions|"
    r"academy|church|bank|partners|collective|publications?|broadcasting|radio|tv|channel|"
    r"courier|enquirer|chronicle|sentinel|observer|reporters|writers|contributors?)\b"
    r"|编辑部|編集部|編輯部|新聞|日报|日報",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"^(?:admin\w*|administrator|webmaster|root|user|user ?name|guest|wordpress|wp|anonymous|"
    r"unknown|none|null|undefined|author|authors|author name|n/?a|test|default|editor|editors|"
    r"owner|"
    r"by|about|more|share|email|print|comments?|subscribe|follow|contact|search|home|menu|"
    r"bio|profile|posts|articles|view|read|advertisement|sponsored|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|ember|tember|"
    r"ober)?\.?|(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|https?|last|released|"
    r"video|audio|sidebar|reading time|last update|video library|youtube|photos?|gallery|use case|"
    r"written|world|archive|new|updated?|published|posted|(?:written|posted|published|reviewed) by|"
    r"著者|作者|記者|记者|文)$",
    re.IGNORECASE,
)
_NO_NAME = re.compile(
    r"\b(?:the|your|our|my|how|why|what|when|this|that|are|was|were|not|"
    r"(?-i:an?|to|is|be|you|we|all)|"
    r"more|see|view|read|reads?|share|shares|follow|comments?|minutes?|ago|posts?|articles?|"
    r"profile|email|contact|about|click|sign|log|login|subscribe|newsletter|copy|link|facebook|"
    r"twitter|whatsapp|linkedin|instagram|print|save|listen|advertisement|text size|skip|menu|"
    r"january|february|september|october|november|december|updated|published|posted|credit|"
    r"photo|image|illustration|courtesy|getty|bio|user|sponsored|http|www)\b",
    re.IGNORECASE,
)
_NO_DESK = re.compile(
    r"\d|\b(?:view|read|subscribe|follow|share|sign|log|login|click|more|by|see|contact|image|photo|"
    r"newsletter|post on|updated?|alerts)\b",
    re.IGNORECASE,
)
_PARTICLE = frozenset(
    ["de", "del", "der", "den", "da", "das", "di", "do", "dos", "du", "van", "von", "vom", "zu",
     "zur", "ten", "ter", "te", "la", "le", "las", "los", "lo", "el", "al", "bin", "bint", "ibn",
     "abu", "y", "e", "i", "af", "av", "of", "st.", "mac", "ap", "ben", "bar", "op", "in", "'t"]
)  # fmt: skip
_NAME_WORD = re.compile(r"[^\W\d_][\w'’.\u00b7\-‐]*$")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af々・\s]{2,12}$")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_HOST = re.compile(r"^[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,3}|info|news)(?:/|$)", re.IGNORECASE)
_KOREAN_ROLE = re.compile(r"\s*(?:기자|특파원|논설위원|記者|记者|さん|氏)$")
_EDGES = " \t.,:;-–—*•|\"“”'‘’()[]【】「」/"


def people(texts: Iterable[str], *, site: str = "") -> list[str]:
    """The people named in ``texts`` (each a byline or a name), in order, each once.

    Roles, agencies, desks, a ``site`` of one word, addresses and dates are left out.
    """
    kinds = (Kind.PERSON, Kind.WORD)
    return [c.name for c in credits_of(texts, site=site) if c.kind in kinds]


def credits_of(texts: Iterable[str], *, site: str = "", trusted: bool = False) -> list[Credit]:
    """All that ``texts`` name, in order, each once; a ``site`` is a desk, not a person.

    What is ``trusted`` to be a name is one, if only a desk's, where its form does not tell.
    """
    found: dict[str, Credit] = {}
    brand = squeezed(site)
    for text in islice(texts, _MOST_TEXTS):
        named = _credits(text)
        if not named and trusted and _is_label(label := one_line(text)):
            named = [Credit(label, Kind.DESK)]
        for credit in named:
            if brand and credit.kind != Kind.AGENCY and squeezed(credit.name) == brand:
                credit = Credit(credit.name, Kind.DESK)
            found.setdefault(credit.name.casefold(), credit)
    return list(found.values())[:_MOST]


def _credits(text: str) -> list[Credit]:
    if "&" in text:
        text = html.unescape(text)
    text = "\n".join(filter(None, map(one_line, text[:LONGEST].split("\n"))))
    # A template without the name that it was made for: ", The Lindvik Post".
    named = not text.startswith(",")
    dated = _DATED_BY.match(text) or _DATE_FIRST.match(text)
    text = without_lead(text[dated.end() :] if dated else text)
    end = min(
        (match.start() for match in (_END.search(text, 1), _MONTH_AFTER.search(text, 1)) if match),
        default=len(text),
    )
    found: list[Credit] = []
    for chunk in _PART.split(_HOUSE.sub(r"\1", text[:end])):
        for part in _COMMA.split(without_lead(chunk)):
            credit = _credit(part, named)
            if credit is None or (found and _SUFFIX.match(part)):
                continue
            # "Jane Doe, BBC News": who a person works for does not sign.
            if credit.kind == Kind.DESK and any(c.kind == Kind.PERSON for c in found):
                continue
            found.append(credit)
    return found


def signed(text: str) -> bool:
    """Whether ``text`` says "by", at its beginning or after a day or an hour."""
    text = text[:LONGEST]
    return without_lead(text) != text or _TIMED_BY.match(text) is not None


def _is_label(text: str) -> bool:
    """Whether ``text`` may be what somebody calls himself: "The Ritualist"."""
    if not 2 < len(text) <= 50 or len(text.split()) > 6 or text[0] in "@#," or "/" in text:
        return False
    return not _NEVER.match(text) and not any(char.isdigit() for char in text)


def without_lead(text: str) -> str:
    """``text`` without "By", "Von", "Автор:" and their like before a name."""
    glued = _GLUED.match(text)
    if glued:  # "ByJane Doe"
        text = text[glued.end() :]
    for _ in range(2):
        match = _LEAD.match(text)
        if not match or match.end() == len(text):
            break
        text = text[match.end() :]
    return text


def _credit(text: str, named: bool) -> Credit | None:
    """What ``text``, a part of a byline, names."""
    text = text.strip(_EDGES)
    words = text.split()
    half = len(words) // 2
    if half > 1 and words[:half] == words[half:]:  # a picture's text before the name
        text = " ".join(words[:half])
    if not 2 <= len(text) <= 80 or _NEVER.match(text):
        return None
    if _HOST.match(text):
        return None if "/" in text else Credit(text, Kind.DESK)
    known = agency(text)
    if known is not None:
        return Credit(known, Kind.AGENCY)
    name = _person(text)
    if name is not None and named:
        return Credit(
            name, Kind.PERSON if len(name.split()) > 1 or _IDEOGRAPH.search(name) else Kind.WORD
        )
    if _DESK.search(text) and len(text.split()) <= 6 and not _NO_DESK.search(text):
        return Credit(text, Kind.DESK)
    return None


def _person(text: str) -> str | None:
    """``text`` as a person's name, by its form alone, or ``None`` when it is none."""
    name = _TRAILING_OF.sub("", _PLACE.sub("", text))
    if _IDEOGRAPHS.match(name):
        name = _KOREAN_ROLE.sub("", name)
        return None if _DESK.search(name) or not 2 <= len(name) <= 10 else name
    name = _END_SUFFIX.sub("", name)
    role = _ROLE.search(name)
    if role:
        name = name[: role.start()]  # "Jane Doe Senior Writer"
    name = name.strip(_EDGES)
    words = name.split()
    if not 2 <= len(name) <= 60 or not 1 <= len(words) <= 6 or (role and len(words) < 2):
        return None
    if name[0] in "#@" or any(char.isdigit() or char in "!?/\\=%$#" for char in name):
        return None
    if _NO_NAME.search(name) or _DESK.search(name) or _NEVER.match(name):
        return None
    if not all(_NAME_WORD.match(word) for word in words):
        return None
    small = [word for word in words if word[0].islower() and word.lower() not in _PARTICLE]
    # Two words without a capital may be a name that is written small; among capitals they are not.
    if small and len(words) > 1 and not (len(words) == 2 and len(small) != 1):
        return None
    return name
