"""What clings to scraped pages: one line at a time, told by its form and its few usual words.

Patterns are anchored and free of nested repetition, so that no line takes long. They are in lower
case and are asked of the line in lower case (:func:`_lowered`): letters that case does not change
are told apart by one look at each alternative's first, which is several times as fast.
"""

from __future__ import annotations

import re
from enum import Enum

from services.cleaner.dates.reading import MONTH
from services.cleaner.plain.appeals import asks_for_money
from services.cleaner.plain.phrases import group_of


class Kind(Enum):
    """What a line is, when it is no part of an article."""

    MENU = "menu"
    """Skip links, log-in, share buttons, cookie notices, legal lines."""
    ADVERT = "advertisement"
    END = "list of other articles"
    """Begins what follows an article: related and latest articles, comments, newsletters."""
    COMMENTS = "comments"
    """Begins the readers' comments or is their form: no article goes on after it."""
    APPEAL = "appeal"
    """Asks the reader for money or a subscription."""
    BYLINE = "byline"
    DATE = "date"
    SOURCE = "source"
    """Names where the story was first published."""
    TOPICS = "topics"
    URL = "address"
    CREDIT = "photo credit"
    """Who took the photograph."""
    LINK = "link to another article"
    """Points at another article: "Read more: …"."""
    MAIL = "mail"
    """A mail's header, signature or footer."""
    PAGE = "page number"
    QUOTED = "quoted mail"
    """Begins the mail that this one answers."""
    VALUE = "counter or button"
    """A counter or a button on a page, but a cell or a quoted line in an article alone."""


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives))


_MENU = _any(
    r"^(?:skip|jump) to\b.{0,60}$",
    r"^(?:main |primary |site |mobile )?(?:menu|navigation|search|close|open|toggle\b.{0,30}|"
    r"home|sections?|more|back|top|next|previous|prev)$",
    r"^(?:sign|log) ?(?:in|out|up)\b.{0,30}$",
    r"^(?:register|subscribe|login|logout|my (?:account|profile)|newsletters?|podcasts?|e-?paper|"
    r"rss)$",
    r"^(?:share|tweet|pin|email|e-?mail|print|copy link|save|like|facebook|twitter|x|linkedin|"
    r"whatsapp|reddit|pinterest|telegram|flipboard|tumblr|messenger|instagram|youtube|tiktok|"
    r"threads|bluesky|link|comment|bookmark|gift|listen|play|pause|mute|reply|report|edit|follow|"
    r"following|subscribe now|read more|show more|load more|see more|view more|view all|see all|"
    r"more|copied!?|link copied!?)(?: (?:this|on|via|to|the|article|story|post|page|facebook|"
    r"twitter|x|linkedin|whatsapp|email|now|link|us|all|comments?)){0,4}$",
    r"^(?:click|tap) (?:here )?to (?:share|print|email|copy|open|expand|enlarge|view)\b.{0,80}$",
    r"^share (?:this|on|via|with)\b.{0,25}$",
    r"^(?:privacy policy|terms (?:of (?:use|service)|and conditions|& conditions)|cookie "
    r"(?:policy|settings|preferences)|contact us|about us|advertise(?: with us)?|accessibility|"
    r"careers|help|sitemap|feedback|do not sell.{0,50})$",
    r"^(?:we use|this (?:web)?site uses) cookies\b.{0,400}",
    r"^(?:copyright\s(?:©|\(c\)|by\b|\d{4})|©|\(c\)\s?(?:copyright|\d{4})).{0,200}$",
    r"^all rights reserved\b.{0,80}$",
    r"^\W*\d{1,6} ?(?:comments?|shares?|views?|likes?|replies|min(?:ute)?s? read|"
    r"min(?:ute)?s?)\W*$",
    r"^(?:estimated )?(?:reading time|read time|time to read)\b.{0,30}$",
    r"^(?:you are here\b|home\s*[>/»›→|]).{0,200}$",
    r"^(?:accept|reject|accept all|manage|ok|got it|continue|dismiss|cancel|submit|send|go|"
    r"loading\W*)$",
    r"^(?:image|photo|video|audio|gallery|play video|watch|listen to (?:this )?(?:article|story)|"
    r"enlarge(?: this image)?|hide caption|toggle caption|view (?:image|gallery).{0,20}|full "
    r"?screen|advertiser disclosure)$",
    r"^(?:(?:follow|like|join|find) (?:us|me|him|her|them)|follow \w+ \w+) on\b.{0,80}$",
    r"^\[?(?:image|img|iframe|embed|video|advert|ad)\b[^\]]{0,60}\]$",
    r"^(?:tags|filed under|categories|share this(?: article| post| story)?)\W*$",
    r"^table of contents$|^(?:in this article|contents|on this page|jump to)\W?$",
)
_ADVERT = _any(
    r"^\W*(?:ad|ads|advert|adverts|advertisement|advertisements|advertising|sponsored|sponsored "
    r"content|paid content|promoted|promotion|anzeige|werbung|publicité|publicidad|annonce)\W*$",
    r"^\W*(?:advert|advertisement)\b.{0,12}(?:spot_?img|banner|continue|scroll|story)\b.{0,60}$",
    r"^(?:article|story) continues (?:below|after)\b.{0,40}$",
    r"^(?:continue reading|scroll)\b.{0,20}(?:below|advert|ad\b|story).{0,20}$",
    r"^(?:remove|report|hide|skip|close) (?:this )?ads?(?:vert)?$",
)
_SPOT = re.compile(r"\bspot_img\b")
_END = _any(
    r"^\W*(?:related|similar|latest|recommended|popular|trending|featured|recent|other|top|more|"
    r"further|most (?:read|popular|viewed|shared|watched))"
    r"(?: (?:on|in|from|about|by|for|of|the|this|our|news|top|latest|popular|recent|related|you|"
    r"your|may|might|also|like|world|local|\w+ly)){0,4}"
    r"(?:| (?:articles?|stor(?:y|ies)|posts?|news|reads?|reading|content|topics?|links?|"
    r"headlines?|coverage|videos?|items?|pages?|resources?|blogs?|searches|insights|guides))\W*$",
    r"^\W*(?:you (?:may|might) (?:also )?(?:like|enjoy|be interested)|also (?:read|see|in|on)|"
    r"read (?:next|also)|up next|what to read next|don['’]?t miss|editors?['’]?s?['’]? picks?$|"
    r"must[- ]reads?|around the web|from (?:around )?the web|recommended for you|we recommend|"
    r"more (?:from|in|on|like|about)\b.{0,50}|in case you missed it|explore more|keep reading|"
    r"next (?:post|article|story|up)|previous (?:post|article|story)|post navigation|"
    r"continue exploring|more to explore|see also|people are also reading|comments? on this story|"
    r"from our (?:partners|sponsors)|sponsored (?:links|stories)|today['’]s (?:top )?(?:news|"
    r"stories|headlines)|"
    r"stay (?:up to date|informed|connected|in touch)|get in touch|contact us today)\b"
    r"(?:.{0,60}[^.]|)$",
    r"^\W*(?:about|meet|written by) the authors?\b.{0,60}$",
    r"^\W*(?:sign up|subscribe|get|join)\b.{0,80}\b(?:newsletters?|inbox|mailing list|email list|"
    r"e-?mails?|updates|alerts)\b.{0,120}$",
    r"^\W*(?:references|footnotes|bibliography)\W*$",
)  # fmt: skip
_COMMENTS = _any(
    r"^\W*(?:leave|post|add|write|submit|join)(?: us| in)? (?:a |your |the )?(?:comment|reply|"
    r"conversation|discussion|response)s?\b.{0,60}$",
    r"^\W*(?:view|show|load|hide|read|see|sort)(?: all| the|)? ?(?:\d{1,6} )?comments?\b.{0,40}$",
    r"^\W*(?:\d{1,6} )?(?:comments?|responses?|thoughts|replies)(?: \(\d{1,6}\)|)\W*$",
    r"^\W*\d{1,6} (?:comments?|responses?|thoughts|replies) (?:on|to)\b.{0,120}$",
    r"^\W*(?:comments? (?:are|is|have been) (?:closed|disabled|off|moderated)|no comments(?: "
    r"yet)?|be the first to comment|have your say|"
    r"share or comment on this article)\b.{0,200}$",
    r"^please enter (?:your|a|an)\b.{0,60}$",
    r"^(?:your )?(?:e-?mail address|name|website|comment|e-?mail)\W{0,3}(?:\*|\(required\)|will "
    r"not be published.{0,20}|:)\W{0,3}$",
    r"^your e-?mail address will not be published\b.{0,80}$",
    r"^required fields are marked\b.{0,20}$",
    r"^save my name, e-?mail\b.{0,120}$",
    r"^(?:cancel reply|post comment|submit comment|notify me of\b.{0,60}|you must be logged "
    r"in\b.{0,60}|log in to (?:leave|comment|reply)\b.{0,40})$",
)
_DOUBTFUL = _any(r"^.{2,60}\bsays:$", r"^what do you think\?$")
_CAPTION_END = re.compile(
    rf"\b(?:on|in)\s(?:\w{{3,6}}day,\s)?{MONTH}\s\d{{1,2}},\s\d{{4}}"
    r"(?:,?\s(?:in|at|near)\s[^.!?]{2,60})?\.?(?:\s\([^)]{2,80}\))?$",
    re.IGNORECASE,
)
_PAST = re.compile(r"\b(?:was|were|had|has|have|said|is|are|will|would|\w+ed)\b", re.IGNORECASE)
_PRESENT = re.compile(r"\b[a-z]{2,}s\b")
_MAIL = _any(
    r"^(?:from|to|cc|bcc|reply-to|sent|von|an|gesendet|de|à|para|от|кому)\s?:\s.{0,80}\S@\S.{0,120}$",
    r"^(?:you(?:['’]re| are| have)?|this (?:e-?mail|message|newsletter) (?:was|is being)|"
    r"why did i) (?:sent|getting?|receiv(?:e|ed|ing))\b.{0,60}\b(?:because|e-?mail|newsletter|"
    r"subscri\w+|this)\b.{0,160}$",
    r"^(?:view|open|read|see) (?:this|it|the)(?: e-?mail| message| newsletter)?(?: online)? in "
    r"(?:your|a|the) (?:web )?browser\b.{0,20}$",
    r"^(?:forward (?:this )?(?:to|e-?mail|newsletter)\b.{0,30}|forward to a friend|"
    r"(?:click here to )?unsubscribe\b.{0,80}|(?:update|manage) (?:your )?(?:e-?mail )?"
    r"(?:preferences|subscriptions?)\b.{0,40}|sent from my \w+.{0,20})$",
    r"^(?:newsletter )?(?:abbestellen|abmelden|se désabonner|se désinscrire|darse de baja|"
    r"cancelar (?:la )?suscripción|отписаться|відписатися|cancelar inscrição|disiscriviti)"
    r"\b.{0,60}$",
)
_QUOTED_REPLY = _any(
    r"^(?:on|am|le|el|il|em)\s.{6,120}\s(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu)"
    r"(?: .{1,60})?\s?:$",
    r"^-{2,8}\s?(?:original message|forwarded message|ursprüngliche nachricht|message d'origine|"
    r"mensaje original|исходное сообщение)\s?-{2,8}$",
)
_PAGE_NUMBER = re.compile(
    r"^\W{0,3}(?:(?:page|p\.|seite|página|pagina|strona|стр\.|страница|сторінка|sayfa|sida)\s?)?"
    r"(?P<number>\d{1,4})(?:\s?(?:of|von|de|di|/|из|z|av|sur)\s?\d{1,4})?\W{0,3}$|"
    r"^第\s?(?P<wide>\d{1,4})\s?[页頁ページ]{1,3}$",
    re.IGNORECASE,
)
_VALUE = _any(r"^[\d\s/|.:–-]{1,12}$", r"^(?:yes|no|n/?a)$", r"^>{1,3} ?.{0,160}$")
_TAIL_WORDS = re.compile(
    r"\b(?:cookies?|third[- ]part(?:y|ies)|privacy (?:policy|notice)|terms (?:of (?:use|service)|"
    r"and conditions)|all rights reserved|affiliate (?:commission|links?)|earn (?:a|an) "
    r"(?:small )?(?:affiliate )?commission|unsubscribe|opt[- ]out|personal information|"
    r"past performance|not (?:intended as )?(?:financial|legal|medical) advice|newsletter|"
    r"has been a (?:writer|reporter|journalist)|may be reached at|can be reached at|"
    r"joined .{2,30} in (?:19|20)\d\d|registered (?:trademark|in)|creative commons)\b",
    re.IGNORECASE,
)
_APPEAL = _any(
    r"^(?:if you(?:'d| would)? (?:like|want|wish) to|to|you can|please|help us|help|click here "
    r"to)\b.{0,60}\b(?:donate|donation|support (?:us|our)|contribute (?:to|now|today|here)|make a "
    r"(?:gift|contribution))\b",
    r"^(?:please )?(?:donate|give (?:today|now|monthly|generously)|support us|make a "
    r"(?:tax-deductible )?(?:donation|gift)|become a (?:member|supporter|subscriber|"
    r"patron))\b.{0,80}$",
    r"^(?:subscribe|sign up|register)\b.{0,30}\b(?:to|for) (?:continue|read|access|unlock|get|"
    r"receive|our|the)\b.{0,120}$",
)
_JOURNALISM = re.compile(r"\bsupport (?:our|independent|quality) journalism\b")
_SOURCE = re.compile(
    r"^(?:source|quelle|fuente|fonte|источник|джерело|来源|via|"
    r"originally (?:published|appeared) (?:on|in|at)|this (?:article|story|post) "
    r"(?:was )?(?:originally|first) (?:published|appeared) (?:on|in|at|"
    r"by))\s*(?::|：|(?<=[a-z])(?=\s))\s*(?P<name>\S.{0,100})$",
)
_SOURCES = re.compile(
    r"^(?:sources(?: for this (?:article|story))?(?: include)?\s*:|source\s*:\s*https?://)",
)
_TOPICS = re.compile(
    r"^(?:topics?|tags?|tagged(?: with| as| in)?|filed (?:under|in)|categor(?:y|ies)|keywords|"
    r"posted in|more on|related topics)\s*(?::|\s-\s)\s*(?P<names>\S.{0,400})$",
)
_URL = re.compile(r"^\W{0,3}(?:https?://|www\.|pic\.twitter\.com/)\S+$")
_CREDIT = _any(
    r"^\W*(?:photo(?:graph)?s?|image|picture|illustration|video (?:credit|by|via|"
    r"courtesy)|credit:|photo credit|image credit|image source|photo illustration|cover image|"
    r"featured image)s?(?: credit)?(?: by| via| "
    r"courtesy(?: of)?|:|/).{1,120}$",
    r"^(?:©|\(c\)).{1,100}$",
)
_TAKEN_FROM = _any(
    r"^.{0,80}(?:/|\bvia )(?:getty(?: images)?|ap(?: photo)?|afp|reuters|shutterstock|"
    r"istock(?:photo)?|unsplash|alamy|epa)\b.{0,40}$",
)
_LINK = _any(
    r"^\W*(?:read (?:more|also|next|the full\b.{0,30})|also read|see also|see more|related|more|"
    r"watch|listen|don't miss|recommended|must read|learn more|(?:up )?next|next up|related "
    r"(?:article|story|post|content)|(?:à )?lire aussi|lesen sie auch|(?:lee|lea) "
    r"también|leggi anche|leia também|lees ook|czytaj (?:także|też)|читайте (?:также|також)|"
    r"ilgili haber|läs också|اقرأ أيضا|相关阅读|関連記事)\s*[:：|»>›→]\s*\S.{0,200}$",
    r"^(?:click|tap) here\b.{0,100}$",
)


_GROUPS = {
    "menu": Kind.MENU, "advert": Kind.ADVERT, "end": Kind.END, "comments": Kind.COMMENTS,
}  # fmt: skip


def _lowered(line: str) -> str:
    """``line`` in lower case, as long as it was and as a pattern that ignores case sees it."""
    if line.isascii():
        return line.lower()
    return line.replace("İ", "i").lower().replace("ı", "i").replace("ſ", "s")


def kind_of(line: str) -> Kind | None:
    """What furniture ``line`` (stripped) is, or ``None``. Long lines are prose, but for appeals."""
    if len(line) > 420:
        return None
    labelled = group_of(line)
    if labelled is not None:
        return _GROUPS[labelled]
    low = _lowered(line)
    if _URL.match(low):
        return Kind.URL
    if _ADVERT.match(low) or ("spot_img" in low and _SPOT.search(low)):
        return Kind.ADVERT
    if _COMMENTS.match(low):
        return Kind.COMMENTS
    if _QUOTED_REPLY.match(low):
        return Kind.QUOTED
    if _TOPICS.match(low):
        return Kind.TOPICS
    if (_SOURCES.match(low) and len(low) < 200) or _source(line, low):
        return Kind.SOURCE
    if _MAIL.match(low):
        return Kind.MAIL
    if _MENU.match(low):
        return Kind.MENU
    if _LINK.match(low):  # before END: a list of articles begins where no title follows
        return Kind.LINK
    if _END.match(low):
        return Kind.END
    if _APPEAL.match(low) or ("journalism" in low and _JOURNALISM.search(low)):
        return Kind.APPEAL
    if asks_for_money(line):
        return Kind.APPEAL
    if _CREDIT.match(low) or (("/" in low or "via " in low) and _TAKEN_FROM.match(low)):
        return Kind.CREDIT
    return Kind.VALUE if _VALUE.match(low) else None


def may_be_comment(line: str) -> bool:
    """Whether ``line`` is as likely a reader's comment's as an article's: one proves nothing."""
    return _DOUBTFUL.match(_lowered(line)) is not None


def page_number(line: str) -> int | None:
    """The number that ``line`` is, if it may be a page's: one alone proves nothing."""
    match = _PAGE_NUMBER.match(line) if len(line) <= 40 else None
    return int(match["number"] or match["wide"]) if match else None


def is_caption(line: str) -> bool:
    """Whether a line is a picture's caption as agencies write it: one sentence in the present, with
    the full date at its end: "Ann Lee opens the new pier, on March 3, 2021, in Lindvik."."""
    if len(line) > 400:
        return False
    end = _CAPTION_END.search(line, max(0, len(line) - 160))
    if end is None or ". " in line[: end.start()]:
        return False
    said = line[: end.start()]
    return _PRESENT.search(said) is not None and _PAST.search(said) is None


def is_small_print(paragraph: str) -> bool:
    """Whether a paragraph talks of consent, rights, commissions or its writer's career."""
    return len(paragraph) <= 1_200 and _TAIL_WORDS.search(paragraph) is not None


def topics_of(line: str) -> list[str]:
    """The topics that a line ``Topics: a, b`` names."""
    match = _TOPICS.match(_lowered(line))
    if not match:
        return []
    names = re.split(r"\s*[,;|•·#]\s*", line[match.start("names") : match.end("names")])
    return [name.strip() for name in names if 1 < len(name.strip()) <= 60]


def source_of(line: str) -> str | None:
    """The publication that a line ``Source: NAME`` names."""
    return _source(line, _lowered(line))


def _source(line: str, low: str) -> str | None:
    match = _SOURCE.match(low)
    if not match or _URL.match(match["name"]):
        return None
    name = line[match.start("name") : match.end("name")].strip(' ."“”')
    return name if len(name.split()) <= 7 else None
