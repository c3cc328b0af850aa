"""All errors that Wireroom raises on purpose, as one tree.

::

    WireroomError
    ├── TransientError          retried in place with backoff, bounded
    ├── PermanentError          this message can never succeed: to ``news.rejected``
    │   └── MessageTooLarge     an output exceeds its topic's limit
    ├── RejectionCapReached     too many rejections: the deployment is wrong, stop
    ├── SettingsError           a setting is missing or wrong; names the variable
    ├── QueryError              a search query cannot be understood
    ├── StoreError              the embedded store cannot be used
    └── ClusterError            a local server cannot be started or reached

Anything outside this tree that leaves a stage is a bug: the process ends and the message is
delivered again.
"""

from __future__ import annotations


class WireroomError(Exception):
    """Root of the tree."""


class TransientError(WireroomError):
    """May succeed when tried again: a server away, a time-out, a full queue."""


class PermanentError(WireroomError):
    """Will never succeed for this message.

    ``reason`` is a short stable code for counting (``invalid_json``); ``detail`` tells a person
    what is wrong with which part of the input.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[PermanentError], tuple[str, str]]:
        # Errors cross process boundaries (the pool); args must rebuild the same object.
        return (type(self), (self.reason, self.detail))


class MessageTooLarge(PermanentError):
    """An output is larger than its topic takes. ``reason`` is ``message_too_large``."""


class RejectionCapReached(WireroomError):
    """The share or the run of rejections passed its cap; nothing more is consumed."""


class SettingsError(WireroomError):
    """A setting is missing or wrong; the message names the environment variable."""


class QueryError(WireroomError):
    """A search query cannot be understood.

    ``position`` is the index of the character at fault, or ``None`` when no place is.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        place = "" if position is None else f" (at character {position + 1})"
        super().__init__(message + place)
        self.position = position


class StoreError(WireroomError):
    """The embedded store cannot be opened, is in use, or is of another version."""


class ClusterError(WireroomError):
    """A local server cannot be installed, started or reached."""
