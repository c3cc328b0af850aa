"""Settings of the fetcher: its limits and how fields of records are called."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings

from shared.settings import settings_config

MIB = 1024 * 1024


def _default_fields() -> dict[str, list[str]]:
    return {
        "text": [
            "text", "articleBody", "body", "content", "maintext", "main_text", "full_text",
            "fulltext", "fullText", "article_text", "article", "body_text", "bodyText",
            "plain_text", "raw_text", "content_text", "cleaned_text", "story", "fields.bodyText",
            "content.text",
            "body.text", "article.text", "article.body", "_source.text", "_source.body",
            "_source.content", "texte", "texto", "testo", "tekst", "inhalt", "contenu", "contenido",
            "contenuto", "conteudo", "conteúdo", "artikel", "текст",
        ],
        "html": [
            "html", "content_html", "body_html", "bodyHtml", "raw_html", "rawHtml", "page",
            "content.html", "body.html", "fields.body", "_source.html", "content.rendered",
        ],
        "title": [
            "title", "headline", "heading", "name", "title.rendered", "headline.main",
            "article.title", "article.headline", "webTitle", "_source.title", "_source.headline",
            "titel", "titre", "titulo", "título", "titolo", "tytuł", "überschrift", "schlagzeile",
            "заголовок",
        ],
        "authors": [
            "authors", "author", "byline", "by", "creator", "writer", "fields.byline",
            "byline.original", "article.authors", "article.author", "_source.authors",
            "_source.author", "autor", "autoren", "auteur", "auteurs", "autores", "autore",
            "autori", "verfasser", "автор",
        ],
        "published_at": [
            "published_at", "datePublished", "date_published", "published", "publishedAt",
            "publish_date", "publishDate", "pub_date", "pubDate", "date_publish", "published_date",
            "publication_date", "date", "webPublicationDate", "versioncreated", "article.date",
            "created_at", "timestamp", "_source.published_at", "_source.date", "datum", "fecha",
            "veröffentlicht", "erschienen", "publié", "date de publication", "дата",
        ],
        "modified_at": [
            "modified_at", "dateModified", "date_modified", "updated_at", "updatedAt", "updated",
            "modified", "date_modify", "lastModified", "_source.modified_at",
        ],
        "description": [
            "description", "summary", "abstract", "standfirst", "excerpt", "lead", "snippet",
            "excerpt.rendered", "fields.trailText", "_source.description",
        ],
        "topics": [
            "topics", "tags", "keywords", "categories", "category", "section", "articleSection",
            "subjects", "_source.topics", "_source.tags",
        ],
        "site_name": [
            "site_name", "siteName", "publisher", "source_name", "source", "outlet",
            "publication", "source_domain", "domain", "site", "_source.source",
        ],
        "language": ["language", "lang", "inLanguage", "language_code", "_source.language"],
        "url": [
            "url", "canonical_url", "link", "permalink", "web_url", "webUrl", "source_url",
            "mainEntityOfPage", "article_url", "uri", "href", "_source.url",
        ],
    }  # fmt: skip


def _default_lists() -> list[str]:
    return [
        "articles", "items", "results", "records", "documents", "docs", "news", "entries",
        "stories", "posts", "data", "rows", "hits", "hits.hits", "response.docs",
        "response.results", "data.articles", "data.items", "@graph",
    ]  # fmt: skip


class FetcherSettings(BaseSettings):
    """Limits of unwrapping, bytes where nothing else is said, and the mapping of records."""

    model_config = settings_config("FETCHER_")

    max_document_bytes: int = Field(10 * MIB, ge=1)
    """The largest single document: a text, a page, a record."""
    max_container_bytes: int = Field(64 * MIB, ge=1)
    """The largest single thing that is opened: a message, or a decompressed archive member."""
    max_json_bytes: int = Field(16 * MIB, ge=1)
    """The largest JSON file, which is parsed as a whole and takes many times its size in memory;
    JSON Lines are read line by line and have no such limit."""
    max_json_values: int = Field(1_000_000, ge=1)
    """Objects and arrays of a JSON file: 60 to 200 bytes of memory each, even when empty."""
    max_total_bytes: int = Field(128 * MIB, ge=1)
    """All that one message may decompress to; also all that it may give, headers included."""
    max_members: int = Field(20_000, ge=1)
    """Documents, rejections and archive members of one message."""
    max_depth: int = Field(5, ge=0, le=50)
    """Containers inside containers; 1 opens a zip but no zip in it."""
    max_ratio: float = Field(200.0, gt=1)
    """Decompressed to compressed bytes, past the first MiB. Deflate can reach 1,032; real text
    stays under 20, a log that repeats itself under 100."""
    max_rejected_bytes: int = Field(MIB, ge=0)
    """How much of a refused part is kept beside its rejection. A message refused as a whole is
    kept whole."""
    max_header_bytes: int = Field(256 * 1024, ge=0)
    """All headers of one incoming message."""

    refuse_non_articles: bool = True
    """Whether pages that block, ask for consent or a log-in, or say that something is not there
    or went wrong are refused with that reason. False lets all pages pass."""

    fields: dict[str, list[str]] = Field(default_factory=_default_fields)
    """Our field to the names it may have in a record, first match wins; dots go into objects.
    What is set here replaces the default mapping as a whole: ``{"text": ["koerper"], "title":
    ["zeile"]}``. In names, case and ``_``, ``-`` and blanks count only where two would differ by
    nothing else."""
    record_lists: list[str] = Field(default_factory=_default_lists)
    """Where an object that is no record itself keeps its records."""
