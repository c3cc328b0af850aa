"""Where the files under ``deploy/`` are: beside the packages in a checkout, inside in a wheel."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent
_ROOTS = (_HERE.parent / "deploy", _HERE / "deploy")


def deploy_path(*parts: str) -> Path:
    """The path of a shipped deployment file; raises :class:`FileNotFoundError` naming it."""
    for root in _ROOTS:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"deploy/{'/'.join(parts)} is not part of this installation")
