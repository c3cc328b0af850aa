"""From enriched articles to the documents and the places they are written to."""

from __future__ import annotations

from services.indexer.aliases import known_aliases
from shared.events import EnrichedArticle, Message
from shared.runtime.stage import Emit, Outcomes
from shared.search.document import Aliases, Document
from shared.search.names import IndexNames

INDEX_HEADER = "index"
VERSION_HEADER = "version"
REVISION_HEADER = "revision"
KEPT_HEADER = "kept-in"
"""The index that an earlier revision of the article is kept in."""


class IndexDocument:
    """The transform of the indexer: one whole document for each article.

    A take-down is a document too (``deleted: true``): removing the old one would let an earlier
    version, delivered again, bring it back.
    """

    def __init__(self, namespace: str = "", aliases: Aliases = known_aliases) -> None:
        self._names = IndexNames(namespace)
        self._aliases = aliases

    def __call__(self, message: Message, /) -> Outcomes:
        """See :class:`~shared.runtime.stage.Transform`."""
        article = EnrichedArticle.decode(message.value)
        return (
            Emit(
                value=Document.of(article, self._aliases).encode(),
                key=article.article_id.encode(),
                headers=(
                    (INDEX_HEADER, self._names.month(article.first_seen_at).encode()),
                    (VERSION_HEADER, str(article.version).encode()),
                    (REVISION_HEADER, str(article.revision).encode()),
                    (KEPT_HEADER, self._names.revisions_month(article.first_seen_at).encode()),
                ),
            ),
        )
