"""The tagger's stage: an article in, the article with its entities out."""

from __future__ import annotations

from services.tagger.recognizer import check, recognizer
from services.tagger.settings import TaggerSettings
from shared.events import Article, Envelope, Message, TaggedArticle
from shared.runtime.stage import Emit, Outcomes
from shared.text import stable_id

SOURCE = "wireroom/tagger"


class Tag:
    """Transform of ``news.articles`` into ``news.tagged``.

    Picklable: the model and the knowledge base are loaded on the first message of each process.
    """

    def __init__(self, settings: TaggerSettings) -> None:
        """Raises :class:`~shared.errors.SettingsError` for what is not there or is wrong."""
        check(settings)
        self._settings = settings

    def __call__(self, message: Message) -> Outcomes:
        """The article of ``message`` with its entities.

        Raises :class:`~shared.errors.PermanentError` for a message that is no article.
        """
        article = Article.decode(message.value)
        tagging = recognizer(self._settings).tag(article.text, article.title, article.language)
        tagged = TaggedArticle(
            **dict(article),
            entities=[
                entity
                for entity in tagging.entities
                if entity.salience >= self._settings.min_salience
            ],
            tagger=tagging.tagger,
        )
        envelope = Envelope.parse(message.headers).derive(
            # Of the same article in the same revision comes the same message.
            id=stable_id(TaggedArticle.TYPE, article.article_id, article.content_hash),
            type=TaggedArticle.TYPE,
            source=SOURCE,
        )
        return [Emit(tagged.encode(), article.article_id.encode(), envelope.headers())]
