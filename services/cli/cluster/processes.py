"""Processes that outlive the command that started them.

A process is remembered by its id *and* the moment at which it started, so that a number that
the system has given to someone else meanwhile is never signalled. Each runs in a session of its
own: its group is everything that it started in turn.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_children: dict[int, subprocess.Popen[bytes]] = {}
_PAUSE = 0.05  # seconds between looks at a process that is to end


@dataclass(frozen=True, slots=True)
class Process:
    """A started process. ``started`` is the system's own mark of the moment it began."""

    name: str
    pid: int
    started: str
    log: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        child = _children.get(self.pid)
        if child is not None and child.poll() is not None:
            del _children[self.pid]
        return start_mark(self.pid) == self.started

    @property
    def group_alive(self) -> bool:
        """Whether it, or anything that it started, runs."""
        if self.alive:
            return True
        # A number is not given away while a group of that name exists, so a group without its
        # leader is ours, unless the leader's number belongs to another process by now.
        return start_mark(self.pid) is None and _group_exists(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send ``number`` to the process itself, if it still runs."""
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to it and to all that it started; returns when they are gone."""
        if self.group_alive:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return
            self.wait(10)

    def wait(self, seconds: float) -> bool:
        """Wait until it is gone with all that it started; ``False`` when ``seconds`` were short."""
        end = time.monotonic() + seconds
        while self.group_alive:
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE)
        return True

    def stop(self, grace: float) -> bool:
        """SIGTERM, then SIGKILL after ``grace`` seconds; ``True`` when the first was enough."""
        self.signal(signal.SIGTERM)
        if self.wait(grace):
            return True
        self.kill()
        return False

    def log_tail(self, lines: int = 15) -> str:
        """The last lines of its log, for error messages."""
        return tail(Path(self.log), lines)

    def save(self, path: Path) -> None:
        """Remember it in ``path``, replaced at once."""
        replace_text(path, json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> Process | None:
        """The process remembered in ``path``, whether it runs or not; ``None`` for none."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None


@atexit.register
def _let_go() -> None:
    """What was started goes on by itself: Python need not warn of it at its end."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def spawn(
    name: str,
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Process:
    """Start ``command`` in a session of its own, its output appended to ``log``."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - commands of our own making
            list(command),
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[child.pid] = child
    return Process(name, child.pid, start_mark(child.pid) or "ended", str(log))


def start_mark(pid: int) -> str | None:
    """What tells this process from an earlier one of the same number; ``None`` for no process.

    On Linux the boot and the clock ticks since then (proc(5), field 22 of ``stat``), elsewhere
    what ``ps`` prints. A process that has ended but is not yet waited for counts as none.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return None if Path("/proc/self").exists() else _ps_mark(pid)
    fields = stat.rpartition(")")[2].split()  # the name before it may hold blanks
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _ps_mark(pid: int) -> str | None:
    done = subprocess.run(  # noqa: S603
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, started = done.stdout.strip().partition(" ")
    return started.strip() if started and not state.startswith("Z") else None


def _group_exists(group: int) -> bool:
    if not Path("/proc/self").exists():
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            fields = stat.rpartition(")")[2].split()
            if fields[0] not in "ZX" and int(fields[2]) == group:
                return True
    return False


def tail(path: Path, lines: int = 15) -> str:
    """The last ``lines`` lines of a log of any size; empty when there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64 * 1024))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def replace_text(path: Path, text: str, mode: int = 0o644) -> None:
    """Write ``path`` so that a reader sees the old or the new text, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)
