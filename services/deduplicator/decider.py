"""What an article repeats, decided by the order of the fingerprint log alone.

Every instance feeds every entry of a partition to a :class:`Decider` in log order and comes to the
same decisions: nothing here asks the clock or the machine, and sketches are compared in integers.

*The window.* An entry is compared with entries whose time in the log is later than its own time
less ``window_ms``; older ones are forgotten. What it repeats is therefore a function of one
window of the log. Its group is found by going from copy to what that repeats, inside the entry's
window, so it is a function of two. So instances agree from wherever the log begins for each of
them, as long as its retention is at least twice the window and some slack.

*One article.* A second entry of the same article and text (a retry, a message delivered again, a
replay) has the decision of the first. Another text of the same article is its next revision: it
keeps the article's group as long as it has something in common with an earlier revision, and is
never compared with itself. What never changes of an article that is older than the log is carried
by its entries (:class:`~services.deduplicator.fingerprint.Known`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np

from services.deduplicator.fingerprint import Fingerprint, Known
from services.deduplicator.similarity import MIN_SHINGLES, NearRule
from services.deduplicator.sketch import SLOTS
from services.deduplicator.window import SketchWindow
from shared.errors import PermanentError
from shared.events import DuplicateKind
from shared.runtime.ports import LogEntry

_OFFSET_BITS = 20


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided of one entry. ``similarity``: share of equal slots, 1 for ``exact``."""

    kind: DuplicateKind
    of: str | None
    group_id: str
    similarity: float | None
    first_seen_ms: int
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a text repeats: a row, and how many slots are equal."""

    kind: DuplicateKind
    number: int
    equal: int


@dataclass(slots=True)
class _Row:
    """A remembered text: the first entry of an article and content."""

    article_id: str
    content_hash: bytes
    title_hash: int
    """Of a short text; else 0, which is not compared."""
    size: int
    timestamp_ms: int
    decision: Decision
    link: int
    """The row that it repeats, -1 for none."""
    root: int
    """Where following the links ended inside the window of its own time."""


@dataclass(slots=True)
class _Article:
    """What is known of an article whose last entry is in the window."""

    latest: Decision
    content_hash: bytes
    timestamp_ms: int
    rows: tuple[int, ...] = field(default=())


class _Rows:
    """Rows by number, forgotten from the front: 8 bytes for each beside the row itself."""

    def __init__(self) -> None:
        self._items: list[_Row | None] = []
        self._base = 0
        self._forgotten = 0

    def __getitem__(self, number: int) -> _Row:
        row = self._items[number - self._base]
        assert row is not None, "a forgotten row"
        return row

    def append(self, row: _Row) -> None:
        self._items.append(row)

    def forget(self) -> None:
        """Forget the oldest row; its place goes when as many are forgotten as remain."""
        self._items[self._forgotten] = None
        self._forgotten += 1
        if self._forgotten * 2 > len(self._items) + 1024:
            del self._items[: self._forgotten]
            self._base += self._forgotten
            self._forgotten = 0


class Decider:
    """Decides the entries of one log partition. ``skipped`` counts unreadable entries."""

    def __init__(self, window_ms: int, rule: NearRule | None = None) -> None:
        self._window_ms = window_ms
        self._rule = rule or NearRule()
        self._sketches = SketchWindow()
        self._rows = _Rows()
        self._articles: OrderedDict[str, _Article] = OrderedDict()
        self._by_hash: dict[bytes, tuple[int, ...]] = {}
        self.skipped = 0
        self.last_key: tuple[str, bytes] = ("", b"")
        """Article id and content hash of the last entry that was decided."""

    def __len__(self) -> int:
        """Remembered texts."""
        return len(self._sketches)

    def observe(self, entry: LogEntry) -> Decision | None:
        """Decide the next entry; ``None`` when it cannot be read and is skipped."""
        try:
            fingerprint = Fingerprint.decode(entry.value)
        except PermanentError:
            self.skipped += 1
            return None
        return self.decide(fingerprint, entry.offset, entry.timestamp_ms)

    def known(self, article_id: str, content_hash: bytes) -> Known | None:
        """What an entry of this article and text should carry, or ``None`` for a new article."""
        article = self._articles.get(article_id)
        if article is None:
            return None
        latest = article.latest
        revision = latest.revision + (article.content_hash != content_hash)
        return Known(latest.first_seen_ms, revision, latest.group_id)

    def decide(self, fingerprint: Fingerprint, offset: int, timestamp_ms: int) -> Decision:
        """Decide a fingerprint that stands at ``offset``."""
        self.last_key = (fingerprint.article_id, fingerprint.content_hash)
        cutoff = timestamp_ms - self._window_ms
        self._forget(cutoff)
        article = self._articles.get(fingerprint.article_id)
        if article is not None and article.timestamp_ms <= cutoff:
            article = None
        if article is not None:
            for number in article.rows:
                row = self._rows[number]
                if row.timestamp_ms > cutoff and row.content_hash == fingerprint.content_hash:
                    article.timestamp_ms = max(article.timestamp_ms, timestamp_ms)
                    self._articles.move_to_end(fingerprint.article_id)
                    return row.decision
        decision, link, root = self._decide_new(fingerprint, article, offset, timestamp_ms)
        self._remember(fingerprint, article, timestamp_ms, decision, link, root)
        return decision

    def _decide_new(
        self, fingerprint: Fingerprint, article: _Article | None, offset: int, timestamp_ms: int
    ) -> tuple[Decision, int, int]:
        """The decision, and the row's link and root."""
        cutoff = timestamp_ms - self._window_ms
        version = max((timestamp_ms << _OFFSET_BITS) + offset % (1 << _OFFSET_BITS), 1)
        first_seen_ms, revision = timestamp_ms, 1
        group_id: str | None = None
        if article is not None:
            latest = article.latest
            version = max(version, latest.version + 1)
            first_seen_ms = min(first_seen_ms, latest.first_seen_ms)
            changed = article.content_hash != fingerprint.content_hash
            revision = max(revision, latest.revision + changed)
            group_id = latest.group_id
        if fingerprint.known is not None:
            first_seen_ms = min(first_seen_ms, fingerprint.known.first_seen_ms)
            revision = max(revision, fingerprint.known.revision)
            # Goes before one's own memory, which may have begun later than that of others.
            group_id = fingerprint.known.group_id
        own = article.rows if article is not None else ()
        if group_id is not None and not self._continues(fingerprint, own, cutoff):
            group_id = None
        found = None
        if group_id != fingerprint.article_id:
            found = self._same_text(fingerprint, cutoff) or self._nearest(fingerprint, cutoff)
        link = root = -1
        if found is not None:
            if group_id is None:
                link = found.number
                root, group_id = self._group_of(link, cutoff)
            if group_id == fingerprint.article_id:
                # What it is like repeats an earlier revision of its own.
                found, link, root = None, -1, -1
        group_id = group_id or fingerprint.article_id
        decision = Decision(
            found.kind if found else "none",
            self._rows[found.number].article_id if found else None,
            group_id,
            found.equal / SLOTS if found else None,
            first_seen_ms,
            version,
            revision,
        )
        return decision, link, root

    def _continues(self, fingerprint: Fingerprint, own: tuple[int, ...], cutoff: int) -> bool:
        """Whether a revision has something in common with one of the earlier ones.

        Where none of them is in the window any more there is nothing that speaks against it.
        """
        rows = [n for n in own if self._rows[n].timestamp_ms > cutoff]
        if not rows:
            return True
        equal = self._sketches.equal_slots(fingerprint.sketch.slots, np.array(rows))
        size = fingerprint.sketch.size
        return any(
            self._rule.holds(int(count), size, self._rows[n].size)
            # Too short to tell: a corrected flash stays in its group.
            or min(size, self._rows[n].size) < MIN_SHINGLES
            for n, count in zip(rows, equal, strict=True)
        )

    def _group_of(self, number: int, cutoff: int) -> tuple[int, str]:
        """Follow the links inside the window: the last row, and the group that it stands for.

        That is its own group where it repeats nothing; a row whose link leads out of the window
        begins a group.
        """
        row = self._rows[number]
        if self._inside(row.root, cutoff):
            # The links lead back in time, so all between here and there are inside too.
            number = row.root
            row = self._rows[number]
        while self._inside(row.link, cutoff):
            number = row.link
            row = self._rows[number]
        return number, row.decision.group_id if row.link < 0 else row.article_id

    def _inside(self, number: int, cutoff: int) -> bool:
        return number >= self._sketches.first and self._rows[number].timestamp_ms > cutoff

    def _same_text(self, fingerprint: Fingerprint, cutoff: int) -> _Found | None:
        """The earliest row with the same text. A very short text must have the same title too:
        "Read more" is not a copy of "Read more". An empty one is never a copy."""
        size = fingerprint.sketch.size
        if not size:
            return None
        for number in self._by_hash.get(fingerprint.content_hash, ()):
            row = self._rows[number]
            if (
                row.timestamp_ms > cutoff
                and row.article_id != fingerprint.article_id
                and (size >= MIN_SHINGLES or row.title_hash == fingerprint.title_hash)
            ):
                return _Found("exact", number, SLOTS)
        return None

    def _nearest(self, fingerprint: Fingerprint, cutoff: int) -> _Found | None:
        """The row with most equal slots among the near ones, the earliest of equals."""
        size = fingerprint.sketch.size
        if size < MIN_SHINGLES:
            return None
        slots = fingerprint.sketch.slots
        rows = self._sketches.candidates(slots)
        if not len(rows):
            return None
        equal = self._sketches.equal_slots(slots, rows)
        for place in np.argsort(-equal, kind="stable"):
            number, count = int(rows[place]), int(equal[place])
            row = self._rows[number]
            if (
                row.timestamp_ms > cutoff
                and row.article_id != fingerprint.article_id
                and self._rule.holds(count, size, row.size)
            ):
                return _Found("near", number, count)
        return None

    def _remember(
        self,
        fingerprint: Fingerprint,
        article: _Article | None,
        timestamp_ms: int,
        decision: Decision,
        link: int,
        root: int,
    ) -> None:
        number = self._sketches.add(fingerprint.sketch.slots)
        row = _Row(
            fingerprint.article_id,
            fingerprint.content_hash,
            fingerprint.title_hash if fingerprint.sketch.size < MIN_SHINGLES else 0,
            fingerprint.sketch.size,
            timestamp_ms,
            decision,
            link,
            root if root >= 0 else number,
        )
        self._rows.append(row)
        self._by_hash[row.content_hash] = (*self._by_hash.get(row.content_hash, ()), number)
        if article is None:
            stale = self._articles.pop(row.article_id, None)
            rows = stale.rows if stale is not None else ()
            article = _Article(decision, row.content_hash, timestamp_ms, rows)
        article.latest = decision
        article.content_hash = row.content_hash
        article.timestamp_ms = max(article.timestamp_ms, timestamp_ms)
        article.rows = (*article.rows, number)
        self._articles[row.article_id] = article
        self._articles.move_to_end(row.article_id)

    def _forget(self, cutoff: int) -> None:
        """Drop from the front what is out of the window.

        Times may go back a little between entries; an entry that is dropped for one is dropped at
        the same place of the log by every instance, and one that lingers is not eligible.
        """
        sketches = self._sketches
        while len(sketches):
            row = self._rows[sketches.first]
            if row.timestamp_ms > cutoff:
                break
            self._rows.forget()
            numbers = self._by_hash.pop(row.content_hash)[1:]
            if numbers:
                self._by_hash[row.content_hash] = numbers
            article = self._articles.get(row.article_id)
            if article is not None:
                article.rows = article.rows[1:]
            sketches.forget()
        while self._articles:
            article_id, article = next(iter(self._articles.items()))
            if article.timestamp_ms > cutoff or article.rows:
                break
            del self._articles[article_id]
