"""The page of ``wireroom explain``, as its reader has it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from services.cleaner.extracted import Extracted, Trace
from services.cli.explain_page import write_page
from services.cli.explanation import Explainer, Explanation, Refusal
from services.cli.files import message
from shared.errors import SettingsError
from shared.resources import deploy_path
from tests.browser.tab import Tab, opened

PROSE = "The tunnel under the fjord is eleven kilometres long, and deeper than any other. " * 4
SHOWN = (
    "[...document.querySelectorAll('.block')].filter(b => b.offsetParent !== null)"
    ".map(b => b.classList[1] + ' ' + b.querySelector('.text').textContent.slice(0, 8))"
)
# https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio of an element's text on what is behind it.
CONTRAST = """(() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => parts(colour).slice(0, 3).map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (parts(colour).length < 4 || parts(colour)[3] > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('h1, .about, .sum, legend, label, th, td, .place, .chip, '
    + '.text, .why, .refused p')].map(e => {
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    return [(a + .05) / (b + .05), e.className || e.tagName];
  }).sort((x, y) => x[0] - y[0])[0];
})()"""


@pytest_asyncio.fixture
async def tab() -> AsyncIterator[Tab]:
    try:
        context = opened()
        tab = await context.__aenter__()
    except SettingsError as missing:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have it: {missing}")
        pytest.skip(str(missing))
    try:
        yield tab
    finally:
        await context.__aexit__(None, None, None)


def explanation(blocks: list[Trace], *, language: str = "en", name: str = "a.html") -> Explanation:
    found = Extracted(text="\n\n".join(block.text for block in blocks if block.kept))
    found.put("language", language, "text")
    found.put("title", "Tunnel", "json-ld", 0.97)
    found.put("canonical_url", f"https://a.example/{'long' * 60}", "link", 0.4)
    return Explanation(name, "HTML page", "text/html", "https://a.example/", 9, found, blocks)


BLOCKS = [
    Trace("Home", False, "menu", "nav > ul > li", 0.01),
    Trace("Dug out", True, "model", "article > h2", 0.9),
    Trace(PROSE, True, "model", "article > p", 0.98),
    Trace("More: a bridge", False, "related links", "aside > p", 0.1),
]


async def show(tab: Tab, folder: Path, *documents: Explanation) -> None:
    write_page(folder / "page.html", documents)
    await tab.open(folder / "page.html")


async def test_it_stands_alone_and_complains_of_nothing(tab: Tab, tmp_path: Path) -> None:
    explain = Explainer()
    names = ["02-ferry-courier.html", "17-biblioteka-verbivka.txt", "25-bundle.zip"]
    documents = [
        told
        for name in names
        for told in explain(message((deploy_path("samples") / name).read_bytes(), name))
    ]
    await show(tab, tmp_path, *documents)
    assert tab.requests == [(tmp_path / "page.html").as_uri()]
    assert tab.complaints == []
    assert await tab.value("document.querySelectorAll('section').length") == len(documents)
    assert "Lady Ismay" in await tab.value("document.body.innerText")
    assert await tab.value("document.compatMode") == "CSS1Compat"
    headings = await tab.value(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])"
    )
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(headings))


async def test_boxes_show_and_hide_by_hand(tab: Tab, tmp_path: Path) -> None:
    await show(tab, tmp_path, explanation(BLOCKS))
    kept = ["kept Dug out", "kept The tunn"]
    dropped = ["dropped Home", "dropped More: a "]
    assert await tab.value(SHOWN) == [dropped[0], *kept, dropped[1]]
    await tab.click("#show-dropped")
    assert await tab.value(SHOWN) == kept
    await tab.click("label:has(#show-kept)")
    assert await tab.value(SHOWN) == []
    await tab.click("#show-dropped")
    assert await tab.value(SHOWN) == dropped
    whys = "[...document.querySelectorAll('.dropped .why')].filter(w => w.offsetParent).length"
    assert await tab.value(whys) == 2
    await tab.click("#show-why")
    assert await tab.value(whys) == 0


async def test_it_can_be_used_by_keys_alone(tab: Tab, tmp_path: Path) -> None:
    await show(tab, tmp_path, explanation(BLOCKS))
    reached = []
    for _ in range(5):
        await tab.press("Tab")
        focus = "document.activeElement.id || document.activeElement.className"
        reached.append(await tab.value(focus))
        if reached[-1] == "show-dropped":
            await tab.press(" ")
    assert reached[0] == "skip"
    assert reached[-3:] == ["show-kept", "show-dropped", "show-why"]
    assert await tab.value(SHOWN) == ["kept Dug out", "kept The tunn"]
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await tab.value(outline) == "solid"


async def test_right_to_left_is_mirrored(tab: Tab, tmp_path: Path) -> None:
    arabic = "وافق مجلس المدينة يوم الأربعاء على ميزانية الميناء الجديدة بعد نقاش طويل"
    blocks = [Trace(arabic, True, "model", "article > p", 0.9), Trace("Home", False, "menu")]
    await show(tab, tmp_path, explanation(blocks, language="ar"))
    styles = await tab.value(
        "[...document.querySelectorAll('.block')].map(b => [getComputedStyle(b).borderRightWidth,"
        " getComputedStyle(b).borderLeftWidth, getComputedStyle(b.firstChild).direction,"
        " getComputedStyle(b.querySelector('.why')).direction])"
    )
    assert styles == [["4px", "0px", "rtl", "ltr"], ["4px", "0px", "ltr", "ltr"]]
    assert await tab.value("document.querySelector('.kept .text').lang") == "ar"
    beside = (
        "document.querySelector('.text').getBoundingClientRect().left >"
        " document.querySelector('.why').getBoundingClientRect().right"
    )
    assert await tab.value(beside) is True


async def test_thousands_of_blocks_are_shown_and_hidden(tab: Tab, tmp_path: Path) -> None:
    blocks = [
        Trace(f"{n} {PROSE}", n % 3 == 0, "model", "article > div > p", n / 5000)
        for n in range(5000)
    ]
    await show(tab, tmp_path, explanation(blocks))
    assert await tab.value(f"{SHOWN}.length") == 5000
    await tab.click("#show-dropped")
    assert await tab.value(f"{SHOWN}.length") == 1667
    assert tab.complaints == []


async def test_hostile_text_is_inert(tab: Tab, tmp_path: Path) -> None:
    evil = (
        "</p></style></title><script>owned = 1</script><img src=http://a.example/x onerror=owned=2>"
        "<svg onload=owned=3><iframe src=//a.example></iframe>\"' onfocus='owned=4' autofocus"
        "<!-- <![CDATA[ &lt;b&gt; \x00 \x1b[2J javascript:owned=5"
    )
    told = explanation([Trace(evil, kept, evil, f"p > {evil}") for kept in (True, False)])
    told.name = told.content_type = told.url = evil
    told.refusal = Refusal("cleaner", evil, evil)
    assert told.found is not None
    for field in ("title", "language", "section", "image"):
        told.found.put(field, evil, evil, 0.5)
    await show(tab, tmp_path, told, told)
    assert await tab.value("typeof owned") == "undefined"
    assert await tab.value("document.querySelectorAll('script, img, svg, iframe').length") == 0
    assert len(tab.requests) == 1
    assert tab.complaints == []
    shown = await tab.value("document.querySelector('.kept .text').textContent")
    assert shown == evil.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
    assert await tab.value("document.title") == f"{shown} explained"


async def test_its_policy_holds_should_anything_get_in(tab: Tab, tmp_path: Path) -> None:
    await show(tab, tmp_path, explanation(BLOCKS))
    await tab.value(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {text: 'owned = 1'})); document.body.append(Object.assign("
        "document.createElement('img'), {src: 'https://a.example/x.png'}))"
    )
    assert await tab.value("typeof owned") == "undefined"
    refused = [text for text in tab.complaints if "Content Security Policy" in text]
    assert len(refused) == 2


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
async def test_no_width_needs_scrolling_sideways(tab: Tab, tmp_path: Path, width: int) -> None:
    long = Trace("x" * 3000, False, "y" * 300, " > ".join(["div"] * 200), 0.1)
    refused = Explanation("z" * 400, refusal=Refusal("fetcher", "blocked", "w" * 400))
    await tab.resize(width, 900)
    await show(tab, tmp_path, explanation([*BLOCKS, long], name="n" * 400), refused)
    assert await tab.value("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_stands_out(tab: Tab, tmp_path: Path, scheme: str) -> None:
    await tab.media(scheme=scheme)
    refused = Explanation("b.html", refusal=Refusal("fetcher", "blocked", "no article"))
    await show(tab, tmp_path, explanation(BLOCKS), refused)
    least, where = await tab.value(CONTRAST)
    assert least >= 4.5, where  # WCAG 2.2, 1.4.3, level AA
    light = await tab.value("getComputedStyle(document.body).backgroundColor")
    assert (min(map(int, light[4:-1].split(","))) > 128) == (scheme == "light")


async def test_on_paper_there_are_no_controls(tab: Tab, tmp_path: Path) -> None:
    await show(tab, tmp_path, explanation(BLOCKS))
    await tab.media("print")
    assert await tab.value("getComputedStyle(document.querySelector('.filter')).display") == "none"
    assert len(await tab.value(SHOWN)) == 4
    styles = (
        "[...document.querySelectorAll('.block')].map(b => getComputedStyle(b).borderLeftStyle)"
    )
    assert await tab.value(styles) == ["dotted", "solid", "solid", "dotted"]
