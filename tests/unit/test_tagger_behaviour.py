"""The rules by which a name in an article becomes an entity, with what is shipped."""

from __future__ import annotations

import pytest

from services.tagger.recognizer import recognizer
from shared.events import Entity

UKRAINE, UNITED_STATES = "Q212", "Q30"


def found(text: str, title: str = "") -> list[Entity]:
    return recognizer().tag(text, title, "en").entities


def ids(text: str, title: str = "") -> set[str]:
    """Ids of what the knowledge base knows."""
    return {e.entity_id for e in found(text, title) if e.linked_by != "nil"}


def one(text: str, entity_id: str) -> Entity:
    (entity,) = (e for e in found(text) if e.entity_id == entity_id)
    return entity


def spans(entity: Entity) -> list[str]:
    return [mention.text for mention in entity.mentions]


@pytest.mark.parametrize(
    "spelling",
    [
        "Volodymyr Zelensky", "Zelenskyy", "Zelenskiy", "Zelenskyi", "Володимир Зеленський",
        "Зеленский", "ZELENSKY", "Volodymyr\u00a0Zelenskyy", "Zelensky’s", "Volodimir Zelensky",
    ],
)  # fmt: skip
def test_spellings_of_zelenskyy(spelling: str) -> None:
    entity = one(f"On Monday {spelling} said no.", "Q3874799")
    assert entity.name == "Volodymyr Zelenskyy"
    assert entity.type == "PER"
    assert spans(entity) == [spelling.removesuffix("’s")]


@pytest.mark.parametrize("before", ["On Monday", "In April", "Then", "President", "When"])
def test_a_capital_word_before_a_surname_is_not_always_a_given_name(before: str) -> None:
    assert ids(f"Later. {before} Putin left.") == {"Q7747"}


def test_the_longest_name_wins() -> None:
    text = "The United Nations Security Council met in New York City."
    assert {e.name for e in found(text)} == {"United Nations Security Council", "New York City"}


def test_places_carry_country_and_location() -> None:
    kyiv = one("A blast shook Kyiv.", "Q1899")
    assert kyiv.country == "UA"
    assert kyiv.location == pytest.approx((50.45, 30.52), abs=0.05)


def test_people_are_linked_by_demonym_to_their_country() -> None:
    entity = one("Ukrainians and Ukrainian-made arms.", UKRAINE)
    assert (entity.type, entity.linked_by) == ("NORP", "demonym")
    assert spans(entity) == ["Ukrainians", "Ukrainian"]


def test_a_country_and_its_people_are_two_entities() -> None:
    assert {(e.entity_id, e.type) for e in found("Ukraine and Ukrainians.")} == {
        (UKRAINE, "LOC"),
        (UKRAINE, "NORP"),
    }


def test_us_is_not_us() -> None:
    assert UNITED_STATES in ids("The US agreed.")
    assert UNITED_STATES in ids("Troops of the U.S. left.")
    assert ids("He told us about us.") == set()


@pytest.mark.parametrize(
    "text",
    [
        "Nice work by the team.",
        "Reading books is fun, Reading aloud too.",
        "Mobile phones are sold.",
        "They will March in May 2022.",
        "May said nothing.",
        "Split decisions are rare.",
        "Morales said nothing.",
    ],
)
def test_common_words_are_no_places(text: str) -> None:
    assert ids(text) == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [("He lives in Nice now.", "Nice"), ("The train from Reading to London was late.", "Reading")],
)
def test_common_words_are_places_where_the_context_says_so(text: str, name: str) -> None:
    assert name in [e.name for e in found(text)]


@pytest.mark.parametrize(
    "text",
    [
        "The player Michael Jordan retired.",
        "She met Paris Hilton and left.",
        "A book by Jack London sold well.",
        "The son, Hunter Biden, was there.",
        "The writer Jordan Peterson spoke.",
    ],
)
def test_a_place_in_a_persons_name_is_none(text: str) -> None:
    assert {e.name for e in found(text)} & {"Jordan", "Paris", "London", "Joe Biden"} == set()


@pytest.mark.parametrize(
    "text", ["The Bank of Ghana raised rates.", "He flew with Kenya Airways home."]
)
def test_a_place_in_an_organizations_name_is_none(text: str) -> None:
    assert not any(e.type == "LOC" for e in found(text))


def test_paris_is_in_france_unless_the_article_says_texas() -> None:
    assert "Q90" in ids("He went to Paris.")
    (paris,) = (e for e in found("He was born in Paris, Texas, and left.") if e.name == "Paris")
    assert paris.country == "US"
    assert paris.entity_id != "Q90"
    assert paris.linked_by == "context"


def test_a_town_that_the_gazetteer_lacks_is_not_its_namesake() -> None:
    text = "A fire broke out in Mariupol, Texas, on Monday."
    assert "Q37133" not in ids(text)


def test_georgia_goes_with_the_places_around_it() -> None:
    assert "Q230" in ids("Ambassadors to Georgia and Morocco left Tbilisi.")
    text = "Voters in Georgia and Alabama went to the polls. In Atlanta, Houston and Chicago too."
    assert "Q1428" in ids(text)


def test_a_surname_is_whom_the_article_names_in_full() -> None:
    text = "Oleksiy Kuleba spoke. Later Kuleba left."
    (entity,) = found(text)
    assert (entity.name, spans(entity)) == ("Oleksiy Kuleba", ["Oleksiy Kuleba", "Kuleba"])
    assert ids("Later Kuleba left.") == set()


def test_a_shared_surname_is_the_last_one_named_in_full() -> None:
    text = "Dmytro Kuleba flew out. Kuleba was calm. Then Oleksiy Kuleba called. Kuleba hung up."
    assert {e.name: [m.start for m in e.mentions] for e in found(text)} == {
        "Dmytro Kuleba": [0, 24],
        "Oleksiy Kuleba": [46, 69],
    }


def test_a_title_may_use_the_short_form_of_a_name_in_the_text() -> None:
    (entity,) = found("John Kirby told reporters so.", "Kirby denies it")
    assert [(m.field, m.start, m.end) for m in entity.mentions] == [
        ("title", 0, 5),
        ("text", 0, 10),
    ]


def test_only_the_best_known_are_linked_by_surname_alone() -> None:
    assert ids("On Monday Putin and Kirby spoke.") == {"Q7747"}


def test_a_surname_beats_a_place_of_that_name() -> None:
    text = "Lloyd Austin landed on Monday. There Austin met troops."
    (entity,) = found(text)
    assert spans(entity) == ["Lloyd Austin", "Austin"]


def test_theresa_may_is_not_a_month() -> None:
    text = "Theresa May resigned in May. On May 24 the aide of May wept."
    (entity,) = found(text)
    assert entity.entity_id == "Q264766"
    assert spans(entity)[0] == "Theresa May"
    assert all(m.start not in (24, 32) for m in entity.mentions)


def test_short_forms_of_organizations() -> None:
    text = "The International Committee of the Red Cross (ICRC) warned. The Red Cross left."
    (entity,) = found(text)
    assert entity.entity_id == "Q134102"
    assert spans(entity) == ["International Committee of the Red Cross", "ICRC", "Red Cross"]


def test_addresses_and_accounts_are_no_names() -> None:
    assert ids("See www.reuters.com/Ukraine.html or mail putin@Kyiv.example") == set()


def test_names_in_capitals_are_names_but_acronyms_are_no_towns() -> None:
    assert ids("WAR IN UKRAINE GOES ON") == {UKRAINE}
    assert ids("The PISA study came out.") == set()


def test_salience_orders_by_title_place_and_number() -> None:
    text = "Kyiv was quiet. Kyiv slept. " + "Nothing happened. " * 40
    text += "Reuters said so from Minsk."
    order = found(text, "Quiet night in Lviv")
    assert order[0].name in ("Kyiv", "Lviv")
    assert [e.salience for e in order] == sorted((e.salience for e in order), reverse=True)
    by_name = {e.name: e.salience for e in order}
    assert by_name["Kyiv"] > by_name["Reuters"] > by_name["Minsk"] > 0
    assert by_name["Lviv"] > by_name["Minsk"]
    assert all(0 <= e.salience <= 1 for e in order)


def test_empty_article_has_no_entities() -> None:
    assert found("", "") == []


@pytest.mark.parametrize(
    "text",
    [
        "Trains between Brussels, Paris and Amsterdam stop.",
        "The ministers of Rome, Oslo and Paris met.",
        "Paris and Oslo agreed.",
    ],
)
def test_a_doubtful_place_in_a_list_of_places_is_one(text: str) -> None:
    assert "Q90" in ids(text)


def test_a_doubtful_name_in_a_list_of_people_is_no_place() -> None:
    assert "Q90" not in ids("Anna, Paris and Tom went home.")


@pytest.mark.parametrize("language", ["EN", "en-US", "en_GB", "", None])
def test_a_language_is_known_with_its_region_and_in_capitals(language: str | None) -> None:
    assert "known names" not in recognizer().tag("Ann Roe left.", "", language).tagger


@pytest.mark.parametrize("language", ["de", "DE-at", "xx", "-", "\0"])
def test_other_languages_get_the_known_names(language: str) -> None:
    known = "known names" in recognizer().tag("Ann Roe left.", "", language).tagger
    assert known == (language != "-")
