"""Install the servers from Maven artefacts, once for all users of a cache folder.

An installation is made beside its final place and renamed, under a lock: two processes that
install at once get one installation, and one that is interrupted leaves none that is half made.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from services.cli.cluster import jdk, places
from shared.errors import ClusterError
from shared.resources import deploy_path

_POM = {"m": "http://maven.apache.org/POM/4.0.0"}
_DESCRIPTOR = "stable-plugin-descriptor.properties"


@cache
def version(server: str) -> str:
    """The version of ``kafka`` or ``elasticsearch`` that ``deploy/local/pom.xml`` pins."""
    # The file is part of this installation, so its XML is trusted.
    tree = ElementTree.parse(deploy_path("local", "pom.xml"))  # noqa: S314
    found = tree.findtext(f"m:properties/m:{server}.version", namespaces=_POM)
    if not found:
        raise ClusterError(f"deploy/local/pom.xml names no {server}.version")
    return found


def install_kafka() -> Path:
    """A folder with Kafka's jars in ``lib/``; fetched by Maven when it is not there yet."""
    return _install(f"kafka-{version('kafka')}", _make_kafka)


def install_elastic() -> Path:
    """Elasticsearch's home with the analysis plugin in it; fetched when it is not there yet.

    The name carries a digest of the plugin's sources, so that a changed plugin is a new
    installation.
    """
    digest = hashlib.sha256()
    for path in [*_plugin_sources(), deploy_path("local", "analysis-plugin", _DESCRIPTOR)]:
        digest.update(path.read_bytes())
    return _install(
        f"elasticsearch-{version('elasticsearch')}-{digest.hexdigest()[:12]}", _make_elastic
    )


def _install(name: str, make: Callable[[Path], None]) -> Path:
    root = places.cache_dir()
    target = root / name
    if target.is_dir():
        places.check_reachable(target)
        return target
    root.mkdir(parents=True, exist_ok=True, mode=0o755)
    places.check_reachable(root)
    with (root / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():  # else another process made it while this one waited
            with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=root) as folder:
                made = Path(folder) / "made"
                make(made)
                made.chmod(0o755)
                made.rename(target)
    return target


def _make_kafka(made: Path) -> None:
    _maven("dependency:copy-dependencies", made / "lib")


def _make_elastic(made: Path) -> None:
    home = jdk.find_jdk()
    download = made.with_name("download")
    _maven("dependency:copy@elasticsearch", download)
    archive = next(download.glob("*.zip"))
    unpacked = made.with_name("unpacked")
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            path = Path(content.extract(member, unpacked))
            mode = member.external_attr >> 16 & 0o777
            if mode:  # the archive's modes; zipfile leaves them out
                path.chmod(mode)
    (unpacked / f"elasticsearch-{version('elasticsearch')}").rename(made)
    plugin = made.with_name("plugin.zip")
    _build_plugin(home, made / "lib", plugin)
    _run(
        [str(made / "bin" / "elasticsearch-plugin"), "install", "-b", plugin.as_uri()],
        env={**os.environ, "ES_JAVA_HOME": str(home), "CLI_JAVA_OPTS": "-Xmx1g"},
    )
    # The server runs as another user than the one who installed it.
    for path in (made / "plugins", made / "config"):
        for entry in (path, *path.rglob("*")):
            entry.chmod(entry.stat().st_mode | (0o755 if entry.is_dir() else 0o644))


def _build_plugin(home: Path, library: Path, plugin: Path) -> None:
    """Compile the analysis plugin against the server's own jars and pack it."""
    classes = plugin.with_name("classes")
    _run(
        [
            str(home / "bin" / "javac"),
            *("--release", str(jdk.MINIMUM), "-proc:none", "-Werror", "-Xlint:all"),
            *("-cp", f"{library}/*", "-d", str(classes)),
            *map(str, _plugin_sources()),
        ]
    )
    jar = plugin.with_name("wireroom-analysis.jar")
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            archive.write(path, path.relative_to(classes).as_posix())
    text = deploy_path("local", "analysis-plugin", _DESCRIPTOR).read_text(encoding="utf-8")
    with zipfile.ZipFile(plugin, "w") as archive:
        archive.write(jar, jar.name)
        archive.writestr(
            _DESCRIPTOR, text.replace("${elasticsearch.version}", version("elasticsearch"))
        )


def _plugin_sources() -> list[Path]:
    return sorted(deploy_path("local", "analysis-plugin", "src").rglob("*.java"))


def _maven(goal: str, folder: Path) -> None:
    command = [str(jdk.find_maven()), "-q", "-B", "-f", str(deploy_path("local", "pom.xml"))]
    _run([*command, goal, f"-DoutputDirectory={folder}", "-Dmdep.overWriteReleases=true"])


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    done = subprocess.run(  # noqa: S603 - commands of our own making
        command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-15:]
        name = Path(command[0]).name
        raise ClusterError(
            f"{name} ended with status {done.returncode} while a server was installed:\n"
            + "\n".join(lines)
        )


def remove_installed() -> None:
    """Remove every installed server from the cache folder."""
    shutil.rmtree(places.cache_dir(), ignore_errors=True)


def main() -> int:
    """Install both servers, for set-up scripts; returns the exit status."""
    try:
        for folder in (install_kafka(), install_elastic()):
            print(folder)
    except ClusterError as error:
        print(f"wireroom: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
