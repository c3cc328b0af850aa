"""How right links are, end to end: start, end and Wikidata item of a mention must be those of the
set (a strong match), whatever its type.

Quantities and dates are not asked for. A name that is linked to none (a local id) is no link, so
it is neither right nor wrong. The sets come without titles.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.tagger.recognizer import Recognizer
from tests.quality.table import Row
from tests.quality.tagger_articles import rows
from tests.quality.tagger_names import Counts

Link = tuple[int, int, str]

_PEERS: Final = {
    "msnbc-updated": (("REL (published)", 0.760), ("ReFinED (published)", 0.742)),
    "wiki-fair-v2-no-coref": (("REL (published)", 0.643), ("ReFinED (published)", 0.779)),
}
"""End-to-end F1 of linkers that are not installed, on the whole sets."""
_GOALS: Final = {"msnbc-updated": ", goal .70", "wiki-fair-v2-no-coref": ", goal .60"}
_FIRST: Final = ("msnbc-updated", "wiki-fair-v2-no-coref", "rss-500")
_USED: Final = {"gum": "gum (its identities are in the prior)"}
_ITEM: Final = re.compile(r"Q\d+")
_NOT_ASKED: Final = ("QUANTITY", "DATETIME")


def wanted_links(mentions: Collection[Any]) -> set[Link]:
    """The links that a row's ``mentions`` ask for; such without an item are none."""
    found: set[Link] = set()
    for mention in mentions:
        if isinstance(mention, Mapping):
            start, end, item = mention["start"], mention["end"], mention.get("qid")
            kind = mention.get("type")
        else:
            start, end, item, _, kind = mention
        if item and _ITEM.fullmatch(item) and kind not in _NOT_ASKED:
            found.add((start, end, item))
    return found


def found_links(recognizer: Recognizer, text: str) -> set[Link]:
    """The links that ``recognizer`` makes in ``text``; names with a local id are none."""
    return {
        (mention.start, mention.end, entity.entity_id)
        for entity in recognizer.tag(text, "", "en").entities
        if _ITEM.fullmatch(entity.entity_id)
        for mention in entity.mentions
        if mention.field == "text"
    }


def linking(
    recognizer: Recognizer, path: Path, sample: int = 1, sets: Collection[str] = ()
) -> Iterator[Row]:
    """F1, precision and recall of each set of ``linking.jsonl.gz``, or of ``sets``, on every
    ``sample``-th text of it; beside them the share of its links whose item the knowledge base has
    at all, above which recall cannot be."""
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    known: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for row in rows(path):
        name = row["set"]
        if sets and name not in sets:
            continue
        seen[name] += 1
        if (seen[name] - 1) % sample:
            continue
        sizes[name] += 1
        wanted = wanted_links(row["mentions"])
        known[name] += sum(bool(recognizer.base.by_id(item)) for _, _, item in wanted)
        counts[name] = counts[name].plus(found_links(recognizer, row["text"]), wanted)
    order = [name for name in _FIRST if name in counts]
    for name in [*order, *sorted(counts.keys() - set(order))]:
        yield from _figures(name, counts[name], known[name], sizes[name])


def _figures(name: str, counts: Counts, known: int, size: int) -> Iterator[Row]:
    data = _USED.get(name, name)
    for peer, figure in _PEERS.get(name, (("", None),)):
        yield Row(data, f"link F1{_GOALS.get(name, '')}", counts.f1, peer, figure, size)
    yield Row(data, "link precision", counts.precision, "", None, size)
    yield Row(data, "link recall", counts.recall, "", None, size)
    yield Row(data, "items that are known", known / max(counts.wanted, 1), "", None, size)
