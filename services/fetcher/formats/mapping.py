"""Records of anyone's making, mapped to :class:`shared.records.Record`."""

from __future__ import annotations

import re
from typing import Any

from services.fetcher.limits import PartRefused
from services.fetcher.settings import FetcherSettings
from shared.records import Record

JsonObject = dict[str, Any]

_SHOWN = 30
_LEVELS = 3  # objects within objects that are followed to a name
_BY = re.compile(r"^by\s+", re.I)
_LIST_FIELDS = ("authors", "topics")
_SEPARATORS = {"topics": re.compile(r"\s*[,;|]\s*"), "authors": re.compile(r"\s*[;|]\s*")}
# Where an object that stands for a name keeps it: schema.org, feeds, Wikidata-like exports.
_NAME_KEYS = ("name", "full_name", "fullName", "title", "label", "term", "value", "@id")
_SIGNS = dict.fromkeys(map(ord, "_- "))
_TAG = re.compile(r"</?(?:p|div|br|h[1-6]|ul|ol|li|span|a|article|section|table|html|body)\b", re.I)


class Mapping:
    """Finds our fields in foreign records, by the names in the settings.

    A name as it is written comes first; then case and ``_``, ``-`` and blanks do not count, so
    that ``Body`` is found as ``body`` and ``Pub Date`` as ``pub_date``.
    """

    def __init__(self, settings: FetcherSettings) -> None:
        self._fields = settings.fields
        self._loose = {
            field: list(dict.fromkeys(map(_loose_path, names)))
            for field, names in settings.fields.items()
        }
        self._lists = settings.record_lists

    def is_record(self, value: JsonObject) -> bool:
        """Whether ``value`` has a text of its own."""
        if self._first(value, "text") or self._first(value, "html"):
            return True
        loose = _loose(value)
        return bool(self._first(loose, "text", True) or self._first(loose, "html", True))

    def records(self, value: JsonObject) -> list[Any] | None:
        """The list of records that ``value`` holds: a known one, or the only list of objects."""
        for path in self._lists:
            found = _at(value, path)
            if isinstance(found, list) and _is_record_list(found):
                return found
        lists = [item for item in value.values() if _is_record_list(item)]
        return lists[0] if len(lists) == 1 else None

    def record(self, value: JsonObject) -> Record:
        """``value`` as a record; raises :class:`PartRefused` ``no_text_field``."""
        fields: dict[str, Any] = {}
        loose = _loose(value)
        for name in Record.model_fields:
            found = self._first(value, name) or self._first(loose, name, True)
            if found:
                fields[name] = found
        text = fields.get("text")
        if text and "html" not in fields and len(_TAG.findall(text)) >= 2:
            fields["html"] = fields.pop("text")  # "content" is markup more often than not
        if "text" not in fields and "html" not in fields:
            seen = ", ".join(str(key)[:60] for key in list(value)[:_SHOWN]) or "none"
            raise PartRefused(
                "no_text_field",
                f"WIREROOM_FETCHER_FIELDS maps no field of it to a text; it has: {seen}",
            )
        return Record(**fields)

    def _first(self, value: JsonObject, field: str, loose: bool = False) -> str | list[str] | None:
        for path in (self._loose if loose else self._fields).get(field, ()):
            found = _at(value, path)
            if found is None:  # as nearly all are
                continue
            if field in _LIST_FIELDS:
                names = _names(found, field)
                if names:
                    return names
            else:
                text = _text(found, joined=field in ("text", "html"))
                if text:
                    return text
        return None


def _loose(value: JsonObject) -> JsonObject:
    """``value`` by the loose forms of its names, the first of each; only the outermost level."""
    found: JsonObject = {}
    for key, item in value.items():
        found.setdefault(_loose_name(str(key)), item)
    return found


def _loose_path(path: str) -> str:
    """``path`` with a loose first step."""
    head, dot, rest = path.partition(".")
    return _loose_name(head) + dot + rest


def _loose_name(name: str) -> str:
    return name.casefold().translate(_SIGNS)


def _at(value: Any, path: str) -> Any:
    """The value at a dotted ``path``; a key that has the dots itself comes first."""
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    return _at(value.get(head), rest) if dot else None


def _text(value: Any, *, joined: bool = False, level: int = 0) -> str:
    """A scalar as text, an object by its name, with ``joined`` a list of paragraphs as one."""
    if isinstance(value, str):
        return _clean(value)
    if joined:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return _clean("\n\n".join(value))
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if level > _LEVELS:
        return ""
    if isinstance(value, dict):
        names = (_text(value.get(key), level=level + 1) for key in _NAME_KEYS)
        return next(filter(None, names), "")
    if isinstance(value, list) and value:
        return _text(value[0], level=level + 1)
    return ""


def _names(value: Any, field: str) -> list[str]:
    """Names in a list of strings or objects, or in one string with separators."""
    if isinstance(value, str):
        names = _SEPARATORS[field].split(_clean(value))
    else:
        names = [_text(item) for item in (value if isinstance(value, list) else [value])]
    if field == "authors":
        names = [_BY.sub("", name) for name in names]
    return list(dict.fromkeys(filter(None, names)))


def _is_record_list(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _clean(text: str) -> str:
    """Without NULs and lone surrogates, which no encoder takes, and outer white space."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "").strip()
