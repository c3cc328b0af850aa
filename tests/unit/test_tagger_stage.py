"""The tagger as a stage, as a line filter, and over the real input of this project."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from services.tagger.lines import TagLine
from services.tagger.recognizer import recognizer
from services.tagger.settings import TaggerSettings
from services.tagger.stage import Tag
from shared.errors import PermanentError, SettingsError
from shared.events import Article, Entity, Envelope, Message, TaggedArticle
from shared.runtime.stage import Emit
from shared.settings import load_settings
from shared.testing.builders import build
from tests.shared_data import shared_data

ZELENSKYY = "Q3874799"


def article(text: str, title: str = "") -> Article:
    return build(Article, text, title=title)


def tag(message: Message) -> tuple[TaggedArticle, Emit]:
    (outcome,) = Tag(TaggerSettings())(message)
    assert isinstance(outcome, Emit)
    return TaggedArticle.decode(outcome.value), outcome


def test_article_is_emitted_whole_with_its_entities() -> None:
    given = article("Volodymyr Zelensky spoke in Kyiv.", "Zelensky speaks")
    headers = (("traceparent", b"00-1-2-03"), ("ce_filename", b"a.txt"), ("ce_id", b"x"))
    tagged, emitted = tag(Message(given.encode(), headers=headers))
    assert tagged.model_dump(include=set(Article.model_fields)) == given.model_dump()
    assert {e.entity_id for e in tagged.entities} == {ZELENSKYY, "Q1899"}
    assert tagged.tagger == recognizer().tag("").tagger
    assert emitted.key == given.article_id.encode()
    envelope = Envelope.parse(emitted.headers)
    assert envelope.type == TaggedArticle.TYPE
    assert envelope.source == "wireroom/tagger"
    assert envelope.traceparent == "00-1-2-03"
    assert envelope.filename == "a.txt"


def test_same_message_gives_the_same_outcome() -> None:
    message = Message(article("NATO met in Warsaw.").encode())
    assert tag(message)[1] == tag(message)[1]
    assert Envelope.parse(tag(message)[1].headers).id != ""


def test_transform_is_small_when_pickled() -> None:
    transform = Tag(TaggerSettings())
    message = Message(article("NATO met in Warsaw.").encode())
    before = transform(message)
    dumped = pickle.dumps(transform)
    assert len(dumped) < 2000
    assert pickle.loads(dumped)(message) == before


def test_no_article_is_refused_with_a_reason() -> None:
    with pytest.raises(PermanentError, match="invalid_message") as error:
        Tag(TaggerSettings())(Message(b'{"text": "no more"}'))
    assert "Article" in error.value.detail


def test_least_salience_leaves_out_entities() -> None:
    text = "Kyiv. " * 10 + "\n\n" + "Nothing here. " * 50 + "Reuters said so."
    (outcome,) = Tag(TaggerSettings(min_salience=0.3))(Message(article(text).encode()))
    assert isinstance(outcome, Emit)
    assert [e.name for e in TaggedArticle.decode(outcome.value).entities] == ["Kyiv"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"engine": "brain"}, "WIREROOM_TAGGER_ENGINE: there is no engine 'brain'; there are wire"),
        ({"model": "shut"}, "WIREROOM_TAGGER_MODEL: the engine wireroom has no model 'shut'; it"),
        ({"engine": "spacy", "model": " "}, "the engine spacy needs a model's name or folder"),
        ({"knowledge": Path("nowhere")}, "WIREROOM_TAGGER_KNOWLEDGE: no file *.kb in nowhere"),
    ],
)
def test_what_is_not_there_is_told_before_the_first_message(
    settings: dict[str, Any], said: str
) -> None:
    for tagger in (Tag, TagLine):
        with pytest.raises(SettingsError) as error:
            tagger(TaggerSettings(**settings))
        assert said in str(error.value)


def test_languages_are_a_list_of_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIREROOM_TAGGER_LANGUAGES", "en, DE")
    assert load_settings(TaggerSettings).languages == frozenset(("en", "de"))
    monkeypatch.setenv("WIREROOM_TAGGER_LANGUAGES", "english")
    with pytest.raises(SettingsError, match=r"LANGUAGES.*english is no list of codes, as en,de"):
        load_settings(TaggerSettings)


def test_a_base_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "base.kb").write_bytes(b"nothing" * 100)
    with pytest.raises(SettingsError, match=r"base\.kb"):
        Tag(TaggerSettings(knowledge=tmp_path))


def test_entities_of_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "entities.yml"
    path.write_text(
        "- {id: 'wireroom:qwertz-grain-board', name: Qwertz Grain Board, type: ORG,"
        " aliases: [QGB]}\n",
        encoding="utf-8",
    )
    tagging = recognizer(TaggerSettings(entities=path)).tag("The QGB met in Kyiv.", "", "en")
    assert "wireroom:qwertz-grain-board" in {e.entity_id for e in tagging.entities}


def test_languages_without_a_model_get_the_base_and_say_so() -> None:
    text = "Bundeskanzler Olaf Scholz traf in Kiew Wolodymyr Selenskyj."
    tagging = recognizer().tag(text, "", "de")
    assert tagging.tagger.startswith("known names; base ")
    assert {e.entity_id for e in tagging.entities} >= {ZELENSKYY, "Q1899"}
    assert recognizer().tag(text, "", "en").tagger.startswith("minilm-open ")


def test_the_recognizer_is_loaded_once() -> None:
    assert recognizer(TaggerSettings()) is recognizer(TaggerSettings(min_salience=0.5))


def test_line_keeps_its_fields_and_gains_entities() -> None:
    record = {"id": 7, "text": "Talks in Minsk.", "title": None, "more": [1]}
    out = TagLine()(record)
    assert {k: out[k] for k in record} == record
    (entity,) = out["entities"]
    assert entity["entity_id"] == "Q2280"
    assert entity["mentions"] == [{"start": 9, "end": 14, "text": "Minsk", "field": "text"}]


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ({"text": "a"}, "id is missing"),
        ({"id": 1}, "text must be a string, not missing"),
        ({"id": 1, "text": 3}, "text must be a string, not int"),
        ({"id": 1, "text": "a", "title": []}, "title must be a string, not list"),
    ],
)
def test_wrong_line_is_refused(record: dict[str, object], detail: str) -> None:
    with pytest.raises(PermanentError) as error:
        TagLine()(record)
    assert error.value.detail == detail


def seeds() -> list[tuple[str, list[Entity]]]:
    paths = sorted(shared_data("seeds").glob("*.txt"))
    assert len(paths) == 5
    texts = [path.read_text(encoding="utf-8") for path in paths]
    return [(text, recognizer().tag(text, "", "en").entities) for text in texts]


@pytest.mark.shared_data
def test_every_spelling_of_zelensky_is_one_person_in_all_seeds() -> None:
    for text, entities in seeds():
        (person,) = (e for e in entities if e.entity_id == ZELENSKYY)
        assert len(person.mentions) == text.count("Zelensky")  # counts Zelenskyy as well


@pytest.mark.shared_data
def test_each_kuleba_is_the_one_that_the_article_names() -> None:
    named = [{e.name for e in entities if "Kuleba" in e.name} for _, entities in seeds()]
    assert named == [{"Dmytro Kuleba"}, set(), set(), set(), {"Oleksiy Kuleba"}]


@pytest.mark.shared_data
def test_mentions_in_seeds_stand_where_they_say() -> None:
    for text, entities in seeds():
        for entity in entities:
            for mention in entity.mentions:
                assert text[mention.start : mention.end] == mention.text
