"""Words and labels by which pages tell what a date is."""

from __future__ import annotations

import re
from typing import Final

UPDATED: Final = re.compile(
    r"updated|(?<![^\W\d_])(?:update|modified|revised|edited|reviewed|changed)\b|"
    r"(?<![^\W\d_])(?:aktualisier\w+|geändert|überarbeitet|letzte änderung|mise? à jour|"
    r"modifié\w*|màj|maj le|actualizad\w+|actualización|modificad\w+|aggiornat\w+|"
    r"ultima modifica|atualizad\w+|bijgewerkt|gewijzigd|uppdatera\w+|opdateret|oppdatert|"
    r"sist endret|päivitetty|uuendatud|atjaunots|atnaujinta|zaktualizowan\w+|aktualizacja|"
    r"aktualizován\w+|aktualizované|"
    r"posodobljeno|ažurirano|izmijenjeno|frissítve|módosítva|güncellen?me|güncellendi|"
    r"son güncelleme|"
    r"yenilənib|обновлен\w+|изменено|оновлено|абноўлена|актуализиран\w+|обновено|ажурирано|"
    r"ενημερώθηκε|ενημέρωση|cập nhật|diperbarui|dikemas ?kini|actualitzat|actualizat|eguneratua)\b|"
    r"تحديث|به[\u200c ]?روز|עודכן|अपडेट|अद्यतन|আপডেট|更新|修改|수정|업데이트|อัปเดต|แก้ไข",
    re.IGNORECASE,
)
"""Of a change after publication."""
PUBLISHED: Final = re.compile(
    r"published|posted|(?<![^\W\d_])(?:publication date|publish date|released|issued|original|"
    r"created)\b|"
    r"(?<![^\W\d_])(?:veröffentlicht|erschienen|publiziert|erstellt|publiée?|paru|mis en ligne|"
    r"publicad[oa]|publicación|pubblicat[oa]|gepubliceerd|geplaatst|publicera[dt]|publicerades|udgivet|"
    r"offentliggjort|publisert|julkaistu|avaldatud|publicēts|paskelbta|opublikowan\w+|dodano|"
    r"publikován\w+|vydáno|zverejnené|publikované|objavljeno|megjelent|közzétéve|yayın\w*|"
    r"опубликован\w+|дата публикации|опубліковано|апублікавана|публикуван\w+|објављено|објавено|"
    r"δημοσιεύθηκε|δημοσιεύτηκε|δημοσίευση|ngày đăng|đăng lúc|diterbitkan|dipublikasikan|"
    r"publicat|argitaratua|birt)\b|"
    r"نشر|منتشر|انتشار|פורסם|प्रकाशित|প্রকাশ|发布|發布|發佈|发表|公開|掲載|投稿|配信|입력|등록|게시|"
    r"เผยแพร่|ลงประกาศ",
    re.IGNORECASE,
)
"""Of publication."""
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
