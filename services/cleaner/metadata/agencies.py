"""News agencies: who sells texts to papers, and so stands in a byline without being a person."""

from __future__ import annotations

import re
from typing import Final

from shared.text import comparable

_WORD = re.compile(r"[\W_]+")

_TABLE: Final = """
Reuters: Thomson Reuters, Reuters Staff, Agencia Reuters, Рейтер, 路透社, ロイター, رويترز
Associated Press: AP, The Associated Press, AP News, The AP, アソシエイテッド・プレス, 美联社
Agence France-Presse: AFP, Agence France Presse, AFP News, 法新社, فرانس برس, ا ف ب, AFP通信
dpa: Deutsche Presse-Agentur, dpa international, dpa-infocom, dpa-AFX
EFE: Agencia EFE, Agencias EFE
ANSA: Agenzia ANSA, Redazione ANSA, ANSA.it
Adnkronos: Redazione Adnkronos
AGI: Agenzia Giornalistica Italia
Xinhua: Xinhua News Agency, 新华社, 新華社, Синьхуа, 新华网
China News Service: 中国新闻社, 中新社, 中新网
TASS: ITAR-TASS, ТАСС, ИТАР-ТАСС
RIA Novosti: РИА Новости, Sputnik, RIA
Interfax: Интерфакс, Interfax-Ukraine, Интерфакс-Украина
Ukrinform: Укринформ, Укрінформ
UNIAN: УНИАН, УНІАН
BelTA: БЕЛТА, БелТА
Kyodo News: Kyodo, 共同通信, 共同通信社, 共同社
Jiji Press: Jiji, 時事通信, 時事通信社, 时事社
Yonhap: Yonhap News Agency, Yonhap News, 연합뉴스, 韩联社, 聯合ニュース
Newsis: 뉴시스
KCNA: Korean Central News Agency, 조선중앙통신
Press Trust of India: PTI
Asian News International: ANI
Indo-Asian News Service: IANS
United News of India: UNI
Press Association: PA, PA Media, PA News Agency, PA News
United Press International: UPI
Bloomberg: Bloomberg News
Canadian Press: The Canadian Press, La Presse Canadienne
Australian Associated Press: AAP
ANP: Algemeen Nederlands Persbureau
Belga: Agence Belga, Belga News Agency, Belganewsagency.eu
APA: Austria Presse Agentur
Keystone-SDA: Keystone-ATS, ATS, SDA
TT: Tidningarnas Telegrambyrå, TT Nyhetsbyrån
NTB: Norsk Telegrambyrå
Ritzau: Ritzaus Bureau
STT: Suomen Tietotoimisto, STT-Lehtikuva
PAP: Polska Agencja Prasowa
ČTK: Česká tisková kancelář, CTK, ČTK
TASR: Tlačová agentúra Slovenskej republiky
MTI: Magyar Távirati Iroda
Agerpres: Agenția Națională de Presă Agerpres
Mediafax: Agenția Mediafax
BTA: Българска телеграфна агенция, БТА
Tanjug: Танјуг
HINA: Hrvatska izvještajna novinska agencija
STA: Slovenska tiskovna agencija
Anadolu Agency: Anadolu, Anadolu Ajansı, AA
İhlas Haber Ajansı: IHA, İHA
Demirören Haber Ajansı: DHA
Lusa: Agência Lusa
Agência Brasil: Agencia Brasil
Estadão Conteúdo: Estadao Conteudo
Folhapress: Folha Press
Europa Press: EuropaPress
Télam: Agencia Télam, Telam
Notimex: Agencia Notimex
Prensa Latina: Agencia Prensa Latina
MENA: Middle East News Agency, أ ش أ
WAM: Emirates News Agency, وام
SPA: Saudi Press Agency, واس
SANA: Syrian Arab News Agency, سانا
Petra: Jordan News Agency, بترا
IRNA: Islamic Republic News Agency, ایرنا
ISNA: Iranian Students News Agency, ایسنا
Fars: Fars News Agency, خبرگزاری فارس
Mehr: Mehr News Agency, خبرگزاری مهر
Antara: Kantor Berita Antara, ANTARA News
Bernama: Pertubuhan Berita Nasional Malaysia
Vietnam News Agency: VNA, TTXVN, Thông tấn xã Việt Nam
Central News Agency: CNA, 中央社, 中央通訊社
Philippine News Agency: PNA
Associated Press of Pakistan: APP
Inter Press Service: IPS
Kazinform: Казинформ
News Agency of Nigeria: NAN
Ghana News Agency: GNA
Panapress: Panafrican News Agency, PANA
All India Radio News: News On AIR
States Newsroom: States Newsroom Network
Tribune News Service: TNS, Tribune Content Agency
Field Level Media: FLM
Stats Perform: Opta
""".strip()


def _key(text: str) -> str:
    return _WORD.sub("", comparable(text))


def _table() -> dict[str, str]:
    names: dict[str, str] = {}
    for line in _TABLE.splitlines():
        name, others = line.split(": ", 1)
        for spelling in (name, *others.split(", ")):
            names[_key(spelling)] = name
    return names


_NAMES: Final = _table()


def agency(text: str) -> str | None:
    """The name of the news agency that ``text`` is, in any of its spellings, or ``None``.

    Abbreviations count in capitals alone: "AA" is one, "aa" is somebody's initials.
    """
    if len(text) > 60:
        return None
    name = _NAMES.get(_key(text))
    if name is not None and len(text) <= 4 and text.isascii() and text.islower() and text != "dpa":
        return None
    return name
