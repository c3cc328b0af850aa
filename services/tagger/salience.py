"""How much an article is about an entity."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shared.events import Mention

# Shares of the three signs; they add up to 1. That title, first place and number of mentions
# tell most of an entity's salience: Dunietz & Gillick, "A New Entity Salience Task with Millions
# of Training Examples", EACL 2014. The shares are our own.
_TITLE, _POSITION, _FREQUENCY = 0.35, 0.3, 0.35


def salience(mentions: Sequence[Mention], length: int, most: int) -> float:
    """Salience in [0, 1] of an entity with ``mentions``.

    ``length`` is the text's, in code points; ``most`` the number of mentions of the entity that
    has most in this article.
    """
    in_title = any(mention.field == "title" for mention in mentions)
    first = 0 if in_title else min(mention.start for mention in mentions)
    position = 1 - first / max(length, 1)
    frequency = math.log1p(len(mentions)) / math.log1p(max(most, len(mentions)))
    value = _TITLE * in_title + _POSITION * position + _FREQUENCY * frequency
    return round(min(max(value, 0.0), 1.0), 4)
