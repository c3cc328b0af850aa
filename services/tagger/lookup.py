"""The recognizer that knows what stands in the gazetteer."""

from __future__ import annotations

from collections import defaultdict

from services.tagger.gazetteer import Gazetteer
from services.tagger.linker import Linker
from services.tagger.matcher import Field
from services.tagger.salience import salience
from shared.events import Entity, Mention


class GazetteerRecognizer:
    """A :class:`~services.tagger.recognizer.Recognizer` over a gazetteer."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self.version = f"gazetteer {gazetteer.version}"

    def entities(self, text: str, title: str, language: str | None) -> list[Entity]:
        """The entities of ``title`` and ``text``; names are the same in every ``language``.

        A people has its country's id and is an entity of its own beside the country.
        """
        fields = [Field("title", title), Field("text", text)]
        mentions: defaultdict[int, list[Mention]] = defaultdict(list)
        ways: dict[int, str] = {}
        for link in Linker(self._gazetteer, fields).links():
            mentions[link.entry].append(link.field.mention(link.match))
            # A name of its own says more about how the id was found than a short form does.
            if ways.get(link.entry, "short-form") == "short-form":
                ways[link.entry] = link.linked_by
        most = max(map(len, mentions.values()), default=0)
        found = []
        for index, places in mentions.items():
            entry = self._gazetteer.entries[index]
            found.append(
                Entity(
                    name=entry.name,
                    type=entry.type,
                    entity_id=entry.id,
                    linked_by=ways[index],
                    mentions=places,
                    salience=salience(places, len(text), most),
                    country=entry.country,
                    location=entry.location,
                )
            )
        return sorted(found, key=lambda entity: (-entity.salience, entity.name, entity.type))
