"""Find what the servers need from the machine: a JDK and, to install them, Maven."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from shared.errors import ClusterError

MINIMUM = 21  # what Elasticsearch 9 is compiled for
_INSTALLED = (Path("/usr/lib/jvm"), Path("/Library/Java/JavaVirtualMachines"))
_VERSION = re.compile(r'^JAVA_VERSION="(\d+)', re.MULTILINE)
_ADVICE = (
    "install one with `apt-get install openjdk-21-jdk-headless` (or -25-), or Eclipse Temurin "
    "(https://adoptium.net), or name one by JAVA_HOME"
)


def find_jdk() -> Path:
    """The home of a JDK of at least :data:`MINIMUM`: JAVA_HOME, else the oldest that serves.

    Raises :class:`ClusterError` with what was found and how to install one.
    """
    named = os.environ.get("JAVA_HOME")
    if named and (_version(Path(named)) or 0) >= MINIMUM:
        return Path(named)
    found: list[tuple[int, Path]] = []
    for home in _homes():
        version = _version(home)
        if version is not None:
            found.append((version, home))
    usable = sorted(item for item in found if item[0] >= MINIMUM)
    if usable:
        # The oldest: servers are tested on long-term releases before they are on the newest.
        return usable[0][1]
    seen = ", ".join(f"{version} in {home}" for version, home in sorted(found)) or "none"
    raise ClusterError(f"a JDK of version {MINIMUM} or newer is needed (found: {seen}): {_ADVICE}")


def find_maven() -> Path:
    """The ``mvn`` command. Raises :class:`ClusterError` telling how to install it."""
    found = shutil.which("mvn")
    if found is None:
        raise ClusterError("Maven (mvn) is needed to fetch the servers: `apt-get install maven`")
    return Path(found)


def _homes() -> Iterator[Path]:
    compiler = shutil.which("javac")
    if compiler:
        yield Path(compiler).resolve().parents[1]
    for root in _INSTALLED:
        if root.is_dir():
            for entry in sorted(root.iterdir()):
                bundle = entry / "Contents" / "Home"
                yield (bundle if bundle.is_dir() else entry).resolve()


def _version(home: Path) -> int | None:
    """The feature version of a JDK (not a bare JRE), from the ``release`` file all of them have."""
    if not (home / "bin" / "javac").exists():
        return None
    try:
        match = _VERSION.search((home / "release").read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(match[1]) if match else None
