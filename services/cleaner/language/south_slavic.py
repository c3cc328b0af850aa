"""Bosnian, Croatian and Serbian in Latin script: one language by its sounds and grammar, told
apart by the reflex of the old vowel yat (Serbian *mesto, vreme*, the others *mjesto, vrijeme*) and
by words that one of the norms prefers.
"""

from __future__ import annotations

import re
from typing import Final

CODES: Final = frozenset({"bs", "hr", "sr"})

_WORD: Final = re.compile(r"[a-zčćđšž]{2,20}")
# Stems with yat, Serbian; the other two write je or ije there.
_EKAVIAN: Final = re.compile(
    r"(?:ne|po|za|u|iz|o|pre)?(?:mest|vreme[n]|vreme$|nedelj|čovek|dete$|dece$|svet(?:a|u|om|sk)|mleko|reč|reš|cel[aeiou]|"
    r"del[aou]|deo$|gde$|uvek$|pose[tć]|prime[rnć]|pobed|smen|ver(?:uj|ov)|sever|vlad|sneg|leto$|"
    r"proleć|veće|veća|pre$|prethodn|prevoz|posle$|ovde$|negde$|telo$|vest|bezbed|savet|uspe|"
    r"zahtev|zamen|sledeć|zvezd|lep[aeiou]|bele?ž|htel|videl|želel|trebal|razumel|živel)"
)
_IJEKAVIAN: Final = re.compile(r"[a-zčćđšž]*(?:ije|[dlmnpstvb]je)[a-zčćđšž]*")
_CROATIAN: Final = re.compile(
    r"(?:tjed[na]|tko$|nitko$|netko$|svatko$|tisuć|milijun|siječnj|veljač|ožujk|travnj|svibnj|"
    r"lipnj|srpnj|kolovoz|rujn|listopad|studeno|prosin[ca]|tijekom$|sveučiliš|glazb|zrakoplov|"
    r"europ|tvrtk|unatoč|stoljeć|promet|kazališ|nogometaš|općin|izvješć|uopće|suradnj|"
    r"gospodarstv|točk|kruh|vlak|ravnatelj|glasnogovorni)"
)
_BOSNIAN: Final = re.compile(
    r"(?:sedmic|hiljad|miliona?$|ko$|niko$|neko$|historij|saobraćaj|općin|uopće|januar|februar|"
    r"august|evrop|kantonal|uprkos|tokom$|fudbal|saopć|kahv|lahk|mehk|organizir|informis)"
)
_SERBIAN: Final = re.compile(
    r"(?:sedmic|hiljad|miliona?$|ko$|niko$|neko$|istorij|saobraćaj|opštin|uopšte|januar|februar|"
    r"avgust|evrop|uprkos|tokom$|fudbal|saopšt|kompanij|dinar|vazduh|hleb|voz$|šta$)"
)


def tell(text: str) -> dict[str, float]:
    """How far ``text`` speaks for each of :data:`CODES`: factors of likelihood, 1 for none."""
    words = _WORD.findall(text.lower())
    ekavian = sum(bool(_EKAVIAN.match(word)) for word in words)
    ijekavian = sum(bool(_IJEKAVIAN.match(word)) for word in words)
    croatian, bosnian, serbian = (
        sum(bool(pattern.match(word)) for word in words)
        for pattern in (_CROATIAN, _BOSNIAN, _SERBIAN)
    )
    yat = max(-6, min(6, ekavian - ijekavian))
    return {
        "sr": 2.0 ** (yat + min(serbian, 6)),
        "hr": 2.0 ** (-yat / 2 + min(croatian, 6)),
        "bs": 2.0 ** (-yat / 2 + min(bosnian, 6)),
    }
