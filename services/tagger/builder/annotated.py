"""Names that annotators linked to Wikidata: GUM's identities (annotations CC-BY 4.0)."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from services.tagger.builder.pool import Item, fit_of
from services.tagger.knowledge.entity import Fit
from services.tagger.spelling import key_of

_SET = re.compile(r'"set": ?"gum"')
_ITEM = re.compile(r"Q[1-9]\d*")
_KINDS = {"PER": "person", "ORG": "organization", "LOC": "place"}


def identities(path: Path) -> Iterator[Item]:
    """The entities of set ``gum`` in the linking data at ``path``; its other sets stay unread."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if not _SET.search(line[:300]):
                continue
            row = json.loads(line)
            if row["set"] == "gum":
                for mention in row["mentions"]:
                    if item := _item(mention, row["text"][mention["start"] : mention["end"]]):
                        yield item


def _item(mention: dict[str, Any], text: str) -> Item | None:
    title = unquote(mention["name"])
    name = re.sub(r" \([^()]*\)$", "", title)
    kind = mention["type"]
    # A people is marked as a person there; where the words agree the name is the person's own.
    if kind not in _KINDS or not _ITEM.fullmatch(mention["qid"]) or not name[:1].isupper():
        return None
    if kind == "PER" and (" " not in name or name.endswith("people") or not _agree(name, text)):
        return None
    if kind == "LOC":
        name = name.split(", ")[0]
    item = Item(mention["qid"], name, kind, _KINDS[kind], 0.3, "gum", title=title)
    if len(text) > 1 and text[:1].isupper() and "\n" not in text:
        if fit_of(text, kind) is Fit.ACRONYM and _initials(name, text):
            item.names.append(text)
        elif _agree(name, text):
            short = kind == "PER" and " " not in text
            (item.short if short else item.names).append(text)
    return item


def _agree(name: str, text: str) -> bool:
    """Whether all words of what the text says, of which one is long, are of the name."""
    words = set(key_of(name).casefold().split())
    said = key_of(text).casefold().split()
    return bool(said) and set(said) <= words and (name.split()[-1] in text or len(said) > 1)


def _initials(name: str, text: str) -> bool:
    return "".join(word[0] for word in name.split() if word[0].isupper()) == text
