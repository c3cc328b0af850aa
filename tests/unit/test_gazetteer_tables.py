"""The tables of the gazetteer that are written by hand."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from services.tagger.spelling import key_of
from shared.resources import deploy_path

_TABLES = ("people", "organizations", "places")
_ID = re.compile(r"Q[1-9]\d*|wireroom:[a-z0-9]+(?:-[a-z0-9]+)*")
_COUNTRY = re.compile(r"[A-Z]{2}")
_FIELDS = {
    "people": {"name", "id", "country", "names", "alone", "short"},
    "organizations": {"name", "id", "country", "names", "short", "type", "kind"},
    "places": {"name", "id", "country", "names", "short", "type", "kind", "at"},
}
_OTHER_NAMES = ("names", "alone", "short")

Row = dict[str, Any]


def _rows(table: str) -> list[Row]:
    text = (deploy_path("gazetteer") / f"{table}.yml").read_text(encoding="utf-8")
    loaded = yaml.safe_load(text)
    rows: list[Row] = loaded["places"] if table == "places" else loaded
    return rows


@pytest.fixture(scope="module")
def tables() -> dict[str, list[Row]]:
    return {table: _rows(table) for table in _TABLES}


def _repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _aliases(row: Row) -> list[str]:
    return [name for field in _OTHER_NAMES for name in row.get(field, [])]


def test_there_are_enough_entries(tables: dict[str, list[Row]]) -> None:
    assert sum(map(len, tables.values())) >= 650


def test_ids_are_items_or_slugs_and_no_two_rows_share_one(tables: dict[str, list[Row]]) -> None:
    ids = [row["id"] for rows in tables.values() for row in rows]
    assert [entity_id for entity_id in ids if not _ID.fullmatch(entity_id)] == []
    # A building and who sits in it may be one item: the Kremlin.
    of_type = [
        f"{row['id']} {row.get('type', table)}" for table, rows in tables.items() for row in rows
    ]
    assert _repeated(of_type) == []


@pytest.mark.parametrize("table", _TABLES)
def test_no_name_heads_two_rows(tables: dict[str, list[Row]], table: str) -> None:
    assert _repeated([key_of(row["name"]) for row in tables[table]]) == []


@pytest.mark.parametrize("table", _TABLES)
def test_rows_have_known_fields_alone(tables: dict[str, list[Row]], table: str) -> None:
    assert [row["name"] for row in tables[table] if not row.keys() <= _FIELDS[table]] == []


@pytest.mark.parametrize("table", _TABLES)
def test_other_names_are_words_and_stand_once_in_their_row(
    tables: dict[str, list[Row]], table: str
) -> None:
    for row in tables[table]:
        assert all(isinstance(name, str) and key_of(name) for name in _aliases(row)), row
        assert _repeated([row["name"], *_aliases(row)]) == [], row


def test_what_links_alone_means_one_entry(tables: dict[str, list[Row]]) -> None:
    owners: dict[str, set[str]] = {}
    for table, rows in tables.items():
        for row in rows:
            for name in (row["name"], *row.get("names", []), *row.get("alone", [])):
                owners.setdefault(key_of(name), set()).add(f"{table}: {row['name']}")
    assert {key: rows for key, rows in owners.items() if len(rows) > 1} == {}


@pytest.mark.parametrize("table", _TABLES)
def test_countries_are_two_capital_letters(tables: dict[str, list[Row]], table: str) -> None:
    # YAML reads an unquoted NO as false.
    told = [(row["name"], row["country"]) for row in tables[table] if "country" in row]
    wrong = [
        pair
        for pair in told
        if pair[1] is not None and not (isinstance(pair[1], str) and _COUNTRY.fullmatch(pair[1]))
    ]
    assert wrong == []


def test_places_lie_on_the_globe(tables: dict[str, list[Row]]) -> None:
    for row in tables["places"]:
        latitude, longitude = row.get("at", (0, 0))
        assert -90 <= latitude <= 90, row
        assert -180 <= longitude <= 180, row
