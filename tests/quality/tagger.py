"""The tagger's figures: spans and types of names, and the items they are linked to.

Run it with ``python -m tests.quality.tagger [--sample N]``; ``N`` takes every N-th article. Spans
count when start, end and type are those of the set (as CoNLL counts), links when start, end and
Wikidata item are (end-to-end, strong match). The peers' figures are published ones, on the full
sets: no peer is installed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from services.tagger.stage import recognizer
from tests.quality.table import Row, print_table
from tests.shared_data import shared_root

Span = tuple[int, int, str]

# Labels of the sets, in lower case, to ours; what is absent here is not scored.
_LABELS = {
    label: ours
    for ours, labels in {
        "PER": "per person politician scientist writer musicalartist researcher",
        "ORG": "org organization organisation corporation group politicalparty university band",
        "LOC": "loc location country",
    }.items()
    for label in labels.split()
}
# Published end-to-end F1 of linkers (ELEVANT).
_LINKERS = {
    "msnbc-updated": ("REL", 0.760),
    "wiki-fair-v2-no-coref": ("ReFinED", 0.779),
}


class Counts(NamedTuple):
    """True positives, found and wanted."""

    right: int = 0
    found: int = 0
    wanted: int = 0

    def plus(self, found: set[Span], wanted: set[Span]) -> Counts:
        """With another article's."""
        return Counts(
            self.right + len(found & wanted), self.found + len(found), self.wanted + len(wanted)
        )

    @property
    def f1(self) -> float:
        """Micro F1; 0 where nothing is right."""
        return 2 * self.right / max(self.found + self.wanted, 1)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def spans(tokens: list[str], tags: list[str], offset: int = 0) -> set[Span]:
    """Named spans of ``tokens`` joined by spaces; understands IO, BIO and BIOES."""
    found: set[Span] = set()
    start = end = offset
    label = ""
    place = offset
    for token, tag in zip([*tokens, ""], [*tags, "O"], strict=True):
        mark, _, name = tag.partition("-")
        if label and (name != label or mark in ("B", "S", "O")):
            if label.lower() in _LABELS:
                found.add((start, end, _LABELS[label.lower()]))
            label = ""
        if name and not label:
            start, label = place, name
        end = place + len(token)
        place = end + 1
    return found


def articles(path: Path) -> dict[str, list[tuple[str, set[Span]]]]:
    """Text and spans by set; the sentences of one ``worldwide`` article are joined."""
    texts: defaultdict[tuple[str, str], str] = defaultdict(str)
    wanted: defaultdict[tuple[str, str], set[Span]] = defaultdict(set)
    for row in _rows(path):
        family = re.sub(r"-(train|dev|test)$", "", row["set"])
        family = "btc" if family.startswith("btc-") else family
        key = row["id"].rpartition("-")[0] if family == "worldwide" else row["id"]
        held = texts[family, key]
        before = held + "\n" if held else ""
        texts[family, key] = before + " ".join(row["tokens"])
        wanted[family, key] |= spans(row["tokens"], row["tags"], len(before))
    found: defaultdict[str, list[tuple[str, set[Span]]]] = defaultdict(list)
    for (family, key), text in texts.items():
        found[family].append((text, wanted[family, key]))
    return found


def recognition(root: Path, sample: int = 1) -> Iterator[Row]:
    """Span F1 of each set, and for the news of ``worldwide`` of each type."""
    names = recognizer()
    for family, rows in articles(root / "ner.jsonl.gz").items():
        counts: defaultdict[str, Counts] = defaultdict(Counts)
        taken = rows[::sample]
        for text, wanted in taken:
            found = {
                (mention.start, mention.end, entity.type)
                for entity in names.entities(text, "", None)
                if entity.type in ("PER", "ORG", "LOC")
                for mention in entity.mentions
            }
            counts["all"] = counts["all"].plus(set(found), wanted)
            for kind in ("PER", "ORG", "LOC"):
                counts[kind] = counts[kind].plus(
                    {span for span in found if span[2] == kind},
                    {span for span in wanted if span[2] == kind},
                )
        detailed = family in ("worldwide", "gum-news", "wikigold")
        for kind in ("all", "PER", "ORG", "LOC") if detailed else ("all",):
            measure = "name F1" if kind == "all" else f"name F1, {kind}"
            yield Row(family, measure, counts[kind].f1, "", None, len(taken))


def linking(root: Path, sample: int = 1) -> Iterator[Row]:
    """End-to-end F1, precision and recall of links of each set."""
    names = recognizer()
    counts: defaultdict[str, Counts] = defaultdict(Counts)
    sizes: Counter[str] = Counter()
    for number, row in enumerate(_rows(root / "linking.jsonl.gz")):
        if number % sample:
            continue
        wanted = {
            (start, end, qid)
            for start, end, qid, _, kind in map(_mention, row["mentions"])
            if re.fullmatch(r"Q\d+", qid) and kind not in ("QUANTITY", "DATETIME")
        }
        found = {
            (mention.start, mention.end, entity.entity_id)
            for entity in names.entities(row["text"], "", None)
            for mention in entity.mentions
        }
        counts[row["set"]] = counts[row["set"]].plus(found, wanted)
        sizes[row["set"]] += 1
    for family, count in counts.items():
        peer, figure = _LINKERS.get(family, ("", None))
        yield Row(family, "link F1", count.f1, peer, figure, sizes[family])
        precision = count.right / max(count.found, 1)
        yield Row(family, "link precision", precision, "", None, sizes[family])


def _mention(mention: Any) -> tuple[int, int, str, str, str]:
    if isinstance(mention, dict):
        fields = ("start", "end", "qid", "name", "type")
        mention = [mention.get(field) for field in fields]
    start, end, qid, name, kind = mention
    return start, end, qid or "", name or "", kind or ""


def speed(root: Path) -> Row:
    """Articles of 4,000 characters a second on one core, news of ``worldwide``."""
    texts = [text[:4000] for text, _ in articles(root / "ner.jsonl.gz")["worldwide"]]
    joined = "\n\n".join(texts)
    pages = [joined[place : place + 4000] for place in range(0, len(joined), 4000)]
    names = recognizer()
    names.entities(pages[0], "", None)
    start = time.process_time()
    for page in pages:
        names.entities(page, "", None)
    return Row(
        "worldwide", "articles/s", len(pages) / (time.process_time() - start), "", None, len(pages)
    )


def rows(sample: int = 1) -> list[Row]:
    """All figures of the tagger; none where the evaluation data is absent."""
    root = shared_root()
    if root is None:
        return []
    return [*recognition(root, sample), *linking(root, sample), speed(root)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=1, help="take every N-th article")
    print_table(rows(parser.parse_args().sample))


if __name__ == "__main__":
    main()
