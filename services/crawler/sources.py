"""The sources that people keep in ``sources.yml``, a file that programs change without re-writing.

The file is a list; an entry is a mapping with the fields of :class:`Source`, or a URL alone::

    # Agencies
    - name: example-agency
      url: https://agency.example/feed.xml
      interval: 15m
    - https://news.example/
"""

from __future__ import annotations

import difflib
import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from services.crawler.entries import Entry, Unreadable, read_entries
from services.crawler.names import MAX_NAME, name_for, same_url
from shared.errors import SettingsError
from shared.fetching import MAX_URL, Kind, url_problem

MAX_FILE: Final = 32 * 1024 * 1024
"""Bytes of a ``sources.yml``."""

MAX_CATEGORY: Final = 200

_MARK: Final = "\ufeff"  # of the byte order, where an editor wrote one
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)", re.ASCII)


class Source(BaseModel):
    """One entry. ``name`` is unique in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=MAX_NAME)
    url: str = Field(max_length=MAX_URL)
    kind: Kind = "auto"
    interval: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Seconds between two polls, or ``15m``, ``2h``, ``1d``; adapted to the source where it is
    not given."""
    take: str = Field("pages", pattern="^(pages|entries)$")
    """``pages``: what the entries of a feed link to. ``entries``: the entries as they are."""
    render: bool = False
    """Whether its pages need JavaScript."""
    paused: bool = False
    category: str = Field("", max_length=MAX_CATEGORY)
    """Folders of OPML, parted by slashes: ``agencies/europe``."""

    @field_validator("name", "category")
    @classmethod
    def _plain(cls, text: str) -> str:
        if text != text.strip() or not text.isprintable():
            raise ValueError("it begins or ends with white space, or holds control characters")
        return text

    @field_validator("url")
    @classmethod
    def _web(cls, url: str) -> str:
        problem = url_problem(url)
        if problem:
            raise ValueError(problem)
        return url

    @field_validator("interval", mode="before")
    @classmethod
    def _seconds(cls, value: Any) -> Any:
        return seconds(value) if isinstance(value, str) else value


def seconds(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``15m``, ``2h`` or ``1d``; raises :class:`ValueError`."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("it is not a time such as 90s, 15m, 2h or 1d")
    return float(match[1]) * _UNITS[match[2]]


def load_sources(path: Path) -> list[Source]:
    """The sources of a file, in its order.

    Raises :class:`SettingsError` naming the file, the line and the entry that is wrong: one that
    cannot be read, a key that is unknown, a name or a URL that occurs twice.
    """
    try:
        with path.open("rb") as file:
            return [source for _, source in _read(path, _text(path, file))]
    except FileNotFoundError:
        raise SettingsError(
            f"{path}: there is no such file; `wireroom sources add URL` makes it"
        ) from None
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error


def save_sources(path: Path, sources: Sequence[Source]) -> None:
    """Make the file hold ``sources``; see :func:`change_sources`."""
    change_sources(path, lambda _: sources)


def change_sources(path: Path, change: Callable[[list[Source]], Sequence[Source]]) -> list[Source]:
    """Make the file hold what ``change`` makes of its sources; returns those.

    Only the lines of entries that go, come or differ are touched: comments, order and spelling of
    all others stay as they were written, and new entries stand at the end. The file is replaced
    as a whole, durably, with its mode, and locked meanwhile; it is made when it does not exist.

    Raises :class:`SettingsError` like :func:`load_sources`, and when an entry to be changed does
    not stand on lines of its own.
    """
    path = path.resolve()
    try:
        with _locked(path) as file:
            before = _text(path, file)
            read = _read(path, before)
            wanted = list(change([source for _, source in read]))
            _refuse_doubles(path, [(f"{source.name}", source) for source in wanted])
            after = _edit(path, before, read, wanted)
            if after != before:
                _verify(path, after, wanted)
                _replace(path, after.encode("utf-8"), os.fstat(file.fileno()))
            return wanted
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error


def _verify(path: Path, text: str, wanted: Sequence[Source]) -> None:
    with suppress(SettingsError):
        if _by_name(source for _, source in _read(path, text)) == _by_name(wanted):
            return
    raise SettingsError(f"{path}: its form is one that is not changed safely; edit it by hand")


def _by_name(sources: Iterable[Source]) -> dict[str, Source]:
    return {source.name: source for source in sources}


def _text(path: Path, file: BinaryIO) -> str:
    raw = file.read(MAX_FILE + 1)
    if len(raw) > MAX_FILE:
        raise SettingsError(f"{path}: it is larger than {MAX_FILE} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}: line {line}: it is not text in UTF-8") from None


def _read(path: Path, text: str) -> list[tuple[Entry, Source]]:
    try:
        entries = read_entries(text)
    except Unreadable as error:
        raise SettingsError(f"{path}: {error}") from None
    named = [entry.fields["name"] for entry in entries if "name" in entry.fields]
    read: list[tuple[Entry, Source]] = []
    for number, entry in enumerate(entries, 1):
        fields: dict[str, str] = dict(entry.fields)
        if "name" not in fields:
            fields["name"] = name_for(fields.get("url", ""), named)
            named.append(fields["name"])
        label = f"line {entry.line}: entry {number}"
        try:
            read.append((entry, Source.model_validate(fields)))
        except ValidationError as error:
            problems = "; ".join(_problem(dict(item), fields) for item in error.errors())
            raise SettingsError(f"{path}: {label}{_called(fields)}: {problems}") from None
    _refuse_doubles(
        path, [(f"line {e.line}: entry {n} ({s.name})", s) for n, (e, s) in enumerate(read, 1)]
    )
    return read


def _called(fields: dict[str, str]) -> str:
    return f" ({fields['name'][:100]})"


def _problem(item: dict[str, Any], fields: dict[str, str]) -> str:
    field = ".".join(map(str, item["loc"]))
    if item["type"] == "extra_forbidden":
        near = difflib.get_close_matches(field, Source.model_fields, n=1)
        hint = (
            f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(Source.model_fields)
        )
        return f"the key {field!r} is unknown; {hint}"
    if item["type"] == "missing":
        return f"it has no {field}"
    message = str(item["msg"]).removeprefix("Value error, ")
    if field == "take":
        message = "it is neither 'pages' nor 'entries'"
    return f"{field} {fields[field][:200]!r}: {message}"


def _refuse_doubles(path: Path, labelled: Sequence[tuple[str, Source]]) -> None:
    names: dict[str, str] = {}
    urls: dict[str, str] = {}
    for label, source in labelled:
        for what, key, seen in (
            ("name", source.name.casefold(), names),
            ("URL", same_url(source.url), urls),
        ):
            if key in seen:
                raise SettingsError(f"{path}: {label}: its {what} is that of {seen[key]} too")
            seen[key] = label


def _edit(
    path: Path, text: str, read: Sequence[tuple[Entry, Source]], wanted: Sequence[Source]
) -> str:
    """``text`` with the entries that differ from ``wanted`` replaced, removed or appended."""
    keep = _by_name(wanted)
    lines = text.removeprefix(_MARK).splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    indent = 0
    known = set()
    for entry, source in reversed(read):
        known.add(source.name)
        indent = entry.indent if entry.indent is not None else indent
        new = keep.get(source.name)
        if new == source:
            continue
        if entry.indent is None:
            raise SettingsError(
                f"{path}: line {entry.line}: the entry {source.name} does not stand on lines of"
                " its own after a dash; edit it by hand"
            )
        fresh = [] if new is None else _written(new, entry.indent, end)
        lines[entry.first : entry.last + 1] = fresh
    added = [source for source in wanted if source.name not in known]
    if added and not read and (empty := _empty_list(lines)) is not None:
        del lines[empty]
    if added and lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += end
    for source in added:
        lines += _written(source, indent, end)
    return (_MARK if text.startswith(_MARK) else "") + "".join(lines)


def _empty_list(lines: Sequence[str]) -> int | None:
    """The line that says that there are no entries: ``[]``, where nothing can be appended."""
    return next((n for n, line in enumerate(lines) if line.strip() == "[]"), None)


def _written(source: Source, indent: int, end: str) -> list[str]:
    fields = source.model_dump(exclude_defaults=True)
    interval = fields.get("interval")
    if interval is not None and interval == int(interval):
        fields["interval"] = int(interval)
    text: str = yaml.safe_dump([fields], sort_keys=False, allow_unicode=True, width=2**20)
    return [" " * indent + line + end for line in text.splitlines()]


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """The file, opened and locked; one that was replaced meanwhile is opened again."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with open(descriptor, "r+b") as file:  # noqa: PTH123 - it is open already
            fcntl.flock(file, fcntl.LOCK_EX)
            with suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(descriptor).st_ino:
                    yield file
                    return


def _replace(path: Path, data: bytes, status: os.stat_result) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".new", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - it is open already
            file.write(data)
            file.flush()
            os.fchmod(descriptor, status.st_mode & 0o7777)
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
