"""The labels of many models, told as our types."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from shared.events import EntityType

_NAMES: Final[dict[EntityType, str]] = {
    # Apart from the usual ones those of NKJP (Polish), SUC (Swedish), NorNE, RONEC and KLUE.
    "PER": "PER PERSON PERS PRS PS PERSNAME PERSONNAME DERIV_PER",
    "ORG": "ORG ORGANIZATION ORGANISATION ORGNAME OG CORP CORPORATION COMPANY GRP POLITICALPARTY",
    "LOC": "LOC LOCATION GPE GPE_LOC GPE_ORG GEO GEO-LOC PLACE PLACENAME GEOGNAME LC CITY COUNTRY",
    "EVENT": "EVENT EVENTS EVN EVT EVE ELECTION",
    "NORP": "NORP NAT_REL_POL NATIONALITY",
    "PRODUCT": "PRODUCT PROD OBJ",
    "FACILITY": "FAC FACILITY BUILDING",
    "MISC": "MISC MISCELLANEOUS WORK_OF_ART WRK CW LAW",
}
_TYPES: Final = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BEFORE: Final = re.compile(r"([BIESLUM])[-_](.+)", re.DOTALL)
_BEHIND: Final = re.compile(r"(.+)[-_]([BIESLUM])", re.DOTALL)


def type_of(label: str) -> EntityType | None:
    """Our type for what a model calls ``label``; ``None`` for what is no name (dates, amounts)."""
    return _TYPES.get(label.strip().upper())


class Tag(NamedTuple):
    """What a label says of a token: its type, and whether a name begins or ends there for sure."""

    type: EntityType | None
    begins: bool = False
    ends: bool = False


def tag_of(label: str) -> Tag:
    """``label`` of a scheme of tokens: BIO, BIOES, BILOU, or no more than the type."""
    kind = type_of(label)
    if kind is not None:
        return Tag(kind)
    for pattern, place, name in ((_BEFORE, 1, 2), (_BEHIND, 2, 1)):
        found = pattern.fullmatch(label.strip().upper())
        if found is not None:
            letter = found[place]
            kind = type_of(found[name])
            if kind is not None:
                return Tag(kind, letter in "BSU", letter in "ESLU")
    return Tag(None)


def known(labels: Iterable[str]) -> dict[str, EntityType]:
    """Those of ``labels`` that tell of names, with their types."""
    return {label: kind for label in labels if (kind := tag_of(label).type) is not None}
