"""Where servers are installed and run, and as whom.

Elasticsearch refuses to run as root. When root starts the servers they run as ``nobody``, so
everything they read or write must be reachable by that user: root's own home usually is not,
and is left as it is.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from shared.errors import ClusterError

NOBODY = 65534


def cache_dir() -> Path:
    """Where installed servers are kept: ``WIREROOM_CACHE``, or the user's (root: the system's)."""
    named = os.environ.get("WIREROOM_CACHE")
    if named:
        return Path(named).expanduser().absolute()
    if _is_root():
        return Path("/var/cache/wireroom")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wireroom"


def state_dir() -> Path:
    """Where a running cluster keeps data, logs and process ids: ``WIREROOM_STATE`` if set."""
    named = os.environ.get("WIREROOM_STATE")
    if named:
        return Path(named).expanduser().absolute()
    if _is_root():
        return Path("/var/lib/wireroom")
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "wireroom"


def as_server_user(command: list[str]) -> list[str]:
    """``command``, run as ``nobody`` when this process is root."""
    if not _is_root():
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ClusterError(
            "as root, the servers are started through setpriv: `apt-get install util-linux`, "
            "or run as another user"
        )
    user = str(NOBODY)
    return [setpriv, f"--reuid={user}", f"--regid={user}", "--clear-groups", "--", *command]


def hand_over(folder: Path) -> None:
    """Make ``folder``, and give it with all it holds to the user that the servers run as."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder.chmod(0o700)
    if not _is_root():
        return
    check_reachable(folder.parent)
    os.chown(folder, NOBODY, NOBODY)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root, name), NOBODY, NOBODY, follow_symlinks=False)


def check_reachable(folder: Path) -> None:
    """Raise :class:`ClusterError` when the servers' user cannot pass through to ``folder``."""
    if not _is_root():
        return
    for step in (folder, *folder.parents):
        facts = step.stat()
        if facts.st_uid == NOBODY:
            allowed = facts.st_mode & stat.S_IXUSR
        elif facts.st_gid == NOBODY:
            allowed = facts.st_mode & stat.S_IXGRP
        else:
            allowed = facts.st_mode & stat.S_IXOTH
        if not allowed:
            raise ClusterError(
                f"{folder}: as root, the servers run as user {NOBODY}, which cannot pass "
                f"through {step}; choose other folders by WIREROOM_CACHE and WIREROOM_STATE"
            )


def _is_root() -> bool:
    return os.geteuid() == 0
