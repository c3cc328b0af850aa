"""What becomes of a file's or a page's documents in fetcher and cleaner, with every reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from services.cleaner.characters import decode
from services.cleaner.extracted import Dated, Extracted, Trace
from services.cleaner.settings import CleanerSettings
from services.cleaner.stage import Clean, is_html
from services.cleaner.stage import Document as Raw
from services.cli.report import PART, shown
from services.fetcher.settings import FetcherSettings
from services.fetcher.stage import Fetch
from shared.errors import PermanentError
from shared.events import Envelope, Message, Passage
from shared.records import Record
from shared.runtime.stage import Emit, Reject
from shared.settings import load_settings

Form = Literal["HTML page", "plain text", "record", ""]
"""How the cleaner read a document; empty where it did not come so far."""

MEANINGS: Final = {
    "blocked": "the site answered with a challenge or a block, as it does to machines",
    "consent_wall": "the page asks for consent to cookies, and holds no article",
    "soft_404": "the page says that there is no such page, whatever the server said",
    "login_page": "the page asks to log in, and holds no article",
    "error_page": "the page tells of an error of its server",
    "no_text": "nothing in it reads like an article",
    "empty": "there are no bytes to read",
    "too_long": "WIREROOM_CLEANER_MAX_CHARACTERS is the limit; a text is never cut",
    "too_large": "a limit of the fetcher (WIREROOM_FETCHER_…) stands in the way",
    "too_many_elements": "the page is too large to be read in bounded time",
    "undecodable": "its bytes are text in no charset that it declares or that can be told",
    "unsupported_type": "pictures, sound, video and fonts hold no text",
    "unsupported_format": "no format is known for these bytes",
    "encrypted": "it can be opened with its password alone",
    "extraction_failed": "a library broke on this document; a fault worth reporting",
    "zip_bomb": "it unpacks to far more than such an archive can honestly hold",
    "not_news": "a message of a kind that carries no article",
}
"""What a reason for a refusal means, where its detail alone does not tell."""
_NAMES: Final = (
    "title", "authors", "agencies", "published", "modified", "description", "topics", "section",
    "site_name", "canonical_url", "image", "licence", "paywalled", "language", "passages",
)  # fmt: skip
_DATES: Final = {
    "year": "%Y",
    "month": "%Y-%m",
    "day": "%Y-%m-%d",
    "hour": "%Y-%m-%d %H h %Z",
    "minute": "%Y-%m-%d %H:%M %Z",
    "second": "%Y-%m-%d %H:%M:%S %Z",
}
_RTL: Final = frozenset(("ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"))
_WIDE = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_WIDE}]|[^\W{_WIDE}]+(?:['’.-][^\W{_WIDE}]+)*")
# Controls show as what they are: unreadable. What turns the direction of all text after it goes;
# the joiners of scripts stay.
_UNSAFE: Final[dict[int, str | None]] = {
    **dict.fromkeys([*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)], "\ufffd"),
    **dict.fromkeys([0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]),
    0x09: " ",
    0x0A: "\n",
    0x0D: "\n",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no article."""

    stage: Literal["fetcher", "cleaner"]
    reason: str
    detail: str

    @property
    def meaning(self) -> str:
        """What the reason means, for people; empty where the detail tells."""
        return MEANINGS.get(self.reason, "")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that was found: its name, its value as people read it, where from, how sure."""

    name: str
    value: str | list[str]
    place: str
    sure: float | None
    data: Any
    """The value as programs read it: JSON."""


@dataclass(slots=True)
class Explanation:
    """One document. ``blocks`` are in reading order, also those of one that was refused."""

    name: str
    form: Form = ""
    content_type: str = ""
    url: str = ""
    size: int = 0
    """Bytes."""
    found: Extracted | None = None
    blocks: list[Trace] = field(default_factory=list)
    refusal: Refusal | None = None

    @property
    def fields(self) -> list[Field]:
        """What was found, but for the text."""
        return list(_fields(self.found)) if self.found else []

    @property
    def kept(self) -> list[Trace]:
        """The blocks that are the article's."""
        return [block for block in self.blocks if block.kept]

    @property
    def words(self) -> int:
        """Of the article's text; of scripts without blanks between words, characters."""
        return count_words(self.found.text) if self.found else 0

    @property
    def language(self) -> str:
        """ISO 639-1, or empty."""
        return (self.found.language or "") if self.found else ""

    @property
    def right_to_left(self) -> bool:
        """Whether the article is written from right to left."""
        return self.language in _RTL

    @property
    def dropped(self) -> list[tuple[str, int, int]]:
        """Each reason for dropping with its number of blocks and words, the most words first."""
        counts: dict[str, list[int]] = {}
        for block in self.blocks:
            if not block.kept:
                count = counts.setdefault(block.reason, [0, 0])
                count[0] += 1
                count[1] += count_words(block.text)
        rows = [(reason, blocks, words) for reason, (blocks, words) in counts.items()]
        return sorted(rows, key=lambda row: (-row[2], -row[1], row[0]))


class Explainer:
    """Runs fetcher and cleaner in this process, by their settings.

    Raises :class:`~shared.errors.SettingsError` when made, where a setting is wrong.
    """

    def __init__(self) -> None:
        self._fetch = Fetch(load_settings(FetcherSettings))
        self._clean = Clean(load_settings(CleanerSettings))

    def __call__(self, message: Message) -> Iterator[Explanation]:
        """Each document in ``message``, refused ones too; litter of archives is passed over."""
        envelope = Envelope.parse(message.headers)
        root = envelope.filename or envelope.url
        for outcome in self._fetch(message):
            if isinstance(outcome, Reject):
                yield Explanation(
                    _name(root, outcome.member or envelope.member),
                    content_type=envelope.content_type,
                    url=envelope.url,
                    size=len(outcome.data or message.value or b""),
                    refusal=_refusal("fetcher", outcome.reason, outcome.detail, root),
                )
            elif isinstance(outcome, Emit):
                yield self._document(root, outcome)

    def _document(self, root: str, emit: Emit) -> Explanation:
        envelope = Envelope.parse(emit.headers)
        name = _name(root, envelope.member)
        told = Explanation(name, content_type=envelope.content_type, url=envelope.url)
        told.size = len(emit.value)
        now = envelope.received_at or datetime.now(UTC)
        raw = Raw(emit.value, envelope.content_type, envelope.url or None, name, now)
        try:
            told.form = _form(raw)
            told.found, url = self._clean.extract(raw, told.blocks)
            told.url = url or ""
        except PermanentError as error:
            told.refusal = _refusal("cleaner", error.reason, error.detail, name)
        return told


def _form(raw: Raw) -> Form:
    kind = raw.content_type.split(";")[0].strip().lower()
    if kind in (Record.CONTENT_TYPE, "application/json"):
        return "record"
    text = decode(raw.data, raw.content_type, raw.name)
    return "HTML page" if is_html(kind, text) else "plain text"


def _name(root: str, member: str) -> str:
    return f"{shown(root)}{PART}{member}" if member else shown(root)


def _refusal(stage: Literal["fetcher", "cleaner"], reason: str, detail: str, name: str) -> Refusal:
    for told in (name, name.partition(PART)[0]):
        detail = detail.removeprefix(f"{told}: ")
    return Refusal(stage, reason, detail)


def _fields(found: Extracted) -> Iterator[Field]:
    if "text" in found.provenance:  # which engine took it, where several may
        words = count_words(found.text)
        place, sure = found.provenance["text"], found.confidence.get("text")
        yield Field("text", f"{words:,} words", place, sure, {"words": words})
    for name in _NAMES:
        value = getattr(found, name)
        if value or value is False:
            place, sure = found.provenance.get(name, ""), found.confidence.get(name)
            yield Field(name, _for_people(value), place, sure, _for_programs(value))


def _for_people(value: Any) -> str | list[str]:
    if isinstance(value, Dated):
        return f"{value.moment.strftime(_DATES[value.precision])} (to the {value.precision})"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Passage):
        return f"{value.language}: characters {value.start} to {value.end}"
    if isinstance(value, list):
        return [str(_for_people(one)) for one in value]
    return str(value)


def _for_programs(value: Any) -> Any:
    if isinstance(value, Dated):
        return {"moment": value.moment.isoformat(), "precision": value.precision}
    if isinstance(value, Passage):
        return value.model_dump()
    return [_for_programs(one) for one in value] if isinstance(value, list) else value


def count_words(text: str) -> int:
    """Words of ``text``; where a script writes no blanks between them, its characters."""
    return sum(1 for _ in _WORD.finditer(text))


def near(place: str) -> str:
    """The last two steps of a block's place: enough to recognise it."""
    return " > ".join(place.split(" > ")[-2:])


def safe(text: str) -> str:
    """``text`` without what could steer a terminal, or the direction of what stands after it."""
    return text.translate(_UNSAFE)
