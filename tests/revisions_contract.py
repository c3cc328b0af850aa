"""How every index keeps revisions: the same cases for SQLite and Elasticsearch."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.events import EnrichedArticle
from shared.runtime.ports import Publisher
from shared.search.index import SearchIndex
from tests.search_contract import article, article_id, emit

TEXTS = {
    1: "The ferry leaves at nine.\n\nTickets are sold at the pier.",
    2: "The ferry leaves at ten.\n\nTickets are sold at the pier.",
    3: "The ferry leaves at ten.\n\nIt is full.",
    4: "The ferry is cancelled.",
}


def revision(
    number: int, name: str = "ferry", version: int | None = None, **fields: Any
) -> EnrichedArticle:
    """Revision ``number`` of an article; its version grows with it."""
    return article(
        name,
        TEXTS[number],
        title=f"Ferry {number}",
        version=version or number * 10,
        revision=number,
        **fields,
    )


class RevisionsContract:
    """Cases over one index. ``refresh`` makes what was written visible to readers."""

    def __init__(
        self,
        publisher: Publisher,
        index: SearchIndex,
        refresh: Callable[[], Awaitable[None]],
        namespace: str = "",
    ) -> None:
        self._publisher = publisher
        self._index = index
        self._refresh = refresh
        self._namespace = namespace

    async def write(self, *articles: EnrichedArticle) -> None:
        """One batch, all of which is taken."""
        messages = [emit(one, self._namespace) for one in articles]
        assert await self._publisher.publish(messages) == [None] * len(articles)

    async def assert_readable(self, name: str, *numbers: int) -> None:
        """Exactly these revisions are readable, each with its own text; the last is shown."""
        await self._refresh()
        identifier = article_id(name)
        listed = await self._index.revisions(identifier)
        assert [one.number for one in listed] == list(numbers), name
        for number in TEXTS:
            found = await self._index.revision(identifier, number)
            assert (found is not None) == (number in numbers), (name, number)
            assert found is None or found.text == TEXTS[number]
            assert found is None or found.title == f"Ferry {number}"
        newest = await self._index.get(identifier)
        assert (newest.revision if newest else None) == (numbers[-1] if numbers else None)

    async def changes_of(self, name: str) -> list[tuple[int, int, int] | None]:
        """For each revision: since which, words added, words removed."""
        listed = await self._index.revisions(article_id(name))
        return [
            (told.from_revision, told.words_added, told.words_removed)
            if (told := one.changes)
            else None
            for one in listed
        ]

    async def one_after_the_other(self) -> None:
        """Each revision keeps the one before it."""
        for number in (1, 2, 3):
            await self.write(revision(number), revision(number, "in step", hours=900))
        for name in ("ferry", "in step"):
            await self.assert_readable(name, 1, 2, 3)
            assert await self.changes_of(name) == [None, (1, 1, 1), (2, 3, 6)]
        newest = await self._index.get(article_id("ferry"))
        assert newest is not None
        assert newest.changes is not None
        assert newest.changes.title_before == "Ferry 2"
        assert newest.changes.added == ["It is full."]
        assert newest.changes.removed == ["Tickets are sold at the pier."]

    async def all_in_one_batch(self) -> None:
        """Also with others between them."""
        batch = [revision(number, name) for number in (1, 2, 3) for name in ("left", "right")]
        await self.write(*batch)
        for name in ("left", "right"):
            await self.assert_readable(name, 1, 2, 3)
            assert await self.changes_of(name) == [None, (1, 1, 1), (2, 3, 6)]

    async def replayed(self) -> None:
        """Everything again, from the beginning, alone and together: nothing changes."""
        revisions = [revision(number, "replayed") for number in (1, 2, 3)]
        await self.write(*revisions)
        await self._refresh()
        before = await self._index.revisions(article_id("replayed"))
        for one in revisions:
            await self.write(one)
        await self.write(*revisions)
        await self.assert_readable("replayed", 1, 2, 3)
        assert await self._index.revisions(article_id("replayed")) == before

    async def in_any_order(self) -> None:
        """A later one that comes first is shown; what comes late is kept."""
        for order in itertools.permutations((1, 2, 3)):
            name = f"order {order}"
            for number in order:
                await self.write(revision(number, name))
            await self.assert_readable(name, 1, 2, 3)
            together = f"together {order}"
            await self.write(*[revision(number, together) for number in order])
            await self.assert_readable(together, 1, 2, 3)

    async def skipped(self) -> None:
        """What never came is no revision, and the change is told from the one before."""
        await self.write(revision(1, "skipped"))
        await self.write(revision(3, "skipped"))
        await self.assert_readable("skipped", 1, 3)
        assert await self.changes_of("skipped") == [None, (1, 4, 7)]

    async def corrected(self) -> None:
        """A correction is no revision, and the change it corrects is told on."""
        await self.write(revision(1, "corrected"))
        await self.write(revision(2, "corrected"))
        await self.write(revision(2, "corrected", version=25, story_id="S"))
        await self.assert_readable("corrected", 1, 2)
        assert await self.changes_of("corrected") == [None, (1, 1, 1)]
        newest = await self._index.get(article_id("corrected"))
        assert newest is not None
        assert newest.story_id == "S"
        await self.write(revision(3, "corrected"))
        await self.assert_readable("corrected", 1, 2, 3)
        kept = await self._index.revision(article_id("corrected"), 2)
        assert kept is not None
        assert kept.version == 25

    async def taken_down(self) -> None:
        """With an article all its revisions go, for good; a new text of it may follow."""
        for number in (1, 2):
            await self.write(revision(number, "gone"))
        await self.write(revision(3, "gone", deleted=True))
        await self.assert_readable("gone")
        await self.write(revision(4, "gone"))
        await self._refresh()
        await self.assert_readable("gone", 4)
        newest = await self._index.get(article_id("gone"))
        assert newest is not None
        assert newest.changes is None
        await self.write(*[revision(number, "gone") for number in (1, 2)])
        await self.assert_readable("gone", 4)
        for number in (1, 2):
            await self.write(revision(number, "later gone"))
        await self.write(revision(2, "later gone", version=25, deleted=True))
        await self.assert_readable("later gone")
        await self.write(revision(1, "later gone"))
        await self.assert_readable("later gone")

    async def every_case(self) -> None:
        """All of the above."""
        cases: Sequence[Callable[[], Awaitable[None]]] = (
            self.one_after_the_other,
            self.all_in_one_batch,
            self.replayed,
            self.in_any_order,
            self.skipped,
            self.corrected,
            self.taken_down,
        )
        for case in cases:
            await case()
        assert await self._index.revisions(article_id("never seen")) == []
        assert await self._index.revision(article_id("never seen"), 1) is None
