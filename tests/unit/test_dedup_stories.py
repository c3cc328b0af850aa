"""Stories as they arrive: look-alikes apart, late merges and splits, the window, catching up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from services.deduplicator.sizes import DIMENSIONS, TERMS
from services.deduplicator.stories import LARGEST_MOVED, Placement, Stories
from services.deduplicator.storyscore import StoryRule, logarithm, root
from services.deduplicator.storyterms import FEATURES, terms_of
from services.deduplicator.storywindow import NO_STORY, StoryWindow, ring_of
from tests.unit.dedup_texts import article_text

DAY = 86_400_000
WINDOW = 7 * DAY

QUAKE = (
    "An earthquake of magnitude 6.1 struck the island of Orlova on 4 June 2017, killing 14 people "
    "and flattening houses in the port of Kesh, the governor Dalia Brandt said.",
    "4 June 2017 - Rescuers dug through flattened houses in Kesh after the earthquake on Orlova. "
    "Governor Dalia Brandt said 14 people were killed and that the port was closed.",
    "At least 14 dead on 4 June as a 6.1 magnitude earthquake hits Orlova island; Kesh port "
    "flattened, governor Brandt asks for help from rescuers abroad.",
)
OTHER_QUAKE = (
    "An earthquake of magnitude 7.3 shook the mountain province of Tarmez in March 2011, killing "
    "230 people and burying villages near Ulgat, the minister Pavel Okonjo said.",
    "Villages near Ulgat were buried when the magnitude 7.3 earthquake shook Tarmez province in "
    "March 2011. Minister Pavel Okonjo put the number of people killed at 230.",
)


def meaning(topic: int, seed: int = 0, spread: float = 0.5) -> Any:
    """An embedding near that of ``topic``."""
    middle = np.random.default_rng(topic).standard_normal(DIMENSIONS)
    own = np.random.default_rng([topic, seed]).standard_normal(DIMENSIONS) * spread
    vector = middle + own
    return np.rint(vector / np.linalg.norm(vector) * 127).astype(np.int8)


def made(text: str, embedding: Any = None, title: str = "") -> Any:
    """The features of an article."""
    features = np.zeros((), dtype=FEATURES)[()]
    features["terms"] = terms_of(title, text)
    if embedding is not None:
        features["embedding"] = embedding
    return features


def of_words(words: Sequence[str], embedding: Any) -> Any:
    return made(" ".join(words), embedding)


@pytest.fixture
def stories() -> Stories:
    return Stories(WINDOW)


def test_reports_of_one_event_are_one_story_and_another_quake_is_another(stories: Stories) -> None:
    texts = (QUAKE[0], OTHER_QUAKE[0], QUAKE[1], OTHER_QUAKE[1], QUAKE[2])
    found = [
        stories.place(row, made(text, meaning(1, row, 1.2)), 0).story
        for row, text in enumerate(texts)
    ]
    assert found == [0, 1, 0, 1, 0]
    assert stories.members(0) == [0, 2, 4]


def test_years_that_differ_part_events_that_are_told_alike(stories: Stories) -> None:
    sentence = "Voters in Zembla elect a parliament; the Union party of Charles Xavier leads in {}."
    later = "Zembla chose deputies in {}; rivals of Xavier conceded that the Union had won again."
    first = made(sentence.format("May 2009"), meaning(1, 1, 0.9))
    stories.place(0, first, 0)
    apart = stories.place(1, made(later.format("2013"), meaning(1, 2, 0.9)), 0).story
    stories_again = Stories(WINDOW)
    stories_again.place(0, first, 0)
    together = stories_again.place(1, made(later.format("2009"), meaning(1, 2, 0.9)), 0).story
    assert (together, apart) == (0, 1)


def test_without_an_embedding_words_decide_and_more_of_them_must_agree(stories: Stories) -> None:
    found = [stories.place(row, made(text), 0).story for row, text in enumerate(QUAKE)]
    assert found[:2] == [0, 0]
    stories.place(3, made(OTHER_QUAKE[0]), 0)
    assert stories.story_of(3) == 3


@pytest.mark.parametrize("text", ["", "  \n", "Read more", "!!! ... ???", "12 7"])
def test_what_is_too_short_to_judge_is_in_no_story(stories: Stories, text: str) -> None:
    for row in range(3):
        assert stories.place(row, made(text, meaning(1)), 0) == Placement(NO_STORY)
    assert stories.members(NO_STORY) != [0, 1, 2] or stories.story_of(0) == NO_STORY


WORDS = [f"{a}{b}" for a in ("zor", "kal", "mip", "tun") for b in ("bex", "dov", "gar", "lum", "q")]


def test_an_article_close_to_two_stories_joins_them() -> None:
    stories = Stories(WINDOW, StoryRule(agreement=-200))
    left, right = WORDS[:10], WORDS[10:]
    assert stories.place(0, of_words(left, meaning(1, 1, 1.0)), 0).story == 0
    assert stories.place(1, of_words(left[:8] + right[:1], meaning(1, 2, 1.0)), 0).story == 0
    assert stories.place(2, of_words(right, meaning(1, 3, 1.0)), 0).story == 2
    assert stories.place(3, of_words(right[:8] + left[:1], meaning(1, 4, 1.0)), 0).story == 2
    placed = stories.place(4, of_words(left[:7] + right[:7], meaning(1, 0, 0.0)), 0)
    assert placed.story == 0
    assert placed.moves == ((2, 0), (3, 0))
    assert stories.members(0) == [0, 1, 2, 3, 4]


def test_stories_that_only_touch_stay_two(stories: Stories) -> None:
    left, right = WORDS[:10], WORDS[10:]
    stories.place(0, of_words(left, meaning(1, 1)), 0)
    stories.place(1, of_words(left, meaning(1, 2)), 0)
    stories.place(2, of_words(right, meaning(2, 3)), 0)
    stories.place(3, of_words(right, meaning(2, 4)), 0)
    placed = stories.place(4, of_words(left[:8] + right[:3], meaning(1, 5)), 0)
    assert (placed.story, placed.moves) == (0, ())
    assert stories.members(2) == [2, 3]


def test_an_article_leaves_its_story_for_one_that_it_is_nearer_to(stories: Stories) -> None:
    left, right = WORDS[:10], WORDS[10:]
    for row in range(3):
        stories.place(row, of_words(left, meaning(1, row, 0.3)), 0)
    # The first report of another event, taken for one of the same.
    stories.assign(3, of_words(left[:6] + right[:6], meaning(2, 3, 0.3)), 0, 0)
    placed = stories.place(4, of_words(right, meaning(2, 4, 0.3)), 0)
    assert (placed.story, placed.moves) == (4, ((3, 4),))
    assert (stories.members(0), stories.members(4)) == ([0, 1, 2], [3, 4])


def test_what_is_forgotten_is_joined_no_more(stories: Stories) -> None:
    stories.place(0, made(QUAKE[0], meaning(1)), 0)
    stories.place(1, made(QUAKE[1], meaning(1, 1)), 0)
    stories.forget(1)
    assert (len(stories), stories.members(0), stories.story_of(0)) == (1, [1], NO_STORY)
    assert stories.place(2, made(QUAKE[2], meaning(1, 2)), 0).story == 0
    stories.forget(3)
    assert stories.place(3, made(QUAKE[0], meaning(1)), 0).story == 3


def test_a_story_goes_on_by_days_and_ends_with_the_window(stories: Stories) -> None:
    stories.place(0, made(QUAKE[0], meaning(1)), 0)
    assert stories.place(1, made(QUAKE[1], meaning(1, 1)), 2 * DAY).story == 0
    assert stories.place(2, made(QUAKE[2], meaning(1, 2)), 2 * DAY + WINDOW).story == 2


def test_one_that_left_is_no_member_and_nobody_joins_it(stories: Stories) -> None:
    stories.place(0, made(QUAKE[0], meaning(1)), 0)
    stories.move(0, NO_STORY)
    stories.move(77, 5)  # forgotten or never seen: nothing
    assert stories.members(0) == []
    assert stories.place(1, made(QUAKE[1], meaning(1, 1)), 0).story == 1


def test_a_name_can_be_given(stories: Stories) -> None:
    assert stories.place(0, made(QUAKE[0], meaning(1)), 0, name=1 << 60).story == 1 << 60
    assert stories.place(1, made(QUAKE[1], meaning(1, 1)), 0).story == 1 << 60


def stream(count: int, seed: int = 0) -> list[Any]:
    """Articles of some thirty events, several of a kind."""
    chosen = random.Random(seed)
    events = [(event % 6, article_text(1000 + event, 14).split()) for event in range(30)]
    features = []
    for number in range(count):
        kind, words = events[min(chosen.randrange(30), chosen.randrange(number // 5 + 1) + 2, 29)]
        own = chosen.sample(words, 9) + article_text(number, 6).split()
        features.append(of_words(own, meaning(kind, number, 0.9)))
    return features


def test_whoever_is_told_the_decisions_makes_the_same_ones_from_then_on() -> None:
    features = stream(240, seed=3)
    first, moved = Stories(WINDOW), 0
    told: list[int] = []
    for row in range(160):
        first.forget(row - 100)
        placed = first.place(row, features[row], row)
        told.append(placed.story)
        for other, story in placed.moves:
            told[other] = story
            moved += 1
    assert moved
    # One begins a window back, told what stands now; one later, told each decision as it was made.
    later = Stories(WINDOW)
    for row in range(59, 160):
        later.assign(row, features[row], row, told[row])
    follower = Stories(WINDOW)
    for row in range(59, 160):
        follower.assign(row, features[row], row, NO_STORY)
    for row in reversed(range(59, 160)):
        follower.move(row, told[row])
    for row in range(160, 240):
        placements = []
        for stories in (first, later, follower):
            stories.forget(row - 100)
            placements.append(stories.place(row, features[row], row))
        assert placements[0] == placements[1] == placements[2]


def test_what_is_taken_over_at_once_stands_as_if_taken_one_by_one() -> None:
    # Two words that are kept in one place, and one row that states a month and nothing else.
    terms = np.arange(1, 1 << 21, dtype=np.uint32)
    first, *others = terms[ring_of(terms) == ring_of(terms[:1])[0]].tolist()
    features = np.zeros(40, dtype=FEATURES)
    features["terms"][:, 1] = first
    features["terms"][::3, 2] = others[0]
    features["terms"][:, 0] = 1 << 4
    features["terms"][7] = 0
    features["terms"][7, 0] = 1 << 4
    one, other = StoryWindow(), StoryWindow()
    times = np.zeros(40, dtype=np.int64)
    for row in range(40):
        one.add(row, features[row], 0)
    for start, end in ((0, 1), (1, 30), (30, 40)):
        other.add_all(start, features[start:end], times[start:end])
    words = features["terms"][0, 1:3]
    assert sorted(one.sharing(words)[1].tolist()) == sorted([*range(24, 40), *range(24, 40)])
    for window in (one, other):
        window.forget(3)
    assert sorted(one.sharing(words)[1]) == sorted(other.sharing(words)[1])
    assert one.tenths(words).tolist() == other.tenths(words).tolist()
    assert (one.texts, one.months.tolist()) == (other.texts, other.months.tolist())
    one.forget(40)
    assert not one.months.any()


def test_moves_are_what_changed_and_nothing_else() -> None:
    stories = Stories(WINDOW)
    known: dict[int, int] = {}
    changed = 0
    for row, features in enumerate(stream(200, seed=3)):
        placed = stories.place(row, features, 0)
        for other, story in placed.moves:
            assert known[other] != story
            known[other] = story
            changed += 1
        known[row] = placed.story
        assert known == {other: stories.story_of(other) for other in known}
    assert changed
    assert 10 < len(set(known.values())) < 120


def test_a_large_story_is_not_moved_whole() -> None:
    stories = Stories(WINDOW, StoryRule(agreement=-300))
    one = of_words(WORDS[:12], meaning(1, 0, 0.0))
    stories.place(0, of_words(WORDS[:12], meaning(1, 0, 0.2)), 0)
    for row in range(1, LARGEST_MOVED + 2):
        stories.assign(row, one, 0, 1)
    placed = stories.place(LARGEST_MOVED + 2, one, 0)
    assert placed.story in (0, 1)
    assert len(stories.members(1)) > LARGEST_MOVED


def test_rows_may_be_left_out_and_columns_grow(stories: Stories) -> None:
    for row in range(0, 6000, 2):
        stories.place(row, made(article_text(row, 12), meaning(row)), 0)
        if row % 1000 == 0:
            stories.forget(row - 3000)
    assert stories.story_of(5999) == stories.story_of(5001) == NO_STORY
    assert stories.story_of(5998) == 5998
    assert len(stories) == 5999 - 2000


def test_terms_are_the_rare_words_of_the_beginning_and_the_dates_stated() -> None:
    terms = terms_of("Quake in Zembla", "On March 3, 2011 and in 1998 the Xavier dam held. " * 2)
    assert terms.shape == (TERMS,)
    assert int(terms[0]) == 1 << 2 | (2011 - 1899) << 12 | (1998 - 1899) << 20
    assert (terms[1:] > 0).sum() >= 5
    same = terms_of("quakes in ZEMBLA", "on march 3, 2011 and in 1998 the “Xavier” dams held. " * 2)
    assert np.array_equal(terms, same)
    assert not terms_of("", "").any()


def test_scripts_without_spaces_share_pairs_of_letters() -> None:
    one = set(terms_of("", "印尼苏门答腊岛发生强烈地震造成多人伤亡").tolist())
    other = set(terms_of("", "苏门答腊岛地震已造成多人伤亡，救援进行中").tolist())
    unrelated = set(terms_of("", "央行宣布下调存款准备金率以支持经济").tolist())
    assert len(one & other - {0}) >= 5
    assert not one & unrelated - {0}


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "1," * 500_000, "\ud800 \x00 " * 1000, "汉" * 200_000, "ﷺ" * 100_000]
)
def test_hostile_texts_are_read_in_part(text: str) -> None:
    assert terms_of(text, text).shape == (TERMS,)


def test_roots_and_logarithms_are_whole_numbers() -> None:
    numbers = np.array([0, 1, 3, 4, 8, 9, 10**12 - 1, 10**12, (1 << 50) - 1])
    assert root(numbers).tolist() == [0, 1, 1, 2, 2, 3, 10**6 - 1, 10**6, 33554431]
    assert logarithm(np.array([1, 2, 1024, 1 << 20])).tolist() == [0, 64, 640, 1280]
    several = logarithm(np.arange(1, 100_000))
    assert (np.diff(several) >= 0).all()
