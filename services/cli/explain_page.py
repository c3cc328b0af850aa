"""An explanation as one HTML page that needs nothing but itself: no script, no network.

All that comes from a document stands in it escaped; a Content-Security-Policy forbids the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final

from services.cleaner.extracted import Trace
from services.cli.explain_text import Only, summary
from services.cli.explanation import Explanation, Field, near, safe

_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# The element that a block is, or stands in, to the class of its text.
_SHAPES: Final = {
    "li": "item",
    "dd": "item",
    "blockquote": "quote",
    "q": "quote",
    "figcaption": "caption",
    "caption": "caption",
}
_HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_MOST_ADDRESS: Final = 2_000
"""Characters of an address that is made a link."""


def write_page(path: Path, documents: Sequence[Explanation], only: Only = None) -> None:
    """Write :func:`page` to ``path``, in UTF-8. Raises ``OSError``."""
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.writelines(page(documents, only))


def page(documents: Sequence[Explanation], only: Only = None) -> Iterator[str]:
    """The page in pieces. ``only`` is what is shown at first; its reader may change that."""
    single = documents[0] if len(documents) == 1 else None
    name = single.name if single else documents[0].name.partition(" › ")[0] if documents else ""
    title = _e(f"{name} explained".strip())
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_e(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#d1">Skip to the document</a>\n'
        f'<header>\n<h1 dir="auto">{_e(name)}</h1>\n'
    )
    if single:
        yield _about(single)
    else:
        yield f'<p class="about">{len(documents):,} documents</p>\n'
        yield '<nav aria-label="Documents"><ol>\n'
        for number, told in enumerate(documents, 1):
            refused = " (refused)" if told.refusal else ""
            yield f'<li><a href="#d{number}">{_e(_short(told, name))}</a>{refused}</li>\n'
        yield "</ol></nav>\n"
    yield f"</header>\n{_filter(only)}<main>\n"
    for number, told in enumerate(documents, 1):
        yield from _document(told, number, "" if single else _short(told, name))
    yield "</main>\n</body>\n</html>\n"


@cache
def _style() -> str:
    return files("services.cli").joinpath("explain_page.css").read_text("utf-8")


def _e(text: str) -> str:
    return escape(safe(text))


def _short(told: Explanation, root: str) -> str:
    return told.name.removeprefix(f"{root} › ")


def _filter(only: Only) -> str:
    def box(name: str, label: str, checked: bool) -> str:
        mark = " checked" if checked else ""
        return f'<label><input type="checkbox" id="{name}"{mark}> {label}</label>\n'

    return (
        '<fieldset class="filter">\n<legend>Show</legend>\n'
        + box("show-kept", "kept", only != "dropped")
        + box("show-dropped", "dropped", only != "kept")
        + box("show-why", "why", True)
        + "</fieldset>\n"
    )


def _document(told: Explanation, number: int, heading: str) -> Iterator[str]:
    yield f'<section id="d{number}">\n'
    if heading:
        yield f'<h2 dir="auto">{_e(heading)}</h2>\n{_about(told)}'
    refusal = told.refusal
    if refusal is not None:
        reason = _e(refusal.reason.replace("_", " "))
        yield '<div class="refused">\n'
        yield f"<p>Refused by the {refusal.stage}: <strong>{reason}</strong></p>\n"
        for text in filter(None, (refusal.detail, refusal.meaning)):
            yield f"<p>{_e(text)}</p>\n"
        yield "</div>\n"
    if told.fields:
        yield from _fields(told)
    if told.blocks:
        yield from _blocks(told, number)
    yield "</section>\n"


def _about(told: Explanation) -> str:
    facts = [_e(fact) for fact in (told.form, told.content_type) if fact]
    facts.append(f"{told.size:,} bytes")
    if told.url:
        facts.append(_value(told.url))
    about = f'<p class="about">{" · ".join(facts)}</p>\n'
    if told.blocks:
        about += f'<p class="sum"><strong>{_e(summary(told))}</strong></p>\n'
    return about


def _fields(told: Explanation) -> Iterator[str]:
    yield (
        '<h3>Fields</h3>\n<table>\n<thead><tr><th scope="col">Field</th><th scope="col">Value</th>'
        '<th scope="col">Found in</th><th scope="col">How sure</th></tr></thead>\n<tbody>\n'
    )
    language = f' lang="{_e(told.language)}"' if told.language else ""
    for field in told.fields:
        yield (
            f'<tr><th scope="row">{_e(field.name)}</th><td dir="auto"{language}>'
            f'{_values(field)}</td><td class="place">{_e(field.place)}</td>'
            f'<td class="sure">{_bar(field.sure)}</td></tr>\n'
        )
    yield "</tbody>\n</table>\n"


def _values(field: Field) -> str:
    if isinstance(field.value, str):
        return _value(field.value)
    if len(field.value) == 1:
        return _value(field.value[0])
    return f"<ul>{''.join(f'<li>{_value(value)}</li>' for value in field.value)}</ul>"


def _value(text: str) -> str:
    shown = _e(text)
    if not text.startswith(("http://", "https://")) or len(text) > _MOST_ADDRESS:
        return shown
    return f'<a href="{shown}" rel="noreferrer noopener">{shown}</a>'


def _bar(sure: float | None) -> str:
    if sure is None:
        return ""
    share = f"{min(1.0, max(0.0, sure)):.0%}"
    return f'<span class="bar" aria-hidden="true"><i style="width:{share}"></i></span>{share}'


def _blocks(told: Explanation, number: int) -> Iterator[str]:
    yield "<h3>Blocks</h3>\n"
    if told.dropped:
        yield '<ul class="reasons" aria-label="Dropped, by reason">\n'
        for reason, blocks, words in told.dropped:
            counted = f"{blocks:,} × {_e(reason)}"
            yield f'<li class="chip" title="{words:,} words">{counted}</li>\n'
        yield "</ul>\n"
    attributes = ' dir="rtl"' if told.right_to_left else ""
    yield f'<ol class="blocks"{attributes}>\n'
    for place, block in enumerate(told.blocks, 1):
        yield _block(block, f"d{number}-b{place}", place, told.language)
    yield "</ol>\n"


def _block(block: Trace, name: str, number: int, language: str) -> str:
    kind = "kept" if block.kept else "dropped"
    tags = [step.partition(".")[0].lower() for step in near(block.place).split(" > ")]
    tag = "h4" if tags[-1] in _HEADINGS and block.kept else "p"
    shapes = [_SHAPES[one] for one in reversed(tags) if one in _SHAPES and block.kept]
    shape = f"text {shapes[0]}" if shapes else "text"
    lang = f' lang="{_e(language)}"' if language and block.kept else ""
    score = "" if block.score is None else f" {block.score:.2f}"
    mark = "✓" if block.kept else "✗"
    return (
        f'<li class="block {kind}" id="{name}"><{tag} class="{shape}" dir="auto"{lang}>'
        f'{_e(block.text)}</{tag}><p class="why" dir="ltr"><span class="chip">'
        f'<span class="only-read">{kind}: </span><span aria-hidden="true">{mark} </span>'
        f'{_e(block.reason)}</span>{score} <a href="#{name}">#{number}</a>'
        f' <span title="{_e(block.place)}">{_e(near(block.place))}</span></p></li>\n'
    )
