"""Names of months, as dates are written with them in the languages of the press.

The names are those of the Unicode CLDR (https://cldr.unicode.org), in the forms that stand in a
date, with the short forms that pages use.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_ROWS: Final = (
    # English, German (Austrian too), Dutch, Afrikaans
    "january february march april may june july august september october november december",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mär apr mai jun jul aug sept okt nov dez",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januarie februarie mrt april mei junie julie aug september oktober november desember",
    # French, Italian, Spanish, Portuguese, Catalan, Galician, Romanian
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "janv févr mars avr mai juin juil aoû sept oct nov déc",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago setiembre oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie "
    "decembrie",
    "ian feb mart apr mai iun iul aug sept oct noi dec",
    # Danish, Norwegian, Swedish, Icelandic, Finnish (in the partitive), Estonian
    "januar februar marts april maj juni juli august september oktober november december",
    "januar februar mars april mai juni juli august september oktober november desember",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta "
    "syyskuuta lokakuuta marraskuuta joulukuuta",
    "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu "
    "marraskuu joulukuu",
    "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember",
    # Latvian (nominative, locative), Lithuanian
    "janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris "
    "decembris",
    "janvārī februārī martā aprīlī maijā jūnijā jūlijā augustā septembrī oktobrī novembrī decembrī",
    "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio "
    "gruodžio",
    "sausis vasaris kovas balandis gegužė birželis liepa rugpjūtis rugsėjis spalis lapkritis "
    "gruodis",
    # Polish, Czech, Slovak (genitive, nominative, short)
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada "
    "grudnia",
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad "
    "grudzień",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    "január február marec apríl máj jún júl august september október november december",
    # Slovene, Croatian, Serbian and Bosnian in Latin letters, Albanian, Hungarian
    "januarja februarja marca aprila maja junija julija avgusta septembra oktobra novembra "
    "decembra",
    "januar februar marec april maj junij julij avgust september oktober november december",
    "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna - studenoga prosinca",
    "siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan - studeni prosinac",
    "sij velj ožu tra svi - srp kol ruj - studenog pro",
    "januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra",
    "januar februar mart april maj jun jul avgust septembar oktobar novembar decembar",
    "janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor",
    "január február március április május június július augusztus szeptember október november "
    "december",
    "jan febr márc ápr máj jún júl aug szept okt nov dec",
    # Turkish, Azerbaijani, Uzbek
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr",
    "yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr",
    # Indonesian, Malay, Filipino, Swahili
    "januari februari maret april mei juni juli agustus september oktober november desember",
    "jan feb mar apr mei jun jul agu sep okt nov des",
    "januari februari mac april mei jun julai ogos september oktober november disember",
    "enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre",
    "januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba",
    # Irish, Welsh, Basque (bare, genitive), Maltese
    "eanáir feabhra márta aibreán bealtaine meitheamh iúil lúnasa meán deireadh samhain nollaig",
    "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
    "urtarrila otsaila martxoa apirila maiatza ekaina uztaila abuztua iraila urria azaroa abendua",
    "urtarrilaren otsailaren martxoaren apirilaren maiatzaren ekainaren uztailaren abuztuaren "
    "irailaren urriaren azaroaren abenduaren",
    "jannar frar marzu april mejju ġunju lulju awwissu settembru ottubru novembru diċembru",
    # Russian, Ukrainian, Belarusian (genitive; Russian also nominative and short)
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "янв февр март апр май июнь июль авг сент окт нояб дек",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад "
    "грудень",
    "січ лют бер кві тра чер лип сер вер жов лис гру",
    "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада "
    "снежня",
    # Bulgarian, Macedonian, Serbian, Kazakh
    "януари февруари март април май юни юли август септември октомври ноември декември",
    "јануари февруари март април мај јуни јули август септември октомври ноември декември",
    "јануар фебруар март април мај јун јул август септембар октобар новембар децембар",
    "јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра",
    "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
    # Greek (genitive, nominative, short)
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου "
    "οκτωβρίου νοεμβρίου δεκεμβρίου",
    "ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος αύγουστος σεπτέμβριος "
    "οκτώβριος νοέμβριος δεκέμβριος",
    "ιαν φεβ μαρ απρ μαΐ ιουν ιουλ αυγ σεπ οκτ νοε δεκ",
    # Armenian, Georgian
    "հունվարի փետրվարի մարտի ապրիլի մայիսի հունիսի հուլիսի օգոստոսի սեպտեմբերի հոկտեմբերի "
    "նոյեմբերի դեկտեմբերի",
    "იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი "
    "დეკემბერი",
    # Arabic: Egypt and the Gulf, the Levant and Iraq ("_" is a blank), the Maghreb
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "كانون_الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين_الأول تشرين_الثاني كانون_الأول",
    "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
    "يناير فبراير مارس إبريل ماي يونيه يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
    # Persian (Gregorian), Urdu, Hebrew
    "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر",
    "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
    "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
    # Hindi, Marathi, Bengali, Tamil, Telugu
    "जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितम्बर अक्तूबर नवम्बर दिसम्बर",
    "जानेवारी फेब्रुवारी मार्च एप्रिल मे जून जुलै ऑगस्ट सप्टेंबर ऑक्टोबर नोव्हेंबर डिसेंबर",
    "জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
    "জানুয়ারী ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগষ্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
    "ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்",
    "జనవరి ఫిబ్రవరి మార్చి ఏప్రిల్ మే జూన్ జూలై ఆగస్టు సెప్టెంబర్ అక్టోబర్ నవంబర్ డిసెంబర్",
    # Thai, in full and short
    "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
    "ม.ค ก.พ มี.ค เม.ย พ.ค มิ.ย ก.ค ส.ค ก.ย ต.ค พ.ย ธ.ค",
)
_JALALI_ROW: Final = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند"
_CROATIAN: Final = {"listopada": 10, "listopad": 10, "lis": 10, "lip": 6}
"""Croatian names other months by words that Polish and Czech have too."""

_ARABIC_ALIKE: Final = str.maketrans("أإآيىكة", "اااییکه")
"""Letters that Arabic and Persian keyboards write differently."""
_DOTLESS: Final = str.maketrans("ıİ", "ii")


def folded(name: str) -> str:
    """``name`` without what pages write differently: case, accents, dots, forms of letters."""
    name = name.translate(_DOTLESS).lower().strip(" .’'").translate(_ARABIC_ALIKE)
    if name.isascii():
        return name
    parts = unicodedata.normalize("NFD", name)
    # Accents of Latin and Greek; in other scripts such marks are letters.
    return "".join(c for c in parts if not "\u0300" <= c <= "\u036f")


def _table(rows: Iterable[str]) -> dict[str, int]:
    table: dict[str, int] = {}
    for row in rows:
        for number, name in enumerate(row.split(), start=1):
            if name != "-":
                table.setdefault(folded(name.replace("_", " ")), number)
    return table


_FOLDED: Final = _table(_ROWS)
JALALI: Final = _table([_JALALI_ROW])
"""Months of the Solar Hijri calendar of Iran, by :func:`folded` name."""


def month_number(name: str, language: str = "") -> int | None:
    """The month called ``name`` in any of the languages, or ``None``.

    ``language`` is an ISO 639-1 code; it matters where languages name months alike.
    """
    key = folded(name)
    if language == "hr" and key in _CROATIAN:
        return _CROATIAN[key]
    # Hebrew writes "in March" as one word.
    return _FOLDED.get(key) or (_FOLDED.get(key[1:]) if key[:1] == "ב" else None)


MONTHS: Final[dict[str, int]] = {
    form: number
    for row in reversed(_ROWS)
    for number, name in enumerate(row.split(), start=1)
    if name.isalpha() and name < "\u0590"
    for form in (name, folded(name))
}
"""Months in Latin, Greek and Cyrillic letters by their lower-case names, accents or not."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS: Final[dict[str, int]] = {
    form: number
    for number, name in enumerate(_WEEKDAYS)
    for form in (name, name[:3], name[:4], name[:5])
}
"""English days of the week, Monday is 0."""


def _pattern(words: Iterable[str]) -> str:
    """A pattern of any of ``words`` as a prefix tree: tried once a letter, not once a word."""
    tails: dict[str, list[str]] = {}
    ends = False
    for word in words:
        if word:
            tails.setdefault(word[0], []).append(word[1:])
        else:
            ends = True
    branches = [re.escape(letter) + _pattern(rest) for letter, rest in sorted(tails.items())]
    if not branches:
        return ""
    whole = branches[0] if len(branches) == 1 and not ends else f"(?:{'|'.join(branches)})"
    return f"{whole}?" if ends else whole


MONTH: Final = _pattern(MONTHS) + r"\b\.?"
"""A pattern of the names in :data:`MONTHS`; for use without regard to case."""
