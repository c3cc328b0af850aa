"""``wireroom sources add``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError
from rich.console import Console

from services.cli.files import Problem
from services.cli.journal import explained, lines_of
from services.cli.report import plain, show_problem
from services.cli.sources_check import check_now
from services.cli.sources_file import file_option
from services.cli.sources_table import show_change, show_checked
from services.crawler.names import name_for, same_url
from services.crawler.opml import looks_like_opml, read_opml
from services.crawler.sources import MAX_FILE, Source, change_sources, load_sources, seconds
from shared.errors import PermanentError
from shared.fetching import Kind, url_problem


class Interval(click.ParamType):
    """Seconds, or ``15m``, ``2h``, ``1d``."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds; fails for what is no time."""
        try:
            found = seconds(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)
        if not found:
            self.fail(f"{value!r} is no time between two polls", param, ctx)
        return found


@dataclass(slots=True)
class Adding:
    """What is to be added, and what cannot be."""

    sources: list[Source] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    known: list[tuple[str, str]] = field(default_factory=list)
    """URL, and the name under which it is there already."""


@click.command("add")
@click.argument("places", nargs=-1, required=True, metavar="URL|FILE...")
@file_option
@click.option("--name", help="Its name; made from its title or address by default.")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="By default what it is tells.")
@click.option("--interval", type=Interval(), help="Time between two polls; adapted by default.")
@click.option(
    "--take",
    type=click.Choice(["pages", "entries"]),
    help="Fetch the pages of a feed (default), or take its entries as they are.",
)
@click.option("--render", is_flag=True, help="Its pages need JavaScript.")
@click.option("--category", help="Folders in the list, as in OPML: agencies/europe.")
@click.option("--check", is_flag=True, help="Fetch each first; what is no source is not added.")
@click.pass_context
def add_command(
    context: click.Context,
    /,
    places: tuple[str, ...],
    file: Path,
    name: str | None,
    check: bool,
    **options: Any,
) -> None:
    """Add sources: URLs, OPML files, or files with a URL in each line (- is standard input)."""
    if name is not None and (len(places) > 1 or url_problem(places[0])):
        raise click.UsageError("--name goes with one URL.", context)
    given = {key: value for key, value in options.items() if value not in (None, False)}
    current = load_sources(file) if file.exists() else []
    adding = _wanted(places, current, name, given)
    console = Console(highlight=False)
    if check and adding.sources:
        adding = _checked(adding, current, named=name is not None, console=console)
    added: list[Source] = []

    def change(sources: list[Source]) -> list[Source]:
        # Another command may have added it meanwhile.
        urls = {same_url(source.url) for source in sources}
        added[:] = [source for source in adding.sources if same_url(source.url) not in urls]
        return [*sources, *added]

    if adding.sources:
        change_sources(file, change)
    for source in added:
        show_change(console, "+", "green", f"{source.name}  ", source.url)
    for url, known in adding.known:
        show_change(console, "=", "dim", f"{known}  ", f"{url} is there already")
    for problem in adding.problems:
        show_problem(problem, console)
    console.print(f"[bold]{len(added)}[/] added to {plain(str(file))}", soft_wrap=True)
    context.exit(1 if adding.problems else 0)


def _wanted(
    places: Sequence[str], current: Sequence[Source], name: str | None, given: dict[str, Any]
) -> Adding:
    adding = Adding()
    names = [source.name for source in current]
    urls = {same_url(source.url): source.name for source in current}
    for found in _found(places, names, adding.problems):
        url = found.url
        if same_url(url) in urls:
            adding.known.append((url, urls[same_url(url)]))
            continue
        fields = found.model_dump() | given
        taken = {other.casefold() for other in names}
        if name is not None and name.casefold() in taken:
            raise click.ClickException(f"the name {name!r} is taken")
        if name is not None or found.name.casefold() in taken:
            fields["name"] = name or name_for(found.name, names)
        try:
            source = Source.model_validate(fields)
        except ValidationError as error:
            message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            raise click.ClickException(f"{url}: {message}") from None
        adding.sources.append(source)
        names.append(source.name)
        urls[same_url(url)] = source.name
    return adding


def _found(
    places: Iterable[str], names: Sequence[str], problems: list[Problem]
) -> Iterable[Source]:
    for place in places:
        if not url_problem(place):
            yield Source(name=name_for(place), url=place)
            continue
        if place != "-" and not Path(place).exists():
            problems.append(_no_url(place, url_problem(place)))
            continue
        data = _read(place)
        if looks_like_opml(data):
            try:
                opml = read_opml(data, names)
            except PermanentError as error:
                raise click.ClickException(f"{place}: {error.detail}") from None
            yield from opml.sources
            for bad in opml.bad:
                where = f"{place}: line {bad.line}" + (f" ({bad.label})" if bad.label else "")
                problems.append(Problem(where, "no source", bad.problem))
            continue
        try:
            lines = lines_of(data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise click.ClickException(f"{place}: neither OPML nor a list of URLs") from None
        for line in lines:
            if problem := url_problem(line):
                problems.append(_no_url(f"{place}: {line[:200]}", problem))
            else:
                yield Source(name=name_for(line), url=line)


def _no_url(place: str, problem: str) -> Problem:
    if "://" not in place and " " not in place and not url_problem(f"https://{place}"):
        problem += f"; did you mean https://{place}? There is no such file, either"
    return Problem(place[:500], "invalid_url", problem)


def _read(place: str) -> bytes:
    try:
        if place == "-":
            data: bytes = click.get_binary_stream("stdin").read(MAX_FILE + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise click.ClickException(f"{place}: {error.strerror}") from error
    if len(data) > MAX_FILE:
        raise click.ClickException(f"{place}: it is larger than {MAX_FILE} bytes")
    return data


def _checked(adding: Adding, current: Sequence[Source], *, named: bool, console: Console) -> Adding:
    """What of it is a source; feeds are named by their titles."""
    result = Adding(problems=adding.problems, known=adding.known)
    names = [source.name for source in current]
    for source, found in zip(adding.sources, check_now(adding.sources), strict=True):
        if found.reason:
            result.problems.append(explained(source.url, found.reason, found.detail))
            continue
        show_checked(source, found, console)
        if found.title and not named:
            source = source.model_copy(update={"name": name_for(found.title, names)})
        names.append(source.name)
        result.sources.append(source)
    return result
