"""Rules of the design that can be read off the code."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared import errors
from tests.shared_data import ROOT

FILES = sorted(p for part in ("services", "shared") for p in (ROOT / part).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]
MOST_LINES = 350
# Calls that acknowledge, or send without waiting, behind one's back.
BANNED_CALLS = {"take", "noack_take", "send_soon", "forward"}
IMPURE = ("aiokafka", "faust", "elasticsearch", "mode", "shared.runtime.aiokafka_driver",
          "shared.runtime.faust_driver", "shared.runtime.publisher", "shared.runtime.kafka_log",
          "shared.search.elastic", "sqlite3")  # fmt: skip


def violations(tree: ast.AST) -> Iterator[str]:
    """What ways of using Kafka and Faust that can lose a message stand in ``tree``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value == "exactly_once":
            yield f"line {node.lineno}: exactly_once"
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in BANNED_CALLS:
            yield f"line {node.lineno}: .{node.func.attr}("
        for keyword in node.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg == "enable_auto_commit" and value is not False:
                yield f"line {node.lineno}: enable_auto_commit"
            if keyword.arg == "concurrency" and value != 1:
                yield f"line {node.lineno}: concurrency"


def imports(tree: ast.AST) -> Iterator[str]:
    """The modules that ``tree`` imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize(
    "code",
    [
        "app.agent(topic, concurrency=2)",
        "stream.take(100, within=1)",
        "stream.noack_take(100, within=1)",
        "topic.send_soon(value=1)",
        "event.forward(topic)",
        "AIOKafkaConsumer(enable_auto_commit=True)",
        "faust.App('x', processing_guarantee='exactly_once')",
    ],
)
def test_the_check_finds(code: str) -> None:
    assert len(list(violations(ast.parse(code)))) == 1


# Elsewhere `take` and `forward` are other things' names.
STREAMING = [path for path in FILES if re.search("faust|AIOKafka", path.read_text("utf-8"))]


@pytest.mark.parametrize("path", STREAMING, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_acknowledged_behind_our_back(path: Path) -> None:
    assert list(violations(ast.parse(path.read_text(encoding="utf-8")))) == []


STAGES = sorted((ROOT / "services").glob("*/stage.py"))


@pytest.mark.parametrize("path", STAGES, ids=[path.parent.name for path in STAGES])
def test_stages_are_pure(path: Path) -> None:
    found = list(imports(ast.parse(path.read_text(encoding="utf-8"))))
    assert [name for name in found if name.startswith(IMPURE)] == []


def test_every_service_has_a_stage() -> None:
    assert {path.parent.name for path in STAGES} >= {
        "fetcher", "cleaner", "tagger", "deduplicator", "indexer",
    }  # fmt: skip


def test_modules_stay_small() -> None:
    # What is longer already; it may shrink, and no other may join it.
    known = {"shared/search/sqlite_index.py": 430}
    long = {
        name: lines
        for path, name in zip(FILES, NAMES, strict=True)
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > known.get(name, MOST_LINES)
    }
    assert long == {}


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Public classes, functions and methods without a docstring."""

    def walk(body: list[ast.stmt], prefix: str) -> Iterator[str]:
        for node in body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("_"):
                continue
            # A property that only declares a member of a protocol is told of by its class.
            decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
            declares = "property" in decorators and ast.unparse(node.body[-1]) == "..."
            if ast.get_docstring(node) is None and not declares and "overload" not in decorators:
                yield f"{prefix}{node.name} (line {node.lineno})"
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{prefix}{node.name}.")

    yield from walk(tree.body, "")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_all_that_is_public_is_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name not in ("__init__.py",) and tree.body:
        assert ast.get_docstring(tree), "the module has no docstring"
    assert list(undocumented(tree)) == []


def test_the_tree_of_errors_is_as_drawn() -> None:
    drawing = (errors.__doc__ or "").split("::")[1]
    drawn: dict[str, str] = {}
    levels: dict[int, str] = {}
    for line in drawing.splitlines():
        name = line.lstrip(" │├└─").split(" ")[0]
        if not name:
            if levels:
                break
            continue
        depth = len(line) - len(line.lstrip(" │├└─"))
        parent = max((d for d in levels if d < depth), default=None)
        drawn[name] = levels[parent] if parent is not None else "Exception"
        levels = {d: n for d, n in levels.items() if d < depth} | {depth: name}
    real = {
        name: kind.__base__.__name__
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if kind.__module__ == errors.__name__ and kind.__base__ is not None
    }
    assert drawn == real
