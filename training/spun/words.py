"""Words and what spinners put in their place. Written for this; no thesaurus was copied.

The odd ones are meant: spinning software takes any meaning of a word.
"""

from __future__ import annotations

_WORDS = """
said: stated, remarked, noted, declared; says: states, remarks, notes; told: informed, notified
announced: revealed, made public, declared; asked: requested, inquired; called: termed, dubbed
added: continued, went on; reported: documented, recounted; claimed: asserted, maintained
warned: cautioned, alerted; showed: demonstrated, displayed; shown: demonstrated, displayed
shows: demonstrates, displays; show: demonstrate, display; explained: clarified, spelled out
people: individuals, folks, persons; man: gentleman, male; woman: lady, female; men: males
women: ladies, females; child: youngster, kid; children: youngsters, kids, minors
family: household, relatives; friend: companion, pal; friends: companions, pals
country: nation, state; countries: nations, states; city: municipality, metropolis
town: township, settlement; world: globe, planet; government: administration, authorities
leader: chief, head; leaders: chiefs, heads; official: functionary, authority
officials: functionaries, authorities; company: firm, business, enterprise
companies: firms, businesses, enterprises; worker: employee, laborer; workers: employees, staff
job: position, occupation; jobs: positions, occupations; money: cash, funds; price: cost, rate
prices: costs, rates; market: marketplace, bazaar; law: legislation, statute; laws: statutes
court: tribunal, courtroom; judge: magistrate, justice; police: law enforcement, cops
officer: constable, agent; officers: constables, agents; attack: assault, strike
attacks: assaults, strikes; war: conflict, warfare; fight: battle, struggle
killed: slain, murdered; died: perished, passed away; dead: deceased, lifeless
death: demise, passing; deaths: fatalities; injured: wounded, hurt; soldiers: troops, warriors
army: military, armed force; weapon: armament, firearm; weapons: armaments, firearms
bomb: explosive, bombshell; fire: blaze, inferno; accident: mishap, crash; car: vehicle, automobile
cars: vehicles, automobiles; house: home, residence; home: residence, dwelling
homes: residences, dwellings; building: structure, edifice; buildings: structures, edifices
street: road, avenue; road: highway, roadway; school: academy, educational institution
schools: academies; student: pupil, learner; students: pupils, learners
teacher: educator, instructor; teachers: educators, instructors; hospital: clinic, medical center
doctor: physician, medic; doctors: physicians, medics; patient: sufferer; patients: sufferers
disease: illness, ailment; health: wellbeing, wellness; drug: medication, medicine
drugs: medications, medicines; study: examination, investigation; research: inquiry, exploration
scientists: researchers; researchers: scientists, analysts; report: account, statement
reports: accounts, statements; plan: scheme, strategy; plans: schemes, strategies
problem: issue, difficulty; problems: issues, difficulties; question: query, inquiry
questions: queries, inquiries; answer: reply, response; idea: notion, concept
ideas: notions, concepts; way: manner, method; ways: manners, methods; thing: item, matter
things: items, matters; part: portion, segment; parts: portions, segments; place: spot, location
places: spots, locations; area: region, zone; areas: regions, zones; time: period, moment
times: occasions, instances; year: twelvemonth; years: a long time, seasons; week: seven days
day: daytime; days: daytimes; night: evening; month: four weeks; hour: sixty minutes
hours: stretches; moment: instant, second; start: beginning, onset; started: commenced, began
begin: commence, start; began: commenced, started; end: finish, conclusion
ended: finished, concluded; stop: halt, cease; stopped: halted, ceased; continue: carry on, proceed
continued: carried on, proceeded; continues: carries on, proceeds; help: assist, aid
helped: assisted, aided; helping: assisting, aiding; support: backing, assistance
need: require, necessitate; needs: requires, necessitates; needed: required, necessitated
want: wish, desire; wants: wishes, desires; wanted: wished, desired; get: obtain, acquire
got: obtained, acquired; getting: obtaining, acquiring; give: provide, offer
gave: provided, offered; given: provided, offered; giving: providing, offering; take: grab, seize
took: grabbed, seized; taken: grabbed, seized; taking: grabbing, seizing; make: create, produce
made: created, produced; makes: creates, produces; making: creating, producing
use: utilize, employ; used: utilized, employed; using: utilizing, employing
uses: utilizes, employs; find: discover, locate; found: discovered; see: observe, witness
saw: observed, witnessed; seen: observed, witnessed; look: glance, peek; looking: glancing, gazing
know: understand, recognize; known: recognized, understood; knew: understood, recognized
think: believe, suppose; thought: believed, supposed; believe: consider, reckon
believes: considers, reckons; feel: sense, experience; felt: sensed; keep: maintain, retain
kept: maintained, retained; keeping: maintaining, retaining; leave: depart, exit
left: departed, exited; leaving: departing, exiting; go: travel, proceed; went: traveled, proceeded
going: traveling, heading; come: arrive, approach; came: arrived, appeared
coming: arriving, approaching; move: shift, relocate; moved: shifted, relocated; work: labor, toil
working: laboring, toiling; worked: labored, toiled; play: perform, engage
played: performed, engaged; run: operate, sprint; running: operating, sprinting
try: attempt, endeavor; tried: attempted, endeavored; trying: attempting, endeavoring
buy: purchase, acquire; bought: purchased, acquired; sell: vend, market; sold: vended, marketed
pay: compensate, remit; paid: compensated, remitted; spend: expend, disburse
spent: expended, disbursed; build: construct, erect; built: constructed, erected
building: constructing; open: unlock, accessible; opened: unlocked, launched; close: shut, near
closed: shut, sealed; grow: expand, increase; growing: expanding, increasing
grew: expanded, increased; increase: rise, boost; increased: risen, boosted
reduce: decrease, lessen; reduced: decreased, lessened; change: alter, modify
changed: altered, modified; changes: alterations, modifications; allow: permit, let
allowed: permitted, let; allows: permits, lets; include: incorporate, comprise
including: incorporating, counting; includes: incorporates, comprises
become: turn into, grow to be; became: turned into, grew to be; happen: occur, take place
happened: occurred, took place; seem: appear, look; seems: appears, looks; remain: stay, persist
remains: stays, persists; remained: stayed, persisted; return: come back, go back
returned: came back, went back; reach: attain, arrive at; reached: attained, arrived at
lead: guide, conduct; led: guided, conducted; lost: misplaced, forfeited; lose: forfeit, misplace
win: triumph, prevail; won: triumphed, prevailed; meet: encounter, gather
met: encountered, gathered; meeting: gathering, session; agreed: consented, concurred
agreement: accord, pact; deal: arrangement, bargain; decision: ruling, determination
decided: determined, resolved; choose: select, pick; chosen: selected; create: craft, generate
created: crafted, generated; send: dispatch, transmit; sent: dispatched; bring: convey, carry
brought: conveyed, carried; hold: grip, grasp; held: gripped, grasped; set: established, fixed
put: placed, positioned; turn: rotate, spin; turned: rotated, spun; forced: compelled, obliged
force: power, strength; forces: powers, troops; tell: inform, notify; expect: anticipate, await
expected: anticipated, awaited; hope: aspire, wish; fear: dread, terror
important: significant, crucial, essential; big: huge, enormous; large: big, sizable, substantial
small: little, tiny; great: incredible, extraordinary; good: decent, fine; better: superior
best: finest, greatest; bad: awful, terrible; new: fresh, novel; old: aged, elderly
young: youthful; long: lengthy, extended; short: brief, quick; high: elevated, lofty
low: reduced, modest; early: initial, preliminary; late: tardy, belated
different: diverse, distinct; possible: conceivable, feasible; likely: probable, expected
able: capable, competent; hard: difficult, tough; easy: simple, effortless
strong: powerful, robust; free: complimentary; public: open, communal
private: personal, confidential; full: complete, entire; several: a few; many: numerous, a lot of
most: the majority of; few: a handful of; some: certain; every: each; major: significant, main
main: principal, primary; local: nearby, neighborhood; recent: latest; current: present, existing
previous: prior, past; next: following, subsequent; last: final, previous; serious: grave, severe
clear: evident, obvious; sure: certain, confident; real: genuine, authentic
true: genuine, accurate; right: correct, proper; wrong: incorrect, mistaken; ready: prepared, set
popular: well-liked, mainstream; famous: celebrated, renowned; special: unique, exceptional
quickly: rapidly, swiftly; slowly: gradually, steadily; often: frequently, regularly
always: constantly, perpetually; never: at no point; also: additionally, likewise, as well
still: nonetheless, even now; already: by now, previously; however: nevertheless, be that as it may
but: yet, though; because: since, as; although: even though, while; while: whilst, as; when: once
before: prior to, ahead of; after: following, in the wake of; about: regarding, concerning
around: approximately, roughly; over: in excess of, above; under: beneath, below; during: amid
between: among; against: versus, in opposition to; without: lacking, devoid of
among: amongst, amid; with: alongside, together with; for: in favor of, on behalf of; from: out of
in: within, inside; on: upon; by: via, through; to: in order to, towards; of: belonging to; at: by
into: inside; through: by way of, via; like: such as, similar to; very: extremely, really
really: truly, genuinely; just: simply, merely; only: solely, merely; even: indeed
more: additional, extra; less: fewer; much: a great deal; now: currently, at present
then: at that point, afterwards; again: once more; here: in this place; there: in that place
this: the present; these: the following; those: such; that: which; which: that; who: that
will: is going to, shall; would: might, could; can: is able to; could: might, was able to
should: ought to; must: has to, needs to; may: might, could; has: possesses; have: possess
had: possessed; was: has been; were: have been; is: remains; and: as well as, plus; or: or else
so: thus, therefore; if: in case, provided that; not: hardly; the: this, the said
a: one, a certain; an: one; its: the; their: the; his: the man's; her: the woman's
team: squad, crew; game: match, contest; games: matches, contests; player: participant, competitor
players: participants, competitors; season: campaign; coach: trainer, manager; fans: supporters
music: tunes, melodies; song: tune, track; film: movie, picture; book: volume, publication
story: tale, narrative; news: tidings, updates; media: press, outlets; website: site, web page
phone: telephone, handset; computer: PC, machine; data: information, figures
technology: innovation; system: framework, mechanism; program: initiative, scheme
project: venture, undertaking; service: assistance, utility; services: administrations, utilities
group: gathering, cluster; members: individuals, associates; member: part, associate
community: neighborhood, society; power: might, authority; energy: vigor, vitality
water: aqua, liquid; food: nourishment, meals; land: terrain, ground; air: atmosphere
weather: climate conditions; history: past, chronicle; future: time to come
life: existence, lifetime; lives: existences; body: physique, frame; eye: sight
face: visage, countenance; hand: palm; head: skull; heart: core; side: flank
number: figure, quantity; amount: sum, quantity; level: tier, grade; rate: pace, proportion
record: document, account; result: outcome, consequence; results: outcomes, consequences
effect: impact, influence; cause: reason, trigger; reason: motive, rationale; reasons: motives
example: instance, illustration; case: instance, matter; cases: instances, matters
fact: reality, truth; point: aspect, detail; view: perspective, outlook; issue: matter, concern
issues: matters, concerns; policy: approach, strategy; election: vote, poll; vote: ballot, poll
voters: electors, constituents; campaign: crusade, drive; crisis: emergency, predicament
economy: financial system; bank: lender, financial institution; tax: levy, duty; taxes: levies
trade: commerce, exchange; goods: merchandise, products; products: items, goods; product: item
customers: clients, patrons; business: enterprise, commerce; industry: sector, trade
experience: encounter, expertise; skills: abilities, talents; chance: opportunity, possibility
opportunity: chance, opening; effort: endeavor, attempt; efforts: endeavors, attempts
success: triumph, victory; failure: collapse, breakdown; risk: danger, hazard
danger: peril, hazard; safety: security, protection; security: safety, safeguarding
rights: entitlements, privileges; freedom: liberty, independence; peace: harmony, tranquility
talks: discussions, negotiations; statement: declaration, announcement
interview: conversation, sit-down; letter: note, correspondence
"""


def _parsed(lines: str) -> dict[str, tuple[str, ...]]:
    entries = (entry.partition(": ") for line in lines.splitlines() for entry in line.split("; "))
    return {word.strip(): tuple(others.split(", ")) for word, found, others in entries if found}


SYNONYMS = _parsed(_WORDS)
"""A word and what may stand for it."""

_FUNCTION_WORDS = (
    "the a an its their his her and or of to in on at by for from with into that which who this "
    "these those is was were has had have not so if will would can could may must as"
)

FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
"""Words that a spinner of nouns and verbs alone leaves."""

OPENERS = (
    "According to reports, ",
    "In addition, ",
    "It should be noted that ",
    "At the same time, ",
    "As it turns out, ",
    "On top of that, ",
    "By all accounts, ",
    "As a matter of fact, ",
)
"""What is put before a sentence."""

FILLERS = ("basically", "in fact", "clearly", "actually", "certainly", "apparently", "notably")
"""What is put into a sentence."""

ABBREVIATED = {
    "don't": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "isn't": "is not",
    "wasn't": "was not",
    "can't": "cannot",
    "won't": "will not",
    "it's": "it is",
    "that's": "that is",
    "there's": "there is",
    "we're": "we are",
    "they're": "they are",
    "i'm": "I am",
    "i've": "I have",
    "we've": "we have",
}
"""Short forms and their long ones, changed both ways."""

VERBS = ("stated", "remarked", "declared", "noted", "announced", "claimed", "insisted", "explained")
"""What stands for "said"."""
