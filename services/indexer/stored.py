"""Reads back what the indexer wrote, as it is at this moment (realtime, before any refresh)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import elasticsearch
from elasticsearch import AsyncElasticsearch

from services.indexer.bulk import Action
from shared.errors import PermanentError, SettingsError, StoreError, TransientError
from shared.search.document import Document
from shared.search.elastic_client import denied, elastic_errors, reason_of, who
from shared.settings import RuntimeSettings

AT_ONCE: Final = 50
"""Documents of a request: a document may have megabytes."""
_NO_INDEX: Final = "index_not_found_exception"
_ADVICE: Final = (
    "a key made before revisions were kept may not read: run "
    "`python -m services.indexer.setup --api-key-file` again"
)


class Stored:
    """Documents at the places that actions name."""

    def __init__(self, client: AsyncElasticsearch, settings: RuntimeSettings) -> None:
        self._client = client
        self._settings = settings

    async def documents(self, actions: Sequence[Action]) -> list[Document | PermanentError | None]:
        """The documents there, ``None`` where there is none, an error for what is none of ours.

        Raises :class:`TransientError` when one cannot be read now, :class:`SettingsError` when
        the credentials do not allow it.
        """
        items = await self._read(actions)
        return [
            _document(action, item["_source"]) if item.get("found") else None
            for action, item in zip(actions, items, strict=True)
        ]

    async def kept(self, actions: Sequence[Action]) -> list[Document | PermanentError]:
        """The earlier revisions that there are of those named; raises as :meth:`documents`."""
        items = await self._read(actions)
        return [
            _document(action, item["_source"].get("document", {}))
            for action, item in zip(actions, items, strict=True)
            if item.get("found")
        ]

    async def revisions(self, actions: Sequence[Action]) -> list[int | None]:
        """The numbers of the revisions there, ``None`` where there is none or it was taken down.

        Raises as :meth:`documents`.
        """
        items = await self._read(actions, source_includes=["revision", "deleted"])
        found = [item["_source"] if item.get("found") else {"deleted": True} for item in items]
        return [None if source.get("deleted") else source.get("revision", 1) for source in found]

    async def _read(self, actions: Sequence[Action], **options: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for start in range(0, len(actions), AT_ONCE):
            docs = [
                {"_index": action.index, "_id": action.id}
                for action in actions[start : start + AT_ONCE]
            ]
            try:
                with elastic_errors(self._settings):
                    response = await self._client.mget(docs=docs, **options)
            except SettingsError as error:
                raise SettingsError(f"{error}; {_ADVICE}") from error
            except elasticsearch.ApiError as error:
                raise StoreError(f"{who(self._settings)}: {reason_of(error)}") from error
            items += response["docs"]
        for item in items:
            cause = item.get("error")
            if cause is None or cause.get("type") == _NO_INDEX:
                continue
            why = f"{item['_index']}/{item['_id']}: {cause.get('type')}: {cause.get('reason')}"
            if cause.get("type") == "security_exception":
                raise denied(self._settings, 403, f"{why}; {_ADVICE}")
            raise TransientError(f"{self._settings.elastic_url}: {why}")
        return items


def _document(action: Action, source: dict[str, Any]) -> Document | PermanentError:
    try:
        return Document.model_validate(source)
    except ValueError as error:
        return PermanentError("stored_unreadable", f"{action.index}/{action.id}: {error}")
