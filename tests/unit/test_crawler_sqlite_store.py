"""The crawler's state in SQLite: durable, one owner, clear errors."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from services.crawler.sqlite_store import SqliteStateStore
from shared.errors import StoreError
from tests.shared_data import ROOT


async def contents(store: SqliteStateStore, partition: int) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    async for pairs in store.load(partition):
        assert not set(found) & {key for key, _ in pairs}
        found.update(pairs)
    return found


async def test_what_was_written_is_there_by_partition(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.db"
    store = SqliteStateStore(path)
    await store.start()
    many = {b"%d" % n: os.urandom(20) for n in range(5_000)}
    await store.write(0, list(many.items()))
    await store.write(1, [(b"a", b"1"), (b"b", b"2"), (b"a", None), (b"b", b"3"), (b"c", None)])
    await store.stop()
    again = SqliteStateStore(path)
    await again.start()
    assert await contents(again, 0) == many
    assert await contents(again, 1) == {b"b": b"3"}
    assert await contents(again, 2) == {}
    await again.stop()


async def test_a_killed_process_loses_nothing_that_it_was_told_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    script = (
        "import asyncio, os, signal, sys\nfrom pathlib import Path\n"
        "from services.crawler.sqlite_store import SqliteStateStore\n"
        "async def main():\n"
        "    store = SqliteStateStore(Path(sys.argv[1]))\n"
        "    await store.start()\n"
        "    await store.write(0, [(b'k%d' % n, b'v') for n in range(100)])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    store = SqliteStateStore(path)
    await store.start()
    assert len(await contents(store, 0)) == 100
    await store.stop()


async def test_a_second_crawler_is_told_that_the_file_is_in_use(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    first, second = SqliteStateStore(path), SqliteStateStore(path)
    await first.start()
    with pytest.raises(StoreError, match=r"state\.db: another crawler uses it"):
        await second.start()
    await first.stop()
    await second.start()
    await second.stop()


async def test_what_is_no_store_is_named(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match=r"garbage\.db: file is not a database"):
        await SqliteStateStore(garbage).start()
    later = tmp_path / "later.db"
    connection = sqlite3.connect(later)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(StoreError, match=r"later\.db: of version 7"):
        await SqliteStateStore(later).start()
    with pytest.raises(StoreError, match=r"garbage\.db/x"):
        await SqliteStateStore(garbage / "x").start()
    with pytest.raises(StoreError, match="not open"):
        await SqliteStateStore(tmp_path / "closed.db").write(0, [(b"a", b"b")])


def test_a_full_disk_is_told_and_the_store_goes_on_when_there_is_room(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    script = (
        "import asyncio, resource, signal, sys\nfrom pathlib import Path\n"
        "from services.crawler.sqlite_store import SqliteStateStore\n"
        "from shared.errors import TransientError\n"
        "async def main():\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    store = SqliteStateStore(Path(sys.argv[1]))\n"
        "    await store.start()\n"
        "    most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, most))\n"
        "    written = 0\n"
        "    try:\n"
        "        while written < 1000:\n"
        "            await store.write(0, [(b'%d' % written, b'x' * 5000)])\n"
        "            written += 1\n"
        "    except TransientError as error:\n"
        "        assert 'rollback' not in str(error), error\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))\n"
        "    await store.write(0, [(b'late', b'')])\n"
        "    await store.stop()\n"
        "    print(written)\n"
        "asyncio.run(main())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    written = int(ran.stdout)
    assert 0 < written < 1000
    with sqlite3.connect(path) as connection:
        keys = {key for (key,) in connection.execute("SELECT key FROM crawler_state")}
    connection.close()
    assert keys == {b"late", *(b"%d" % number for number in range(written))}
