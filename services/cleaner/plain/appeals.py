"""Newsrooms asking their readers for money: whole blocks at an article's end or beginning."""

from __future__ import annotations

import re

_ASK = re.compile(
    r"\b(?:donat(?:e|ions?|ing)|tax-deductible|giv(?:e|ing) (?:today|now|monthly)|recurring "
    r"(?:monthly )?donors?|"
    r"make a (?:gift|contribution|monthly|one-time)|(?:monthly|one-time) (?:gift|donation|"
    r"contribution)|"
    r"larger gift|become a (?:member|supporter|monthly|sustaining)|support (?:us|our (?:work|"
    r"journalism|newsroom|mission))|"
    r"your support|with your help|chip in|fund ?rais(?:er|ing)|crowdfund\w*|reader-(?:funded|"
    r"supported)|"
    r"support(?:ed)? (?:by|from) (?:our )?readers|help us (?:keep|continue|raise|reach))\b",
    re.IGNORECASE,
)
_TRADE = re.compile(
    r"\b(?:journalis(?:m|ts?)|news(?:room| organi[sz]ations?)|media(?: organi[sz]ations?|"
    r"-makers?)?|paywall|"
    r"run ads|advertisers?|our readers|readership|donors?|subscribers?|non-?profit|reporting|"
    r"funding|publish(?:er|ing)?)\b",
    re.IGNORECASE,
)
_WE = re.compile(r"\b(?:we|we['’](?:re|ve|ll)|our|us|ourselves)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your|reader|readers)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"][^”\"]{0,2000}[”\"]")


def _voice(paragraph: str) -> tuple[bool, int, int]:
    """Whether the newsroom speaks (outside quotations), how often it asks, talks of its trade."""
    plain = _QUOTED.sub(" ", paragraph)
    return bool(_WE.search(plain)), len(_ASK.findall(plain)), len(_TRADE.findall(plain))


def asks_for_money(paragraph: str) -> bool:
    """Whether one paragraph alone is an appeal: the newsroom speaks of its trade and asks you."""
    lower = paragraph.lower()
    if "you" not in lower and "reader" not in lower:  # without which _YOU finds nothing
        return False
    if not _ASK.search(paragraph):
        return False
    we, asks, trade = _voice(paragraph)
    return we and asks > 0 and trade > 0 and _YOU.search(_QUOTED.sub(" ", paragraph)) is not None


def appeal_start(paragraphs: list[str]) -> int:
    """Index of the first paragraph of a closing appeal; ``len(paragraphs)`` where there is none.

    The block ends the text and is found from its end: a paragraph that asks the reader for money,
    and upward from it all that speak in the newsroom's own voice or of its trade. It is never
    more than half of the text, and in a text written as "we" throughout, a "we" alone proves
    nothing.
    """
    count = len(paragraphs)
    if not any(_ASK.search(paragraph) for paragraph in paragraphs[-12:]):
        return count
    voices = [_voice(paragraph) for paragraph in paragraphs]
    asking = [
        index
        for index in range(max(0, count - 12), count)
        if voices[index][1] >= 1 and (voices[index][0] or _YOU.search(paragraphs[index]))
    ]
    total_asks = sum(asks for _, asks, _ in voices[max(0, count - 12) :])
    if not asking or total_asks < 2 or asking[-1] < count - 2:
        return count
    first = asking[0]
    shared_we = sum(we for we, _, _ in voices[: max(1, first - 6)]) / max(1, first - 6)
    while first > 0:
        we, asks, trade = voices[first - 1]
        if not (asks or trade >= 2 or (we and (shared_we < 0.25 or trade))):
            break
        first -= 1
    kept = sum(map(len, paragraphs[:first]))
    return first if kept >= sum(map(len, paragraphs)) / 2 else count
