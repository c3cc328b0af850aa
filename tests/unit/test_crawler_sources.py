"""``sources.yml``: what is read, what is refused and where, and edits that leave the rest alone."""

from __future__ import annotations

import multiprocessing
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.crawler.entries import MAX_ENTRIES
from services.crawler.names import MAX_NAME, name_for
from services.crawler.sources import (
    MAX_FILE,
    Source,
    change_sources,
    load_sources,
    save_sources,
    seconds,
)
from shared.errors import SettingsError

BY_HAND = """\
# Sources of the desk. Ask Ana before you add one.

- https://a.example/ # the short form
# agencies
-
  # slow on Sundays
  name: Agency
  url: "https://agency.example/feed.xml"
  interval: 15m

- {name: c, url: https://c.example/, paused: yes}   # in one line
# end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sources.yml"


def test_a_hand_written_file_is_read(path: Path) -> None:
    path.write_text(BY_HAND)
    assert load_sources(path) == [
        Source(name="a.example", url="https://a.example/"),
        Source(name="Agency", url="https://agency.example/feed.xml", interval=900),
        Source(name="c", url="https://c.example/", paused=True),
    ]


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "[]\n", "---\n", "~\n", "\ufeff# a mark\n"]
)
def test_a_file_without_entries_is_read_and_can_be_added_to(path: Path, text: str) -> None:
    path.write_text(text)
    assert load_sources(path) == []
    one = Source(name="one", url="https://one.example/")
    if text == "~\n":
        with pytest.raises(SettingsError, match="edit it by hand"):
            save_sources(path, [one])
        return
    save_sources(path, [one])
    assert load_sources(path) == [one]
    assert path.read_text().startswith(text if "[" not in text else "- name")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: b", 1, "it is not a list"),
        ("just words", 1, "it is not a list"),
        ("\n- nonsense", 2, "entry 1 (nonsense): url 'nonsense': its scheme is missing"),
        ("- ftp://x.example/", 1, "its scheme is ftp"),
        ("- https://u:p@x.example/", 1, "a user name or a password"),
        ("- name: x", 1, "entry 1 (x): it has no url"),
        ("-", 1, "entry 1 is empty"),
        ("- [x]", 1, "neither a URL nor fields"),
        ("- name: [x]", 1, "the value of 'name' is no text"),
        ("- name: {x: y}", 1, "the value of 'name' is no text"),
        ("- name: x\n  name: y", 2, "'name' stands twice"),
        (
            "- url: https://a.example\n  intervall: 3",
            1,
            "the key 'intervall' is unknown; did you mean 'interval'?",
        ),
        ("- url: https://a.example\n  zzz: 3", 1, "known are name, url, kind"),
        ("- url: https://a.example\n  interval: soon", 1, "interval 'soon': it is not a time"),
        ("- url: https://a.example\n  interval: 0", 1, "interval '0': "),
        ("- url: https://a.example\n  take: all", 1, "neither 'pages' nor 'entries'"),
        ("- url: https://a.example\n  kind: blog", 1, "kind 'blog': "),
        ('- url: https://a.example\n  name: "a\\tb"', 1, "control characters"),
        ("- &a https://a.example", 1, "anchors and aliases"),
        ("- https://a.example\n- *a", 2, "anchors and aliases"),
        ("- !!python/name:os.system x", 1, "tags are not taken"),
        ("- https://a.example\n---\n- https://b.example", 2, "a second document"),
        ("- 'https://a.example\n", 2, "it is not YAML"),
        (
            "- https://a.example/\n- HTTPS://A.EXAMPLE",
            2,
            "entry 2 (a.example-2): its URL is that of line 1: entry 1 (a.example) too",
        ),
        (
            "- {name: a, url: https://a.example}\n- {name: A, url: https://b.example}",
            2,
            "entry 2 (A): its name is that of line 1: entry 1 (a) too",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(path: Path, text: str, line: int, words: str) -> None:
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_sources(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: line {line}: ")
    assert words in message


def test_hostile_files_are_refused_at_once(path: Path) -> None:
    for data, words in [
        (b"\x00", "not YAML"),
        (b"- https://\xff.example", "line 1: it is not text in UTF-8"),
        (b"[" * 100_000, "line 1: "),
        (b"- " * 100_000, "line 1: "),
        (b"#" * (MAX_FILE + 1), f"larger than {MAX_FILE} bytes"),
        (b"- x\n" * (MAX_ENTRIES + 1), "there are more than"),
    ]:
        path.write_bytes(data)
        with pytest.raises(SettingsError) as caught:
            load_sources(path)
        assert words in str(caught.value)


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(SettingsError, match=r"sources\.yml: there is no such file"):
        load_sources(path)


def test_adding_and_removing_leaves_every_other_line_as_it_was(path: Path) -> None:
    path.write_text(BY_HAND)
    new = Source(name="2024", url="https://new.example/x", kind="feed", interval=90)
    save_sources(path, [*load_sources(path), new])
    added = "- name: '2024'\n  url: https://new.example/x\n  kind: feed\n  interval: 90\n"
    assert path.read_text() == BY_HAND + added
    save_sources(path, [s for s in load_sources(path) if s.name not in ("Agency", "2024")])
    start, rest = BY_HAND.split("-\n  # slow")
    assert path.read_text() == start + "\n" + rest.split("15m\n\n")[1]
    save_sources(path, [])
    assert path.read_text().split("\n") == [
        "# Sources of the desk. Ask Ana before you add one.",
        "",
        "# agencies",
        "",
        "# end",
        "",
    ]
    assert load_sources(path) == []


def test_an_entry_that_changes_is_written_anew_in_its_place(path: Path) -> None:
    path.write_text(BY_HAND)
    sources = load_sources(path)
    changed = sources[1].model_copy(update={"interval": 60.5})
    change_sources(path, lambda _: [sources[0], changed, sources[2]])
    assert load_sources(path) == [sources[0], changed, sources[2]]
    assert "# agencies\n- name: Agency\n" in path.read_text()
    assert path.read_text().endswith("# in one line\n# end\n")


def test_the_file_s_indentation_line_ends_and_missing_last_line_end_are_kept(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf  - https://a.example/\r\n  - https://b.example/")
    sources = load_sources(path)
    save_sources(path, [sources[1], Source(name="c", url="https://c.example/")])
    assert path.read_bytes() == (
        b"\xef\xbb\xbf  - https://b.example/\r\n  - name: c\r\n    url: https://c.example/\r\n"
    )


def test_entries_that_share_a_line_are_not_edited(path: Path) -> None:
    text = "[https://a.example/, https://b.example/]  # both\n"
    path.write_text(text)
    sources = load_sources(path)
    with pytest.raises(SettingsError, match=r"line 1: the entry b\.example .*edit it by hand"):
        save_sources(path, sources[:1])
    with pytest.raises(SettingsError, match="edit it by hand"):
        save_sources(path, [*sources, Source(name="c", url="https://c.example/")])
    assert path.read_text() == text


def test_what_would_be_refused_when_read_is_not_written(path: Path) -> None:
    path.write_text(BY_HAND)
    with pytest.raises(SettingsError, match=r"its URL is that of a\.example too"):
        save_sources(path, [*load_sources(path), Source(name="other", url="http://A.example")])
    assert path.read_text() == BY_HAND
    assert [p.name for p in path.parent.iterdir()] == ["sources.yml"]


def test_mode_and_link_of_the_file_are_kept(path: Path, tmp_path: Path) -> None:
    path.write_text(BY_HAND)
    path.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to(path)
    save_sources(link, [])
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_sources(path) == []


def _with(new: Source, sources: list[Source]) -> list[Source]:
    return [*sources, new]


def _add(path: Path, first: int, count: int) -> None:
    for number in range(first, first + count):
        new = Source(name=f"s{number}", url=f"https://h{number}.example/")
        change_sources(path, partial(_with, new))


def test_changes_at_the_same_time_lose_nothing(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_add, args=(path, n * 20, 20)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(s.name for s in load_sources(path)) == sorted(f"s{n}" for n in range(60))


NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(
    lambda text: text.isprintable() and text == text.strip()
)


@given(names=st.lists(NAMES, max_size=6, unique_by=str.casefold), drop=st.sets(st.integers(0, 5)))
def test_any_name_survives_writing_reading_and_removing(
    names: list[str], drop: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / "sources.yml"
    sources = [Source(name=name, url=f"https://h{n}.example/") for n, name in enumerate(names)]
    save_sources(path, sources)
    assert load_sources(path) == sources
    left = [source for n, source in enumerate(sources) if n not in drop]
    save_sources(path, left)
    assert load_sources(path) == left


def test_names_come_from_addresses_and_titles() -> None:
    assert name_for("https://www.News.example/rss.xml") == "news.example"
    assert name_for("https://feeds.example/world/rss.xml") == "feeds.example-world"
    assert name_for("http://127.77.0.1:8080/") == "127.77.0.1-8080"
    assert name_for("Die Zeitung: Berlin & Umgebung") == "die-zeitung-berlin-umgebung"
    assert name_for("Новини", ["новини", "новини-2"]) == "новини-3"
    assert name_for("!!!") == "source"
    assert len(name_for("x" * 500)) <= MAX_NAME


def test_times_are_written_as_people_do() -> None:
    assert [seconds(text) for text in ("90", "90s", "15m", "1.5 h", "1D")] == [
        90, 90, 900, 5400, 86400,
    ]  # fmt: skip
    for wrong in ("", "-3", "nan", "1e9999", "h", "5 weeks", "٣"):
        with pytest.raises(ValueError, match="not a time"):
            seconds(wrong)
