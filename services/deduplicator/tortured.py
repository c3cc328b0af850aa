"""Tortured words: what only a program writes that replaces words one by one.

Cabanac, Labbé and Magazinov ("Tortured phrases", 2021) found papers by "counterfeit consciousness"
for "artificial intelligence". News is spun by the same software. The lists are this project's own.
"""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 255
"""More of them in an article are not counted."""

_PHRASES: Final = (
    "assembled countries|assembled states|atomic force plant|atomic weapons store|"
    "ballistic rocket assault|basic freedoms bunch|basic liberties bunch|bosom growth|"
    "bosom malignancy|boss equity|boss official officer|casting a ballot form|"
    "cell phone creator|cloud figuring|colossal information|common freedoms bunch|"
    "counterfeit consciousness|demise cost|dread assault|exile emergency|fake consciousness|"
    "fear based oppressor|fear monger assault|financing cost climb|football world glass|"
    "gross homegrown product|harmony bargain|harmony converses with|heart disappointment|"
    "huge information investigation|incomparable court|inner part clergyman|"
    "insusceptible framework|invulnerable framework|joined kingdom|kidney disappointment|"
    "loan cost climb|lung malignancy|machine figuring out how|man-made consciousness|"
    "mid-term political race|money clergyman|olympic diversions|outcast camp|"
    "ozone harming substance|political decision day|preeminent court|prime clergyman|"
    "prime pastor|profound learning|psychological militant assault|"
    "psychological oppressor assault|safeguard clergyman|second universal war|"
    "securities exchange slump|self destruction plane|stupendous hammer|sun based board|"
    "sun oriented power|thermal energy station|timberland fire|total national output|"
    "unfamiliar clergyman|unfamiliar pastor|virtual entertainment stage|vitality clergyman|"
    "web-based media stage|wellbeing clergyman|wellbeing pastor|"
    "worldwide temperature alteration"
)
_PHRASE: Final = re.compile(rf"\b(?:{_PHRASES})\b")
# A stem of its own before two endings, of which the first already ended the word.
_DOUBLED: Final = re.compile(
    r"\b[a-z]{3,}(?:ingading|inginge?d?|ingation|ingments?|inglying|mentments?|mentationing"
    r"|nessness|ationation|tioninging|ingely|edment|edness(?:es)?ing|lylys?|erering|ededly)\b"
)
_ONE_ENDING = (
    "bringing clinging cringing fringing hinging impinging infringing flinging pinging ringing "
    "singing slinging springing stinging stringing swinging tinging twinging upbringing wringing "
    "hamstringing unhinging binging dinging whinging winging zinging downswinging outswinging "
    "inswinging mudslinging gunslinging handwringing bellringing mountaineering"
)
_STEM_ENDS_SO: Final = frozenset(_ONE_ENDING.split())

_WELL_KNOWN = (
    "Afghanistan Albania Algeria Argentina Armenia Australia Austria Azerbaijan Bangladesh "
    "Belarus Belgium Bolivia Botswana Brazil Britain Bulgaria Cambodia Cameroon Canada Colombia "
    "Croatia Denmark Ecuador Egypt Estonia Ethiopia Finland France Georgia Germany Greece "
    "Guatemala Honduras Hungary Iceland Indonesia Ireland Israel Jamaica Jordan Kazakhstan Kenya "
    "Kosovo Kuwait Latvia Lebanon Liberia Lithuania Malaysia Mexico Moldova Mongolia Morocco "
    "Mozambique Myanmar Namibia Netherlands Nicaragua Nigeria Norway Pakistan Palestine Panama "
    "Paraguay Philippines Portugal Romania Russia Rwanda Senegal Singapore Slovakia Slovenia "
    "Somalia Switzerland Tanzania Thailand Tunisia Turkey Uganda Ukraine Uruguay Uzbekistan "
    "Venezuela Vietnam Zimbabwe America Europe California Florida Washington Chicago Boston "
    "Houston Philadelphia London Manchester Liverpool Birmingham Edinburgh Glasgow Dublin "
    "Brussels Amsterdam Berlin Munich Hamburg Frankfurt Vienna Warsaw Prague Budapest Bucharest "
    "Belgrade Athens Istanbul Moscow Jerusalem Damascus Baghdad Tehran Kabul Islamabad Mumbai "
    "Bangkok Beijing Shanghai Tokyo Sydney Melbourne Johannesburg Nairobi Mariupol Kharkiv "
    "Kherson Chernihiv Donetsk Luhansk Pentagon Kremlin Congress Parliament Guardian Reuters "
    "Bloomberg Microsoft Facebook Google Twitter Amazon Vladimir Volodymyr Angela Emmanuel Boris "
    "Donald Hillary Biden Trump Obama Clinton Merkel Macron Erdogan Netanyahu Republican Democrat "
    "Democrats Republicans President Minister Russian Ukrainian American European Israeli "
    "Palestinian Australian Canadian"
)
_NAMES: Final = _WELL_KNOWN.split()
_VOWELS: Final = "aeiou"
_CAPITALISED: Final = re.compile(r"\b[A-Z][a-z]{4,}(?='s\b|’s\b|\b)")


def _misspelt(name: str) -> set[str]:
    """``name`` with two neighbouring letters exchanged, or a vowel by another, not the first."""
    wrong = {
        name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        for place in range(1, len(name) - 1)
    }
    if len(name) > 7:
        wrong |= {
            name[:place] + vowel + name[place + 1 :]
            for place in range(2, len(name) - 2)
            if name[place] in _VOWELS
            for vowel in _VOWELS
        }
    return wrong - {name}


_OTHER_NAMES = (
    "Columbia Columbian Moldava Brasil Jordon Slovania Slovenia Rumania Palestina Vladimer "
    "Volodimyr Volodymir Brian Marcon Merkle Kharkov"
)
_RIGHT_TOO: Final = frozenset(_OTHER_NAMES.split())
_MISSPELT: Final = (
    {wrong: name for name in _NAMES for wrong in _misspelt(name)}.keys() - set(_NAMES) - _RIGHT_TOO
)


def tortured(text: str) -> tuple[str, ...]:
    """The tortured words and phrases of ``text`` as they stand there, each once, in order."""
    small = text.lower()
    found = [(match.start(), match[0]) for match in _PHRASE.finditer(small)]
    found += [
        (match.start(), match[0])
        for match in _DOUBLED.finditer(small)
        if match[0] not in _STEM_ENDS_SO
    ]
    found += [
        (match.start(), match[0]) for match in _CAPITALISED.finditer(text) if match[0] in _MISSPELT
    ]
    return tuple(dict.fromkeys(word for _, word in sorted(found)))[:MOST]
