"""The tagger's stage: an article in, the article with its entities out."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from services.tagger.gazetteer import SHIPPED, gazetteer
from services.tagger.lookup import GazetteerRecognizer
from services.tagger.recognizer import Recognizer
from services.tagger.settings import TaggerSettings
from shared.events import Article, Envelope, Message, TaggedArticle
from shared.runtime.stage import Emit, Outcomes
from shared.text import stable_id

SOURCE = "wireroom/tagger"


@cache
def recognizer(path: Path = SHIPPED) -> Recognizer:
    """The recognizer over the gazetteer at ``path``, loaded once in this process."""
    return GazetteerRecognizer(gazetteer(path))


class Tag:
    """Transform of ``news.articles`` into ``news.tagged``.

    Picklable: what it looks names up in is loaded on the first message of each process. Raises
    :class:`~shared.errors.PermanentError` for a message that is no article.
    """

    def __init__(self, settings: TaggerSettings) -> None:
        self._settings = settings

    def __call__(self, message: Message) -> Outcomes:
        """The article of ``message`` with its entities."""
        article = Article.decode(message.value)
        names = recognizer(self._settings.gazetteer or SHIPPED)
        tagged = TaggedArticle(
            **dict(article),
            entities=[
                entity
                for entity in names.entities(article.text, article.title, article.language)
                if entity.salience >= self._settings.min_salience
            ],
            tagger=names.version,
        )
        envelope = Envelope.parse(message.headers).derive(
            # Of the same article in the same revision comes the same message.
            id=stable_id(TaggedArticle.TYPE, article.article_id, article.content_hash),
            type=TaggedArticle.TYPE,
            source=SOURCE,
        )
        return [Emit(tagged.encode(), article.article_id.encode(), envelope.headers())]
