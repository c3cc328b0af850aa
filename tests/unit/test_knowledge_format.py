"""Layers of the knowledge base: written, mapped, refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tagger.knowledge.base import KnowledgeBase, open_base
from services.tagger.knowledge.entity import Fit, Record
from services.tagger.knowledge.format import MAGIC
from services.tagger.knowledge.layer import MappedLayer
from services.tagger.knowledge.writing import write_layer
from shared.errors import SettingsError

RECORDS = [
    Record("Q212", (("Ukraine", Fit.NAME), ("Україна", Fit.ALIAS)), "LOC", "country", 1.0, "UA",
           sources=("hand", "rigour")),
    Record("Q212", (("Ukrainian", Fit.NAME),), "NORP", "people", 1.0, "UA", sources=("hand",)),
    Record("geonames:703448", (("Kyiv", Fit.NAME), ("Kiev", Fit.ALIAS)), "LOC", "city", 0.9, "UA",
           "Kyiv City", (50.4501, 30.5234), sources=("geonames",)),
    Record("ror:0006s4z66", (("Bureau of Justice Statistics", Fit.NAME), ("BJS", Fit.ACRONYM)),
           "ORG", "organization", 0.3, "US", rival=True, sources=("ror",)),
    Record("wireroom:jane-doe", (("Jane Doe", Fit.NAME), ("Doe", Fit.SHORT)), "PER", "person",
           0.25, sources=("hand",)),
    Record("wireroom:jane-doe-painter", (("Jane Doe", Fit.NAME),), "PER", "person", 0.1,
           sources=("yago",)),
]  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_layer(tmp_path / "base.kb", RECORDS)
    return tmp_path / "base.kb"


def test_what_is_written_is_read(path: Path) -> None:
    layer = MappedLayer(path)
    assert len(layer) == len(RECORDS)
    for record in RECORDS:
        (entity,) = (
            entity
            for local in layer.by_id(record.id)
            if (entity := layer.entity(local, local)).type == record.type
        )
        assert (entity.id, entity.name, entity.kind) == (
            record.id, record.names[0][0], record.kind,
        )  # fmt: skip
        assert entity.prior == pytest.approx(record.prior, abs=1e-4)
        assert (entity.country, entity.region) == (record.country, record.region)
        assert (entity.location, entity.rival) == (record.location, record.rival)
        assert (entity.sources, entity.layer) == (record.sources, "base.kb")
        assert tuple(layer.names(entity.index)) == record.names


def test_order_of_records_changes_nothing(path: Path) -> None:
    shuffled = random.Random(1).sample(RECORDS, len(RECORDS))
    write_layer(path.with_name("other.kb"), shuffled)
    assert path.read_bytes() == path.with_name("other.kb").read_bytes()


def test_other_content_is_another_version(path: Path) -> None:
    write_layer(path.with_name("other.kb"), RECORDS[1:])
    assert MappedLayer(path).version != MappedLayer(path.with_name("other.kb")).version


def test_a_file_in_use_may_be_written_anew(path: Path) -> None:
    layer = MappedLayer(path)
    write_layer(path, RECORDS[:1])
    assert [name for name, _ in layer.names(len(RECORDS) - 1)] == ["Jane Doe"]
    assert len(MappedLayer(path)) == 1
    assert [file.name for file in path.parent.iterdir()] == ["base.kb"]


def test_an_entity_written_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"base\.kb: Q212 \(LOC\) twice: Ukraine"):
        write_layer(tmp_path / "base.kb", [*RECORDS, RECORDS[0]])


def test_names_too_long_for_the_format_are_left_out(tmp_path: Path) -> None:
    long = "x" * 300
    record = Record("Q1", (("Universe", Fit.NAME), (long, Fit.ALIAS)), "MISC", "other", 0.5)
    write_layer(tmp_path / "base.kb", [record])
    assert MappedLayer(tmp_path / "base.kb").names(0) == [("Universe", Fit.NAME)]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: b"", "cannot be mapped"),
        (lambda data: b"PK\x03\x04" * 100, "does not begin as one"),
        (lambda data: data[:6], "does not begin as one"),
        (lambda data: data[:10], "file ends in the header|not a knowledge base"),
        (lambda data: data[:40], "file ends in the header"),
        (lambda data: data[:-64], "file ends in section"),
        (lambda data: data[:-9] + b"\x00" + data[-8:], "section strings was changed"),
        (lambda data: data.replace(b'"format":1', b'"format":7'), "format 7, expected 1"),
        (lambda data: data.replace(b'"UA"', b'"RU"'), "header was changed"),
        (lambda data: MAGIC + b"\x08\x00\x00\x00[1,2,3] ", "not a knowledge base"),
    ],
)
def test_spoilt_files_are_refused_with_their_name(path: Path, spoil, reason: str) -> None:  # type: ignore[no-untyped-def]
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(SettingsError, match=rf"base\.kb: .*(?:{reason})"):
        MappedLayer(path)


@settings(max_examples=200)
@given(data=st.data())
def test_a_file_cut_anywhere_is_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("cut") / "base.kb"
    write_layer(path, RECORDS)
    whole = path.read_bytes()
    # The last section ends before the padding does.
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 9))])
    with pytest.raises(SettingsError, match=r"base\.kb"):
        MappedLayer(path)


def test_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.kb: .*services\.tagger\.build"):
        open_base([tmp_path / "none.kb"])
    with pytest.raises(SettingsError, match=r"none\.kb: cannot be mapped"):
        KnowledgeBase([tmp_path / "none.kb"])
