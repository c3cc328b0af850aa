"""Words that :mod:`services.deduplicator.anchors` knows. All folded: small, names cut."""

from __future__ import annotations

from typing import Final

_LETTERS: Final = 5

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"

NUMBERS: Final = {
    **{word: value for value, word in enumerate(_UNITS.split())},
    **{word: 10 * tens for tens, word in enumerate(_TENS.split(), start=2)},
}
"""Numbers in words."""

SCALES: Final = {
    "hundred": 100,
    "thousand": 1000,
    "k": 1000,
    "million": 1_000_000,
    "mn": 1_000_000,
    "m": 1_000_000,
    "billion": 1_000_000_000,
    "bn": 1_000_000_000,
    "trillion": 1_000_000_000_000,
}

_NO_NAMES = (
    "a about above according across additionally after again against all almost along already "
    "also although always amid among an and another any anyone anything are around as asked at "
    "away back based because been before behind being below beside besides between beyond both "
    "but by can clearly could despite did do does don't during each earlier early either else "
    "even ever every everyone everything except few finally first following for former "
    "formerly from fortunately further furthermore generally given had has have he he'd he'll "
    "he's hence her here his how however i i'd i'll i'm i've if in indeed initially inside "
    "instead into is it it'll it's its itself just last lastly later like likewise many maybe "
    "meanwhile more moreover most much my naturally near nearly never nevertheless new next no "
    "nobody none nonetheless nor not nothing notably now obviously of off often on once one "
    "only or originally other others otherwise our out over overall own perhaps please "
    "possibly previously prior probably rather read recently regarding said sadly second "
    "several shall she she's should similarly since so some someone something sometimes soon "
    "still such than thanks that that's the their them then there there's thereafter therefore "
    "these they they'd they'll they're they've third this those though through throughout thus "
    "to today together tomorrow too toward towards under unfortunately unlike until up upon us "
    "very was we we'd we'll we're we've well were what what's whatever when whenever where "
    "whereas whether which while who whoever whole whom whose why will with within without "
    "would yes yesterday yet you you'll you're you've your president mr mrs ms dr sir"
)

NO_NAMES: Final = frozenset(word[:_LETTERS] for word in _NO_NAMES.split())
"""Words that begin sentences, and titles, which rewriters add and leave out."""

_WIDESPREAD = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december u.s us usa u.s.a uk u.k eu un states "
    "united america american britain british english england europe european russia russian "
    "china chinese france french germany german india indian israel israeli japan japanese "
    "iran iraq african africa asia asian australia canada washington london paris moscow "
    "beijing york house senate congress democrats republicans democratic republican party "
    "government court police state ministry minister union nations kingdom university "
    "committee department secretary national international biden trump obama clinton putin "
    "covid covid-19 coronavirus reuters ap afp bbc cnn times post news twitter facebook google "
    "instagram youtube god christmas internet north south east west central street city county"
)

WIDESPREAD: Final = frozenset(word[:_LETTERS] for word in _WIDESPREAD.split())
"""Names that stand in a great many texts."""
