"""What a page ships of its article for machines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from services.cleaner.markup.evidence import confirmed, hidden_body, plain, strings
from services.cleaner.markup.page import Page

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ARTICLE = [
    "The harbour of Lindvik was closed on Tuesday after a ferry ran into the eastern pier, the "
    "master of the port said in the evening.",
    "Nobody was hurt, but divers will need at least two weeks to look at the damage below the "
    'water line, and the pier is "not safe to walk on", she added.',
    "The ferry company has found another berth for its boats, in a yard across the bay, and runs "
    "buses from there to the old town until the pier is open again.",
]
ASIDE = (
    "Our newsletter tells you each morning what matters in the town, written by the people who "
    "have worked here for longer than anybody else."
)


def page(*heads: str, body: list[str] = ARTICLE, title: str = "Ferry hits pier") -> Page:
    shown = "".join(f"<p>{text}</p>" for text in [*body, ASIDE, "Menu"])
    html = f"<html><head><title>{title}</title>{''.join(heads)}</head><body>{shown}</body></html>"
    return Page(html, "https://a.example/ferry", NOW)


def linked(text: str) -> str:
    data = {"@type": "NewsArticle", "headline": "Ferry hits pier", "articleBody": text}
    return f"<script type='application/ld+json'>{json.dumps(data)}</script>"


def state(kind: str, value: object) -> str:
    """A state as frameworks write it into a page."""
    data = json.dumps(value)
    twice = json.dumps(data)
    return {
        "next": f"<script id='__NEXT_DATA__' type='application/json'>{data}</script>",
        "assigned": f"<script>window.__INITIAL_STATE__ = {data};</script>",
        "parsed": f"<script>window.__DATA__ = JSON.parse({twice})</script>",
        "pushed": f"<script>self.__next_f.push([1,{twice}])</script>",
        "escaped": "<script type='application/json'>"
        + data.replace("&", "&a;").replace('"', "&q;").replace("<", "&l;").replace(">", "&g;")
        + "</script>",
        "called": f"<script>window.__NUXT__=(function(a,b){{return {{}}}}(1,{data}))</script>",
    }[kind]


STORY = {
    "padding": ["x" * 9] * 100,
    "teasers": [{"title": "Another", "description": ASIDE}],
    "story": {"body": "".join(f"<p>{text}</p>" for text in ARTICLE), "id": 7},
}


@pytest.mark.parametrize(
    "text", ["\n".join(ARTICLE), " ".join(ARTICLE), "".join(f"<p>{text}</p>" for text in ARTICLE)]
)
def test_linked_data_confirms_the_articles_blocks_alone(text: str) -> None:
    assert confirmed(page(linked(text))) == [1.0, 1.0, 1.0, 0.0, -1.0]


@pytest.mark.parametrize("kind", ["next", "assigned", "parsed", "pushed", "called", "escaped"])
def test_the_state_of_a_framework_confirms_what_is_no_teaser(kind: str) -> None:
    shares = confirmed(page(state(kind, STORY)))
    assert shares is not None
    assert min(shares[:3]) > 0.9
    assert shares[3:] == [0.0, -1.0]


def test_a_page_without_either_has_no_evidence() -> None:
    assert confirmed(page()) is None
    assert confirmed(page(linked("Too short to be a body."))) is None
    assert confirmed(page("<script>" + "var a = 'b c d';" * 200 + "</script>")) is None


def test_texts_without_blanks_are_compared_by_characters() -> None:
    text = (
        "港口周二关闭因为一艘渡轮撞上了东边的码头没有人受伤潜水员需要两周时间检查水下的损坏情况" * 2
    )
    shares = confirmed(page(linked(text), body=[text[:30], "今天的天气非常好我们去公园玩"]))
    assert shares is not None
    assert shares[:2] == [1.0, 0.0]


@pytest.mark.parametrize("kind", ["next", "assigned", "parsed", "pushed", "called", "escaped"])
def test_a_page_that_a_script_draws_gives_the_text_of_its_state(kind: str) -> None:
    empty = page(state(kind, STORY), body=[])
    text = hidden_body(empty, "")
    assert text is not None
    assert text.split("\n") == ARTICLE


def test_paragraphs_of_a_state_are_put_together() -> None:
    blocks = [{"type": "text", "value": text} for text in ARTICLE]
    text = hidden_body(page(state("next", {**STORY, "story": blocks}), body=[]), "")
    assert text == "\n".join(ARTICLE)


def test_of_a_text_that_the_page_cuts_the_whole_is_given() -> None:
    whole = "\n".join([*ARTICLE, *ARTICLE])
    assert hidden_body(page(linked(whole)), ARTICLE[0]) == whole
    # Not where enough was found, nor where the two are different texts.
    assert hidden_body(page(linked(whole)), whole) is None
    assert hidden_body(page(linked(whole)), f"{ASIDE} {ASIDE.upper()} {ASIDE}"[::-1]) is None
    assert hidden_body(page(linked(whole)), " ".join([ASIDE] * 3)) is None


def test_code_is_no_prose() -> None:
    script = '<script>var a = "' + "function (a) { return a. } ; " * 60 + '"</script>'
    assert hidden_body(page(script, body=[]), "") is None


def test_html_becomes_paragraphs() -> None:
    assert plain("<p>One &amp; <b>two</b></p><p>three</p>") == "One & two\nthree"
    assert plain("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;two&lt;/p&gt;") == "One\ntwo"
    assert plain("a < b and\n\n c > d") == "a < b and\nc > d"


def test_strings_are_unescaped_with_their_names() -> None:
    text = 'He said: "No", and went away over the hill to see whether it was so.\nIt was.'
    assert strings(json.dumps({"text": text, "caption": text})) == [("text", text)]
    assert strings(json.dumps(json.dumps({"text": text, "url": text}))) == [("text", text)]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "script",
    ['"' * 1_000_000, "\\" * 1_000_000, '\\"' * 500_000, '"a b":' * 200_000, "{" * 1_000_000,
     '"' + "<p " * 300_000 + '"', '"' + "a b. " * 300_000 + '"', "\n" * 500_000 + " " * 500_000,
     " " * 500_000 + "x"],
)  # fmt: skip
def test_hostile_scripts_come_to_an_end(script: str) -> None:
    html = f"<script>{script} {ARTICLE[0]}</script>"
    for hostile in (page(html), page(linked(script))):
        shares = confirmed(hostile)
        assert shares is None or len(shares) == len(hostile.blocks)
        text = hidden_body(hostile, "")
        assert text is None or text.strip()
