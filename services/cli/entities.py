"""``wireroom entities``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, get_args

import click
import orjson
from rich.console import Console
from rich.text import Text

from services.cli.report import plain, told_of_output
from services.cli.search import printable
from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.knowledge.entity import Candidate, Entity, Fit, Match
from services.tagger.knowledge.ids import local_id
from services.tagger.recognizer import recognizer
from services.tagger.settings import TaggerSettings
from shared.events import Entity as Linked
from shared.events import EntityType
from shared.settings import load_settings

_ID: Final = re.compile(r"Q\d+|(?:geonames|ror|wireroom|local):\S+")
_ALIASES: Final = 10
_SHOWN: Final = 10
_FOUND: Final = {
    Match.EXACT: "as it is written",
    Match.CASE: "but for capitals",
    Match.FOLDED: "in another spelling",
    Match.INFLECTED: "in another case",
    Match.INITIALS: "by initials or without middle names",
}
_FITS: Final = {
    Fit.NAME: "its name",
    Fit.ALIAS: "another name of it",
    Fit.ACRONYM: "an acronym that others share",
    Fit.SHORT: "a short form: it counts where the article has the full name",
}


class _Answer(NamedTuple):
    """What is known of a name, the likeliest first, and what stands for it in a context."""

    name: str
    candidates: list[Candidate]
    linked: list[Linked]
    type: EntityType | None


@click.command("entities")
@click.argument("name")
@click.option("--type", "type_", type=click.Choice(get_args(EntityType)), help="Only these.")
@click.option("--context", "text", default="", help="A text with the name: whom it means there.")
@click.option("--all", "all_", is_flag=True, help="All candidates with all their names.")
@click.option("--json", "json_", is_flag=True, help="Print JSON, a candidate a line.")
@click.pass_context
def entities_command(
    context: click.Context, name: str, type_: EntityType | None, text: str, all_: bool, json_: bool
) -> None:
    """Show what the knowledge base knows of NAME, the likeliest first, and why.

    NAME may be an id, as Q212. With --context: which one is meant in that text. Fails where nothing
    is known.
    """
    if not name.strip():
        raise click.UsageError("NAME is empty.", context)
    if text and not _ID.fullmatch(name) and not _stands(name, text):
        raise click.UsageError("--context: NAME does not stand in it.", context)
    settings = load_settings(TaggerSettings)
    base = open_base(settings.layers(), settings.entities)
    found = _known(base, name)
    candidates = [c for c in found if type_ in (None, c.entity.type)]
    linked = _linked(name, text, settings) if text else []
    linked = [entity for entity in linked if type_ in (None, entity.type)]
    answer = _Answer(name, candidates, linked, type_)
    with told_of_output():
        if json_:
            for row in _json(base, answer):
                click.echo(orjson.dumps(row))
        else:
            _show(base, answer, all_=all_, console=Console(highlight=False))
    context.exit(0 if candidates else 1)


def _known(base: KnowledgeBase, name: str) -> list[Candidate]:
    if _ID.fullmatch(name):
        entities = base.by_id(name)
        return [Candidate(entity, entity.name, Fit.NAME, Match.EXACT) for entity in entities]
    return base.candidates(name)


def _linked(name: str, text: str, settings: TaggerSettings) -> list[Linked]:
    """The entities that ``name`` names in ``text``."""
    tagging = recognizer(settings).tag(text)
    return [
        entity
        for entity in tagging.entities
        if entity.entity_id == name
        or any(_stands(name, mention.text) for mention in entity.mentions)
    ]


def _stands(name: str, text: str) -> bool:
    """Whether ``name`` stands in ``text`` as words of its own: Iran is not in Tirana."""
    words = re.escape(name.strip().casefold())
    return re.search(rf"(?<!\w){words}(?!\w)", text.casefold()) is not None


def _show(base: KnowledgeBase, answer: _Answer, *, all_: bool, console: Console) -> None:
    if not answer.candidates:
        told = f"nothing is known of {plain(answer.name)}"
        slug = local_id(answer.name).removeprefix("wireroom:")
        if slug and not _ID.fullmatch(answer.name):
            type_ = answer.type or "PER"
            of = "a person" if type_ == "PER" else type_
            told += f"; as {of} it gets the id wireroom:{type_.lower()}-{slug}, in every article"
        console.print(Text(told), soft_wrap=True)
    shown = answer.candidates if all_ else answer.candidates[:_SHOWN]
    for number, candidate in enumerate(shown, 1):
        _show_one(base, candidate, number, all_=all_, console=console)
    if len(shown) < len(answer.candidates):
        console.print(f"and {len(answer.candidates) - len(shown)} more: --all shows them")
    for line in _choice(answer):
        console.print(Text(line, "bold"), soft_wrap=True)


def _show_one(
    base: KnowledgeBase, candidate: Candidate, number: int, *, all_: bool, console: Console
) -> None:
    entity = candidate.entity
    line = Text(f"{number}. ", "dim").append(printable(entity.name), "bold not dim")
    line.append(f"  {entity.type} {printable(entity.id)}", "cyan not dim")
    console.print(line, soft_wrap=True)
    for heading, value in _facts(base, candidate, all_=all_):
        console.print(Text(f"   {heading}: ", "dim").append(printable(value), "not dim"),
                      soft_wrap=True)  # fmt: skip


def _facts(base: KnowledgeBase, candidate: Candidate, *, all_: bool) -> list[tuple[str, str]]:
    entity = candidate.entity
    names = [name for name, _ in base.names(entity)][1:]
    more = len(names) - _ALIASES
    listed = "; ".join(names if all_ else names[:_ALIASES])
    if more > 0 and not all_:
        listed += f"; {more} more"
    where = ", ".join(filter(None, (entity.region, entity.country)))
    place = f"{entity.location[0]}, {entity.location[1]}" if entity.location else ""
    rival = ", a lesser namesake: only its country makes it the one meant" if entity.rival else ""
    rows = [
        ("found", f"{_FOUND[candidate.match]}: {candidate.alias} is {_FITS[candidate.fit]}"),
        ("prior", f"{entity.prior:.2f}{rival}"),
        ("kind", entity.kind),
        ("in", where),
        ("at", place),
        ("names", listed),
        ("told by", f"{', '.join(entity.sources) or 'you'} ({entity.layer})"),
    ]
    return [(heading, value) for heading, value in rows if value]


def _choice(answer: _Answer) -> list[str]:
    """Which one is meant, and why: in the context, else where nothing else is known."""
    if answer.linked:
        return [
            f"in this text: {printable(e.name)} {printable(e.entity_id)}, by {e.linked_by}, "
            f"{e.confidence:.0%} sure"
            for e in answer.linked
        ]
    if not answer.candidates:
        return []
    first = answer.candidates[0]
    entity = first.entity
    if first.fit is Fit.SHORT:
        return [f"by itself it means {printable(entity.name)} only where nobody else is as known"]
    return [
        f"chosen where the article says nothing else: {printable(entity.name)} {entity.id}, "
        f"found {_FOUND[first.match]}, prior {entity.prior:.2f}"
    ]


def _json(base: KnowledgeBase, answer: _Answer) -> list[dict[str, Any]]:
    linked: Sequence[Linked] = answer.linked
    chosen = {(entity.entity_id, entity.type): entity for entity in linked}
    rows: list[dict[str, Any]] = []
    for rank, candidate in enumerate(answer.candidates, 1):
        entity: Entity = candidate.entity
        link = chosen.get((entity.id, entity.type))
        rows.append(
            {
                "rank": rank,
                "entity_id": entity.id,
                "name": entity.name,
                "type": entity.type,
                "kind": entity.kind,
                "prior": entity.prior,
                "rival": entity.rival,
                "country": entity.country,
                "region": entity.region,
                "location": entity.location,
                "alias": candidate.alias,
                "fit": candidate.fit.name.lower(),
                "match": candidate.match.name.lower(),
                "names": [name for name, _ in base.names(entity)],
                "sources": list(entity.sources),
                "layer": entity.layer,
                "linked_by": link.linked_by if link else None,
                "confidence": link.confidence if link else None,
            }
        )
    known = {(row["entity_id"], row["type"]) for row in rows}
    return rows + [
        {
            "rank": None,
            "entity_id": entity.entity_id,
            "name": entity.name,
            "type": entity.type,
            "linked_by": entity.linked_by,
            "confidence": entity.confidence,
        }
        for key, entity in chosen.items()
        if key not in known
    ]
