"""Language tags as documents write them, as ISO 639-1 codes."""

from __future__ import annotations

import re
from typing import Final

_TAG: Final = re.compile(r"([a-zA-Z]{2,3})(?![a-zA-Z])")
# ISO 639-2 and 639-3 codes of languages that have a code of two letters, both forms of them.
_LONG: Final = {
    "afr": "af", "alb": "sq", "amh": "am", "ara": "ar", "arb": "ar", "arm": "hy", "aze": "az",
    "baq": "eu", "bel": "be", "ben": "bn", "bos": "bs", "bul": "bg", "bur": "my", "cat": "ca",
    "ces": "cs", "chi": "zh", "cmn": "zh", "cym": "cy", "cze": "cs", "dan": "da", "deu": "de",
    "dut": "nl", "ell": "el", "eng": "en", "est": "et", "eus": "eu", "fas": "fa", "fil": "tl",
    "fin": "fi", "fra": "fr", "fre": "fr", "geo": "ka", "ger": "de", "gle": "ga", "glg": "gl",
    "gre": "el", "guj": "gu", "heb": "he", "hin": "hi", "hrv": "hr", "hun": "hu", "hye": "hy",
    "ice": "is", "ind": "id", "isl": "is", "ita": "it", "jpn": "ja", "kan": "kn", "kat": "ka",
    "kaz": "kk", "khm": "km", "kir": "ky", "kor": "ko", "kur": "ku", "lao": "lo", "lav": "lv",
    "lit": "lt", "mac": "mk", "mal": "ml", "mar": "mr", "may": "ms", "mkd": "mk", "mon": "mn",
    "msa": "ms", "mya": "my", "nep": "ne", "nld": "nl", "nno": "nn", "nob": "no", "nor": "no",
    "pan": "pa", "per": "fa", "pol": "pl", "por": "pt", "pus": "ps", "ron": "ro", "rum": "ro",
    "rus": "ru", "sin": "si", "slk": "sk", "slo": "sk", "slv": "sl", "som": "so", "spa": "es",
    "sqi": "sq", "srp": "sr", "swa": "sw", "swe": "sv", "tam": "ta", "tel": "te", "tgl": "tl",
    "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "uzb": "uz", "vie": "vi", "wel": "cy",
    "yue": "zh", "zho": "zh", "zsm": "ms", "zul": "zu",
}  # fmt: skip
# Codes that were replaced, countries that are written for languages, and variants of one code.
_OTHER: Final = {
    "iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "nb": "no", "sh": "sr",
    "cn": "zh", "jp": "ja", "cz": "cs", "dk": "da", "gr": "el", "ua": "uk",
}  # fmt: skip


def declared(tag: str) -> str | None:
    """The ISO 639-1 code of a language tag (``en-GB``, ``zh_Hant``, ``deu``), or ``None``.

    Norwegian is ``no``, whichever of its codes was written, but ``nn`` stays.
    """
    match = _TAG.match(tag.strip()[:40])
    if match is None:
        return None
    code = match[1].lower()
    if len(code) == 3:
        return _LONG.get(code)
    return _OTHER.get(code, code)
