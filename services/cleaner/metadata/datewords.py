"""Words and labels by which pages tell what a date is."""

from __future__ import annotations

import re
from typing import Final, Literal

Kind = Literal["", "published", "updated"]
"""What a date is of; empty where nothing tells."""

_UPDATED: Final = (
    "update", "modified", "revised", "edited", "reviewed", "changed", "aktualisier", "geändert",
    "änderung", "überarbeitet", "jour", "modifié", "màj", "maj", "actualizad", "actualización",
    "modificad", "modifica", "aggiornat", "aggiornamento", "atualizad", "atualização", "bijgewerkt",
    "gewijzigd", "uppdatera", "opdater", "oppdater", "endret", "päivitetty", "muokattu",
    "uuendatud", "muudetud", "atjaunots", "atnaujinta", "zaktualizowan", "aktualiz", "upraveno",
    "posodobljeno", "ažurirano", "izmijenjeno", "izmenjeno", "frissít", "frissült", "módosít",
    "güncelle", "yenilən", "обновлен", "обновлён", "изменен", "оновлен", "абноўлен", "актуализиран",
    "обновено", "ажурирано", "измењено", "ενημερώθηκε", "ενημέρωση", "nhật", "diperbarui",
    "dikemas", "actualitza", "actualizat", "eguneratua", "uuenda", "تحديث", "بروزرسانی",
    "עודכן", "अपडेट", "अद्यतन", "আপডেট", "yangilan",
)  # fmt: skip
_PUBLISHED: Final = (
    "published", "publish", "posted", "publication", "issued", "original", "created",
    "veröffentlicht", "erschienen", "publiziert", "erstellt", "publié", "paru", "ligne", "publicad",
    "publicación", "publicação", "pubblicat", "gepubliceerd", "geplaatst", "publicera", "udgivet",
    "offentliggjort", "publisert", "julkaistu", "avaldatud", "publicēt", "paskelbt", "opublikowan",
    "dodano", "publikován", "publikované", "vydáno", "zverejnené", "zveřejněno", "objavljeno",
    "megjelen", "közzétéve", "yayın", "опубликован", "публикац", "опубліков", "апублікав",
    "публикуван", "објављено", "објавено", "δημοσι", "đăng", "diterbitkan", "dipublikasikan",
    "dipublis", "publicat", "argitaratu", "birt", "نشر", "منتشر", "انتشار", "פורסם",
    "प्रकाशित", "প্রকাশ",
)  # fmt: skip
_NEITHER: Final = ("publisher", "publishing")
_TOKEN: Final = re.compile(r"[A-Z]{3,20}(?![a-z])|[^\W\d_][^\W\d_A-Z]{2,24}")
"""A word; pages write ``Jane DoeUpdated`` without a blank."""
_UNSPACED: Final = re.compile(
    r"(?P<updated>更新|修改|수정|업데이트|อัปเดต|แก้ไข|अपडेट|به[\u200c ]?روز)|"
    r"(?P<published>发布|發佈|發布|发表|公開|掲載|投稿|配信|입력|등록|게시|เผยแพร่|ลงประกาศ|प्रकाशित)"
)
"""Words of scripts that part words otherwise."""
_READ: Final = 300


def kinds(text: str) -> list[tuple[int, Kind]]:
    """The words of publication and change in ``text``, each with its place; 300 characters."""
    found: list[tuple[int, Kind]] = []
    for match in _TOKEN.finditer(text, 0, _READ):
        word = match[0].lower()
        if word.startswith(_UPDATED):
            found.append((match.start(), "updated"))
        elif word.startswith(_PUBLISHED) and not word.startswith(_NEITHER):
            found.append((match.start(), "published"))
        elif word == "stand" and text.startswith(":", match.end()):
            found.append((match.start(), "updated"))  # German: as of
    if not text.isascii():
        for match in _UNSPACED.finditer(text, 0, _READ):
            found.append((match.start(), "updated" if match["updated"] else "published"))
        found.sort()
    return found


DATE_LABEL: Final = re.compile(
    r"date|time|publish|posted|byline|dateline|meta\b|post-?info|article-?info|entry-|datum|fecha|"
    r"created|updated|kicker|eyebrow|author|credits?\b"
)
"""Class names of elements with the date of the article, or with what stands around it."""
UPDATED_LABEL: Final = re.compile(
    r"modif|changed|revis|last-?updat|updated[-_]{0,2}(?:at|on|date|time)|"
    r"(?:date|time)[-_]{0,2}updat"
)
"""``updated`` alone is any date of an entry in hAtom (http://microformats.org/wiki/hatom)."""
PUBLISHED_LABEL: Final = re.compile(
    r"publish(?!er)|pubdate|pub-date|posted(?![-_]{1,2}by)|created|issued|original"
)
ASIDE_LABEL: Final = re.compile(
    r"related|recommend|sidebar|side-bar|comment(?!ary)|reply|replies|popular|trending|latest|"
    r"most-?read|footer|read-?more|more-|see-?also|promo|carousel|slider|teaser|"
    r"\bcards?\b|card[_-]|up-?next|next-?post|prev|pagination|newsletter|caption|tweet|instagram|"
    r"archive|calendar|breaking|ticker|mega-?menu|\bnav\b|menu|cookie|current-?date|"
    r"today|edition|weather|event|issue|disclaimer|\bads?\b|copyright|legend|credit-?line"
)
"""Class names of what is no part of the article, or no statement about it."""
ASIDE_TAGS: Final = frozenset({
    "aside", "footer", "nav", "figure", "figcaption", "blockquote", "menu", "table", "form",
})  # fmt: skip
