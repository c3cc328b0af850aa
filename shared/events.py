"""What travels through the topics.

Messages are CloudEvents 1.0 in the Kafka binding's binary mode: the record's value is the data,
the envelope stands in ``ce_*`` headers. ``news.ingest`` and ``news.documents`` carry raw bytes;
from ``news.articles`` on the value is JSON of a model below.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, Self

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import PermanentError

_DAY = timedelta(days=1)
_LAST_MS = 253_402_214_400_000
"""9999-12-31T00:00Z: what comes before has a whole day after it."""

Headers = tuple[tuple[str, bytes], ...]

Precision = Literal["second", "minute", "hour", "day", "month", "year"]
EntityType = Literal["PER", "ORG", "LOC", "EVENT", "NORP", "PRODUCT", "FACILITY", "MISC"]
DuplicateKind = Literal["none", "exact", "near", "spun"]


@dataclass(frozen=True, slots=True)
class Message:
    """One record as a stage sees it. ``timestamp_ms`` is the broker's, Unix milliseconds."""

    value: bytes | None
    key: bytes | None = None
    headers: Headers = ()
    topic: str = ""
    partition: int = 0
    offset: int = -1
    timestamp_ms: int = 0

    @property
    def place(self) -> str:
        """Where it stands, for logs and rejections: ``topic/partition/offset``."""
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The facts about a message that travel in its headers.

    All are optional on ``news.ingest``: a plain producer sends bytes alone. Plain names
    (``filename``, ``url``) are read beside the ``ce_`` ones.
    """

    id: str = ""
    type: str = ""
    source: str = ""
    time: datetime | None = None
    content_type: str = ""
    filename: str = ""
    url: str = ""
    parent: str = ""
    """Id of the container (zip, JSON Lines file) that the document was in."""
    member: str = ""
    """Its place there: ``reports/a.html``, ``line 7``."""
    received_at: datetime | None = None
    """When Wireroom first saw it; fixed at ingestion, carried along."""
    traceparent: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    _NAMES: ClassVar[dict[str, str]] = {
        "ce_id": "id",
        "ce_type": "type",
        "ce_source": "source",
        "content-type": "content_type",
        "ce_filename": "filename",
        "ce_url": "url",
        "ce_parent": "parent",
        "ce_member": "member",
        "traceparent": "traceparent",
    }
    _PLAIN: ClassVar[dict[str, str]] = {
        "filename": "filename",
        "file.name": "filename",
        "url": "url",
        "ce_datacontenttype": "content_type",
        "content_type": "content_type",
    }
    _TIMES: ClassVar[dict[str, str]] = {"ce_time": "time", "ce_receivedat": "received_at"}

    @classmethod
    def parse(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """Read headers of any producer; never raises: what cannot be read is left out."""
        values: dict[str, Any] = {}
        extra: dict[str, str] = {}
        for raw_name, raw in headers:
            name = raw_name.lower()
            text = (raw or b"").decode("utf-8", "replace").replace("\x00", "").strip()
            if name in cls._NAMES:
                values[cls._NAMES[name]] = text
            elif name in cls._PLAIN:
                values.setdefault(cls._PLAIN[name], text)
            elif name in cls._TIMES:
                moment = parse_time(text)
                if moment is not None:
                    values[cls._TIMES[name]] = moment
            elif name != "ce_specversion":
                extra[raw_name] = text
        return cls(**values, extra=extra)

    def headers(self) -> Headers:
        """The headers of this envelope, without empty ones."""
        pairs = [("ce_specversion", b"1.0")]
        for name, attribute in self._NAMES.items():
            value = getattr(self, attribute)
            if value:
                pairs.append((name, value.encode("utf-8", "replace")))
        for name, attribute in self._TIMES.items():
            moment = getattr(self, attribute)
            if moment is not None:
                pairs.append((name, format_time(moment).encode()))
        pairs.extend((name, value.encode("utf-8", "replace")) for name, value in self.extra.items())
        return tuple(pairs)

    def derive(self, **changes: Any) -> Self:
        """A copy with ``changes``: what a stage hands on keeps the facts of what it read."""
        return replace(self, **changes)


def parse_time(text: str) -> datetime | None:
    """An ISO 8601 moment with a zone (UTC when none is given), or ``None``.

    One that UTC cannot write (the first hours of year 1, east of Greenwich) is none, and so is one
    within a day of where the calendar ends: nothing could be compared with the day beside it.
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        for neighbour in (-_DAY, _DAY):
            (moment + neighbour).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_milliseconds(timestamp_ms: int) -> datetime:
    """The moment of a Unix time in milliseconds, of any number: never raises.

    One before the epoch or after the calendar's last day but one gives the epoch. Kafka takes
    whatever a producer calls a record's time: -1 is none, nanoseconds are a mistake.
    """
    moment_ms = timestamp_ms if 0 <= timestamp_ms <= _LAST_MS else 0
    return datetime.fromtimestamp(moment_ms / 1000, UTC)


class WireModel(BaseModel):
    """A message's data. Unknown fields are refused: both sides know the schema's version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def decode(cls, value: bytes | None) -> Self:
        """Validate bytes; raises :class:`PermanentError` ``invalid_message`` telling what is wrong.

        This runs inside the stage, so that what cannot be read becomes a rejection.
        """
        if value is None:
            raise PermanentError("invalid_message", "the record has no value")
        try:
            return cls.model_validate_json(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "value"
            more = error.error_count() - 1
            raise PermanentError(
                "invalid_message",
                f"not a valid {cls.__name__}: {place}: {first['msg']}"
                + (f" (and {more} more)" if more else ""),
            ) from None

    def encode(self) -> bytes:
        """JSON in UTF-8. A lone surrogate cannot be written and is replaced."""
        data = self.model_dump(mode="python", exclude_none=True)
        try:
            return orjson.dumps(data)
        except TypeError:  # orjson refuses lone surrogates
            return orjson.dumps(_without_surrogates(data))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_without_surrogates(k): _without_surrogates(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    return value


class Passage(WireModel):
    """Code points ``start`` to ``end`` of an article's text, in a language of their own."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)
    language: str
    """ISO 639-1."""


class Article(WireModel):
    """What the cleaner makes of a document: ``news.articles``."""

    TYPE: ClassVar[str] = "news.article.v1"

    schema_version: Literal[1] = 1
    article_id: str = Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")
    document_id: str
    content_hash: str
    """SHA-256 of the comparable text (``shared.text.content_hash``)."""

    url: str | None = None
    """Where the document came from, as given."""
    canonical_url: str | None = None
    filename: str | None = None
    parent: str | None = None
    member: str | None = None
    content_type: str | None = None
    received_at: AwareDatetime

    title: str = ""
    authors: list[str] = []
    """People, one each."""
    agencies: list[str] = []
    """News agencies that the text is credited to."""
    published_at: AwareDatetime | None = None
    published_precision: Precision | None = None
    published_from: str | None = None
    """Where the date was found: ``json-ld``, ``meta``, ``byline``, ``url``, ``text``…"""
    modified_at: AwareDatetime | None = None
    modified_precision: Precision | None = None
    description: str = ""
    topics: list[str] = []
    section: str | None = None
    """The part of the site: ``World``."""
    site_name: str | None = None
    image: str | None = None
    """URL of the picture that stands for the article."""
    licence: str | None = None
    """URL of its licence, or the licence as the page writes it."""
    paywalled: bool | None = None
    """Whether the whole text is for subscribers alone; ``None`` where nothing tells."""
    language: str | None = None
    """ISO 639-1, or ``None`` where the text is too short to tell."""
    passages: list[Passage] = []
    """Parts of the text in other languages than ``language``."""
    text: str
    """Paragraphs parted by a blank line."""
    provenance: dict[str, str] = {}
    """Field to where it was found: ``{"title": "json-ld"}``."""
    confidence: dict[str, float] = {}
    """Field to how sure it is, 0 to 1: the share of pages on which what is found so is right."""


class Mention(WireModel):
    """One place where an entity is named: code points ``start`` to ``end`` of ``field``."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)
    text: str
    field: Literal["title", "text"] = "text"


class Entity(WireModel):
    """Someone or something that the article names, with every mention of it."""

    name: str
    type: EntityType
    entity_id: str
    """A Wikidata id (``Q212``), a GeoNames id (``geonames:703448``) or a local one."""
    linked_by: str
    """How the id was found: ``alias``, ``short-form``, ``acronym``, ``demonym``, ``context``,
    ``spelling``; ``nil`` where it is a local one."""
    confidence: float = Field(1.0, ge=0, le=1)
    """How sure the link is."""
    mentions: list[Mention] = Field(min_length=1)
    salience: float = Field(ge=0, le=1)
    country: str | None = None
    """ISO 3166-1 alpha-2, for places."""
    location: tuple[float, float] | None = None
    """Latitude and longitude, degrees, for places."""


class TaggedArticle(Article):
    """An article with its entities: ``news.tagged``."""

    TYPE: ClassVar[str] = "news.tagged.v1"

    entities: list[Entity] = []
    tagger: str = ""
    """Name and version of what tagged it."""


class Duplicate(WireModel):
    """What the article repeats. One article of a group, its original, has the kind ``none``."""

    kind: DuplicateKind = "none"
    of: str | None = None
    """The article that it is most like."""
    group_id: str
    """The id of the article that began the group; never changes."""
    similarity: float | None = Field(None, ge=0, le=1)
    """Share of the runs of five words that the two have in common, estimated; of a spun copy, of
    names, numbers and quotations."""
    evidence: list[str] = []
    """Why it is that, in words."""


class EnrichedArticle(TaggedArticle):
    """The whole article, ready to be indexed: ``news.enriched``."""

    TYPE: ClassVar[str] = "news.enriched.v1"

    first_seen_at: AwareDatetime
    """Time of the article's first entry in the fingerprint log; never changes."""
    version: int = Field(gt=0)
    """Orders the writes of one article; grows with each."""
    revision: int = Field(1, ge=1)
    duplicate: Duplicate
    story_id: str | None = None
    deleted: bool = False
