"""What came of the inputs: the embedded flow as the commands see it, and its summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import click
import orjson
from rich.console import Console
from rich.text import Text

from services.cli.files import Problem
from shared.events import DuplicateKind, Message

PART = " › "
"""Stands between an input's name and the place of a part in it."""
_SHOWN_PARTS = 5

Status = Literal["accepted", "revision", "unchanged", "rejected"]


class Outcome(Protocol):
    """What came of one document of an input.

    ``accepted``: a new article; ``revision``: a changed text of a known one; ``unchanged``: known
    already; ``rejected``: refused, ``reason`` and ``detail`` tell why. ``member`` is its place in
    a container. ``kind`` and ``of`` (an article id) tell what the article repeats.
    """

    @property
    def status(self) -> Status: ...
    @property
    def article_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def kind(self) -> DuplicateKind: ...
    @property
    def of(self) -> str | None: ...
    @property
    def member(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Item(Protocol):
    """One input, named as it was submitted, with what came of it."""

    @property
    def filename(self) -> str: ...
    @property
    def outcomes(self) -> Sequence[Outcome]: ...


class Report(Protocol):
    """All inputs of a run, those that an interrupted run before it left over included."""

    @property
    def items(self) -> Sequence[Item]: ...


class Progress(Protocol):
    """How far a run is, in inputs."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class LocalFlow(Protocol):
    """The embedded flow (:mod:`services.local.flow`)."""

    async def __aenter__(self) -> Self:
        """Open the store; raises :class:`~shared.errors.StoreError` when it cannot be used."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Close it."""
        ...

    async def submit(self, items: AsyncIterator[Message] | Iterable[Message]) -> None:
        """Store messages durably; returns when all are."""
        ...

    async def drain(self, progress: Callable[[Any], None]) -> Report:
        """Work until every stored message is indexed or rejected."""
        ...


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of articles, and every refusal. ``duplicates`` are among ``accepted``."""

    inputs: int = 0
    accepted: int = 0
    duplicates: int = 0
    revisions: int = 0
    unchanged: int = 0
    rejected: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether there was something to do and nothing of it succeeded."""
        return bool(self.rejected) and not (self.accepted or self.revisions or self.unchanged)


def summarize(items: Iterable[Item], problems: Sequence[Problem]) -> Summary:
    """Count what came of ``items``; ``problems`` are inputs that never got that far."""
    counts = dict.fromkeys(("accepted", "revision", "unchanged", "duplicate"), 0)
    rejected = list(problems)
    inputs = len(problems)
    for item in items:
        inputs += 1
        for outcome in item.outcomes:
            if outcome.status == "rejected":
                # Details of the fetcher begin with the file's name, which stands here already.
                detail = outcome.detail.removeprefix(f"{item.filename}: ")
                rejected.append(Problem(place(item, outcome), outcome.reason, detail))
                continue
            counts[outcome.status] += 1
            counts["duplicate"] += outcome.status == "accepted" and outcome.kind != "none"
    return Summary(
        inputs,
        counts["accepted"],
        counts["duplicate"],
        counts["revision"],
        counts["unchanged"],
        rejected,
    )


def place(item: Item, outcome: Outcome) -> str:
    """The input's name, and the part of it where the outcome is of a part."""
    name = shown(item.filename)
    return f"{name}{PART}{outcome.member}" if outcome.member else name


def shown(filename: str) -> str:
    """What an input is called before people."""
    return filename or "standard input"


def as_json(items: Iterable[Item], summary: Summary) -> bytes:
    """The whole report as one JSON object."""
    return orjson.dumps(
        {
            "accepted": summary.accepted,
            "duplicates": summary.duplicates,
            "revisions": summary.revisions,
            "unchanged": summary.unchanged,
            "rejected": [_problem(problem) for problem in summary.rejected],
            "inputs": [
                {"filename": _encodable(item.filename), "outcomes": [*map(_outcome, item.outcomes)]}
                for item in items
            ],
        },
        option=orjson.OPT_INDENT_2,
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {"status": outcome.status}
    if outcome.member:
        facts["member"] = _encodable(outcome.member)
    if outcome.status == "rejected":
        return facts | {"reason": outcome.reason, "detail": _encodable(outcome.detail)}
    return facts | {
        "article_id": outcome.article_id,
        "title": _encodable(outcome.title),
        "duplicate": {"kind": outcome.kind, "of": outcome.of},
    }


def _problem(problem: Problem) -> dict[str, str]:
    return {
        "filename": _encodable(problem.filename),
        "reason": problem.reason,
        "detail": _encodable(problem.detail),
    }


def _encodable(text: str) -> str:
    """File names may hold bytes that are no UTF-8; JSON and terminals cannot."""
    return text.encode("utf-8", "replace").decode()


def plain(text: str) -> str:
    """``text`` without what could steer a terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in _encodable(text))


@contextmanager
def told_of_output() -> Iterator[None]:
    """A full disk or a closed terminal is told in one line; a reader that went away is for `main`.

    Raises :class:`click.ClickException` for what else the system refuses.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        place = error.filename or "standard output"
        raise click.ClickException(f"{plain(str(place))}: {error.strerror or error}") from error


def show_summary(summary: Summary, console: Console) -> None:
    """Print counts, and refusals with their reasons."""
    show_problems(summary.rejected, console)
    if not summary.inputs:
        console.print("nothing to do")
        return
    copies = f" ({summary.duplicates} of them duplicates)" if summary.duplicates else ""
    console.print(
        f"[bold]{summary.accepted}[/] accepted{copies}, {summary.revisions} revised, "
        f"{summary.unchanged} unchanged, [bold]{len(summary.rejected)}[/] rejected"
    )


def show_problems(problems: Iterable[Problem], console: Console) -> None:
    """Print refusals as :func:`condensed`."""
    for problem in condensed(problems):
        show_problem(problem, console)


def condensed(problems: Iterable[Problem], hint: str = " (--json tells them all)") -> list[Problem]:
    """Of the refused parts of one input the first few for each reason, and how many more."""
    parts: Counter[tuple[str, str]] = Counter()
    kept: list[Problem] = []
    for problem in problems:
        name, inside, _ = problem.filename.partition(PART)
        kind = (name, problem.reason)
        parts[kind] += bool(inside)
        if parts[kind] <= _SHOWN_PARTS:
            kept.append(problem)
    for (name, reason), count in parts.items():
        if count > _SHOWN_PARTS:
            kept.append(Problem(name, reason, f"{count - _SHOWN_PARTS} more parts of it{hint}"))
    return kept


def show_problem(problem: Problem, console: Console) -> None:
    """Print one refusal."""
    line = Text("✗ ", "red").append(plain(problem.filename), "default").append(": ")
    line.append(problem.reason.replace("_", " "))
    if problem.detail:
        line.append(f" ({plain(problem.detail)})", "dim")
    console.print(line, soft_wrap=True)
