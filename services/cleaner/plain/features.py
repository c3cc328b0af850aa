"""What a line of a plain text is judged by: numbers for its words, its place, its neighbours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.cleaner.dates.reading import MONTH
from services.cleaner.markup.characters import count
from services.cleaner.markup.vocabulary import SHORT, Vocabulary, words_of
from services.cleaner.plain.furniture import Kind
from services.cleaner.plain.lines import Line

Floats = NDArray[np.float32]

_DATE = re.compile(
    rf"\b(?:{MONTH}\s\d{{1,2}}|\d{{1,2}}\.?\s{MONTH}|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}|"
    r"\d{4}[/年.-]\d{1,2}[/月.-]\d{1,2}|(?:min(?:ute)?s?|hours?|days?|weeks?|months?|years?) ago)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_DATED_CHARACTERS: Final = 160
_LONG_WORD = re.compile(r"[^\W\d_]{5,40}")
_LOOKED_AT: Final = 400
"""Characters of a line whose words are compared with those of other lines, and up to which they
are looked up."""
_NEIGHBOURS: Final = (-4, -3, -2, -1, 1, 2, 3, 4)
_WINDOWS: Final = (3, 8, 20)
_AROUND: Final = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5)
_AROUND_WINDOWS: Final = (3, 10, 30)
_WEIGHT: Final = 400
"""Characters up to which a line weighs more than a shorter one."""
_GROUPS: Final = {
    Kind.MENU: "menu", Kind.ADVERT: "menu", Kind.URL: "menu", Kind.VALUE: "value",
    Kind.END: "end", Kind.COMMENTS: "end", Kind.APPEAL: "appeal", Kind.LINK: "link",
    Kind.CREDIT: "credit", Kind.BYLINE: "head", Kind.DATE: "head", Kind.SOURCE: "head",
    Kind.TOPICS: "head",
}  # fmt: skip


def features(
    lines: Sequence[Line], span: tuple[int, int], vocabulary: Vocabulary
) -> tuple[Floats, list[str]]:
    """A row for each feature, a column for each line, and the names of the rows.

    ``span`` is the article as the rules see it, from its first line to the one after its last.
    There is at least one line.
    """
    size = len(lines)
    texts = [line.text for line in lines]
    text = count(texts)
    columns: dict[str, NDArray[np.float32]] = {}

    def put(name: str, values: object) -> Floats:
        columns[name] = np.asarray(values, np.float32)
        return columns[name]

    chars = text.chars
    words = text.words
    put("chars", chars)
    put("words", words)
    put("sentences", text.sentences)
    put("ends", text.ends)
    put("begins", text.begins)
    put("commas", text.commas / words)
    put("digits", text.digits / chars)
    put("capitals", text.capitals / np.maximum(text.letters, 1))
    put("titled", text.titled / words)
    put("quotes", text.quotes)
    put("asks", text.asks)
    put("signs", text.signs / words)
    put("word length", text.letters / words)
    put("foreign", text.foreign / np.maximum(text.letters, 1))
    bullet = put("bullet", [line.bullet for line in lines])
    gap = put("gap", [line.gap for line in lines])
    put("gap after", np.append(gap[1:], 1))
    score = put("score", [min(line.score, 30.0) for line in lines])
    prose = put("prose", score >= 4)
    groups = [_GROUPS.get(line.kind, "") if line.kind else "" for line in lines]
    for group in dict.fromkeys(_GROUPS.values()):
        put(f"is {group}", [found == group for found in groups])
    put("dated", [_is_dated(text) for text in texts])
    values = [
        vocabulary.text(words_of(text), many <= SHORT) if len(text) <= _LOOKED_AT else (0.0, 0.0)
        for text, many in zip(texts, words.tolist(), strict=True)
    ]
    put("word mean", [mean for mean, _ in values])
    extreme = put("word extreme", [value for _, value in values])
    _repeated(columns, texts)
    _said(columns, texts, prose)
    _places(columns, size, words, prose, score, span)
    _since(columns, groups, prose)
    base = {
        "chars": np.log1p(chars), "ends": text.ends, "score": score, "extreme": extreme,
        "gap": gap, "bullet": bullet, "dated": columns["dated"], "end": columns["is end"],
    }  # fmt: skip
    for by in _NEIGHBOURS:
        for name, column in base.items():
            if abs(by) <= 2 or name in ("chars", "score"):
                put(f"{name}{by:+d}", shifted(np.asarray(column, np.float32), by))
    for name, column in (("score", np.clip(score, -4, 12)), ("extreme", extreme), ("prose", prose)):
        for width in _WINDOWS:
            before, after = _windows(np.asarray(column, np.float32), width)
            put(f"{name} {width} before", before)
            put(f"{name} {width} after", after)
    matrix = np.empty((len(columns), size), np.float32)
    for place, column in enumerate(columns.values()):
        matrix[place] = column
    return matrix, list(columns)


SMOOTHED: Final = (
    "sure", *(f"sure{by:+d}" for by in _AROUND),
    *(f"sure {width} {side}" for width in _AROUND_WINDOWS for side in ("before", "after")),
    "sure so far", "sure share", "from first sure", "from last sure", "sure run",
)  # fmt: skip
"""The names of the rows that :func:`smoothed` adds."""


def smoothed(matrix: Floats, chars: Floats, sure: Floats) -> Floats:
    """``matrix`` with rows for what a first pass made of each line's neighbours.

    ``sure`` is its probability for each line, ``chars`` the lines' characters.
    """
    rows: list[NDArray[np.floating]] = [sure]
    rows.extend(shifted(sure, by) for by in _AROUND)
    weight = np.minimum(chars, _WEIGHT).astype(np.float32)
    for width in _AROUND_WINDOWS:
        weighed = _windows(sure * weight, width)
        weights = _windows(weight, width)
        rows.extend(a / np.maximum(b, 1) for a, b in zip(weighed, weights, strict=True))
    likely = sure * weight
    total = max(float(likely.sum()), 1.0)
    rows.append(np.cumsum(likely) / total)
    rows.append(np.full_like(sure, total / max(float(weight.sum()), 1.0)))
    best = np.flatnonzero(sure > 0.5)
    places = np.arange(len(sure), dtype=np.float32)
    first, last = (best[0], best[-1]) if len(best) else (0, len(sure) - 1)
    rows.extend((places - first, last - places))
    # The unbroken run of likely lines that a line stands in.
    breaks = np.cumsum(sure <= 0.5)
    run = np.bincount(breaks, np.where(sure > 0.5, weight, 0), minlength=int(breaks[-1]) + 1)
    rows.append(np.where(sure > 0.5, run[breaks], 0) / total)
    return np.vstack([matrix, np.asarray(rows, np.float32)])


def shifted(column: Floats, by: int) -> Floats:
    """The value ``by`` lines further on; -1 beyond the ends."""
    moved = np.full_like(column, -1)
    if by > 0:
        moved[:-by] = column[by:]
    else:
        moved[-by:] = column[:by]
    return moved


def _windows(column: Floats, width: int) -> tuple[Floats, Floats]:
    """The sums over the ``width`` lines before each one and after it."""
    size = len(column)
    sums = np.concatenate([[0.0], np.cumsum(column)])
    places = np.arange(size)
    before = sums[places] - sums[np.maximum(places - width, 0)]
    after = sums[np.minimum(places + 1 + width, size)] - sums[places + 1]
    return before.astype(np.float32), after.astype(np.float32)


def _is_dated(text: str) -> bool:
    if len(text) > _DATED_CHARACTERS:
        return False
    # Few lines have what every date has; to look for that first takes a third of the time.
    if _DIGIT.search(text) is None and "ago" not in text.lower():
        return False
    return _DATE.search(text) is not None


def _repeated(columns: dict[str, Floats], texts: list[str]) -> None:
    keys = [text[:200].casefold() for text in texts]
    often = Counter(keys)
    seen: set[str] = set()
    before = []
    for key in keys:
        before.append(key in seen)
        seen.add(key)
    columns["repeated"] = np.array([often[key] for key in keys], np.float32)
    columns["seen before"] = np.array(before, np.float32)


def _said(columns: dict[str, Floats], texts: list[str], prose: Floats) -> None:
    """How much of what a line speaks of the paragraphs of the page speak of too."""
    found = [set(_LONG_WORD.findall(text[:_LOOKED_AT].casefold())) for text in texts]
    in_prose = Counter(
        word for words, is_prose in zip(found, prose.tolist(), strict=True) if is_prose
        for word in words
    )  # fmt: skip
    shares = []
    for words, is_prose in zip(found, prose.tolist(), strict=True):
        own = int(is_prose)
        hits = sum(in_prose[word] > own for word in words)
        shares.append(hits / (len(words) + 1))
    columns["said"] = np.array(shares, np.float32)


def _places(
    columns: dict[str, Floats], size: int, words: Floats, prose: Floats, score: Floats,
    span: tuple[int, int],
) -> None:  # fmt: skip
    places = np.arange(size, dtype=np.float32)
    start, end = span
    columns["place"] = (places / size).astype(np.float32)
    columns["from end"] = size - places
    columns["read"] = (np.cumsum(words) / words.sum()).astype(np.float32)
    columns["in span"] = ((places >= start) & (places < end)).astype(np.float32)
    columns["from span start"] = places - start
    columns["from span end"] = places - end
    inside = prose[start:end]
    where = np.flatnonzero(inside)
    last = start + int(where[-1]) if len(where) else end
    first = start + int(where[0]) if len(where) else start
    columns["from last prose"] = places - last
    columns["from first prose"] = places - first
    columns["lines"] = np.full(size, size, np.float32)
    columns["all words"] = np.full(size, words.sum(), np.float32)
    columns["span words"] = np.full(size, words[start:end].sum() / words.sum(), np.float32)
    columns["prose share"] = np.full(size, (words * prose).sum() / words.sum(), np.float32)


def _since(columns: dict[str, Floats], groups: list[str], prose: Floats) -> None:
    """How far above the last paragraph and the last line that begins something else stand."""
    since_prose, since_end, ends, until = [], [], 0, []
    paragraph = end = 99.0
    for group, is_prose in zip(groups, prose.tolist(), strict=True):
        since_prose.append(paragraph)
        since_end.append(end)
        paragraph = 0.0 if is_prose else min(paragraph + 1, 99.0)
        end = 0.0 if group == "end" else min(end + 1, 99.0)
        ends += group == "end"
        until.append(float(ends))
    columns["since prose"] = np.array(since_prose, np.float32)
    columns["since end"] = np.array(since_end, np.float32)
    columns["ends above"] = np.array(until, np.float32)
    following = []
    paragraph = 99.0
    for is_prose in reversed(prose.tolist()):
        following.append(paragraph)
        paragraph = 0.0 if is_prose else min(paragraph + 1, 99.0)
    columns["until prose"] = np.array(following[::-1], np.float32)
