"""``wireroom tag``."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
import orjson
from rich.console import Console

from services.cleaner.language.identify import identify
from services.cli.explain import Told, explanations
from services.cli.files import STDIN
from services.cli.report import plain, shown, told_of_output
from services.cli.tag_text import show
from services.tagger.engines import ENGINES
from services.tagger.recognizer import Recognizer, recognizer
from services.tagger.settings import TaggerSettings
from shared.settings import load_settings

_PATH: Final = re.compile(r"\S*[/\\]\S*|\S*[^\W\d]\S*\.[A-Za-z][A-Za-z0-9]{1,4}")
"""What is a path by its looks: with a slash, or with a name and an extension."""


class Input(NamedTuple):
    """What is tagged; ``name`` is empty for a text of the command line."""

    name: str
    title: str
    text: str
    language: str | None


@click.command("tag")
@click.argument("input_", metavar="TEXT|FILE|URL")
@click.option("--title", default="", help="The headline of TEXT.")
@click.option(
    "--language", default=None, metavar="CODE", help="ISO 639-1; by default told by the text."
)
@click.option("--engine", type=click.Choice(list(ENGINES)), help="What finds names.")
@click.option("--model", help="The engine's model.")
@click.option("--json", "json_", is_flag=True, help="Print JSON, an object a line.")
@click.pass_context
def tag_command(
    context: click.Context,
    input_: str,
    title: str,
    language: str | None,
    engine: str | None,
    model: str | None,
    json_: bool,
) -> None:
    """Show who and what a text names: the names in the text, and the entities they stand for.

    FILE is anything that can be ingested; - is standard input. It and what is at a URL are cleaned
    first. Whatever is no file is taken for the text itself. Nothing is stored.
    """
    if not input_.strip():
        raise click.UsageError("TEXT|FILE|URL is empty.", context)
    chosen = {"engine": engine, "model": model}
    settings = load_settings(TaggerSettings)
    settings = settings.model_copy(update={k: v for k, v in chosen.items() if v is not None})
    tagger = recognizer(settings)
    console = Console(highlight=False)
    title, language = _encodable(title), language and _encodable(language)
    good = False
    try:
        with told_of_output():
            for number, given in enumerate(_inputs(input_, title, language, context)):
                good = True
                if json_:
                    click.echo(_json(given, tagger))
                    continue
                if number:
                    console.print()
                tagging = tagger.tag(given.text, given.title, given.language)
                show(given.name, given.title, given.text, tagging, console)
    except KeyboardInterrupt:
        click.echo(f"wireroom: {plain(shown(input_))}: interrupted", err=True)
        context.exit(128 + signal.SIGINT)
    context.exit(0 if good else 1)


def _json(given: Input, tagger: Recognizer) -> bytes:
    tagging = tagger.tag(given.text, given.title, given.language)
    return orjson.dumps(
        {
            "name": _encodable(given.name) or None,
            "title": given.title,
            "text": given.text,
            "language": given.language,
            "entities": [
                entity.model_dump(mode="json", exclude_none=True) for entity in tagging.entities
            ],
            "tagger": tagging.tagger,
        }
    )


def _inputs(
    input_: str, title: str, language: str | None, context: click.Context
) -> Iterator[Input]:
    """The documents of a file or page, or the text itself.

    Raises :class:`click.ClickException` for what looks like a file and is none, and for a document
    that is no article.
    """
    if not _is_file(input_):
        if _PATH.fullmatch(input_) and len(input_) < 4096:
            raise click.ClickException(
                f"{plain(input_)}: there is no such file; put words around it to tag it as a text"
            )
        text = _encodable(input_)
        told = identify(text) if language is None else None
        yield Input("", title, text, told.language if told else language)
        return
    for document in explanations(input_, Told(), context):
        if document.refusal is not None or document.found is None:
            refusal = document.refusal
            why = f"{refusal.reason}: {refusal.detail}" if refusal else "there is no text in it"
            click.echo(f"wireroom: {plain(document.name)}: {plain(why)}", err=True)
            continue
        found = document.found
        yield Input(document.name, title or found.title, found.text, language or found.language)


def _encodable(text: str) -> str:
    """``text`` without bytes that are no UTF-8, as a terminal or a script may hand over: they have
    no offsets."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_file(input_: str) -> bool:
    if input_ == str(STDIN) or re.match(r"https?://\S+$", input_):
        return True
    try:
        return Path(input_).exists()
    except (OSError, ValueError):  # longer than a path may be, or with a NUL in it
        return False
