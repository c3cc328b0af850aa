"""Labels that pages bear in languages other than English: what whole lines of them mean.

English has its patterns in :mod:`services.cleaner.plain.furniture`. A label counts only as the
whole line, digits and signs aside: "3 Kommentare", "Kommentare (3)".
"""

from __future__ import annotations

import re
from typing import Final

_LONGEST: Final = 60
_SIGNS: Final = re.compile(r"[\W\d_]+")

_MENU = """
zum inhalt springen|zum inhalt|direkt zum inhalt|zur navigation|startseite|anmelden|abmelden|
registrieren|suche|suchen|menü|teilen|auf facebook teilen|auf x teilen|drucken|merken|
artikel merken|impressum|datenschutz|datenschutzerklärung|agb|nutzungsbedingungen|kontakt|
barrierefreiheit|cookie einstellungen|abo|abonnieren|e paper|podcast|videos|lesezeit|min lesezeit|
minuten lesezeit|alle rechte vorbehalten|nach oben|zurück|weiter|schließen|artikel anhören|
vorlesen|schlagwörter|aller au contenu|aller au contenu principal|accueil|se connecter|connexion|
s abonner|je m abonne|rechercher|recherche|partager|imprimer|mentions légales|
politique de confidentialité|gestion des cookies|conditions générales|
conditions générales d utilisation|nous contacter|contact|plan du site|tous droits réservés|
temps de lecture|temps de lecture min|temps de lecture minutes|min de lecture|écouter l article|
retour|fermer|suivez nous|publié le|saltar al contenido|ir al contenido|ir al contenido principal|
inicio|portada|iniciar sesión|regístrate|suscríbete|suscribirse|buscar|menú|compartir|imprimir|
guardar|aviso legal|política de privacidad|política de cookies|términos y condiciones|contacto|
todos los derechos reservados|tiempo de lectura|min de lectura|etiquetas|síguenos|cerrar|escuchar|
ir para o conteúdo|pular para o conteúdo|início|entrar|assine|pesquisar|compartilhar|partilhar|
política de privacidade|termos de uso|fale conosco|contato|todos os direitos reservados|
tempo de leitura|vai al contenuto|accedi|abbonati|cerca|condividi|stampa|note legali|
informativa sulla privacy|contatti|tutti i diritti riservati|tempo di lettura|naar de inhoud|
naar hoofdinhoud|inloggen|zoeken|delen|afdrukken|privacybeleid|alle rechten voorbehouden|leestijd|
przejdź do treści|strona główna|zaloguj się|zaloguj|szukaj|udostępnij|drukuj|regulamin|
polityka prywatności|wszelkie prawa zastrzeżone|kontakt|czas czytania|перейти к содержанию|
перейти к основному содержанию|главная|главная страница|новости|войти|вход|регистрация|поиск|меню|
поделиться|вконтакте|одноклассники|телеграм|печать|распечатать|все права защищены|
политика конфиденциальности|пользовательское соглашение|контакты|о нас|о проекте|подписаться|
подписка|обратная связь|время чтения|наверх|теги|метки|редакция|перейти до вмісту|
перейти до основного вмісту|головна|новини|увійти|вхід|реєстрація|пошук|поширити|поділитися|друк|
роздрукувати|усі права захищені|всі права захищено|всі права захищені|політика конфіденційності|
контакти|про нас|підписатися|підписка|зворотний зв язок|теґи|редакція|içeriğe geç|ana sayfa|
giriş yap|üye ol|ara|paylaş|yazdır|gizlilik politikası|tüm hakları saklıdır|iletişim|okuma süresi|
gå till innehåll|hoppa till innehåll|logga in|sök|dela|skriv ut|läs senare|integritetspolicy|
om oss|kontakta oss|الرئيسية|تسجيل الدخول|تسجيل|بحث|مشاركة|شارك|فيسبوك|تويتر|واتساب|تلغرام|طباعة|
اتصل بنا|من نحن|سياسة الخصوصية|شروط الاستخدام|جميع الحقوق محفوظة|انتقل إلى المحتوى|
تخطى إلى المحتوى|القائمة|اشترك|跳到主要内容|跳至内容|首页|主页|登录|注册|搜索|分享|微信|微博|打印|
收藏|返回顶部|版权所有|联系我们|关于我们|隐私政策|使用条款|网站地图|订阅|菜单|转发|点赞|登入|註冊|
搜尋|首頁|分享到|版權所有|聯絡我們|關於我們|隱私權政策|本文へスキップ|コンテンツへスキップ|ホーム|
トップ|ログイン|会員登録|新規登録|検索|シェア|シェアする|ツイート|ツイートする|印刷|印刷する|保存|
メニュー|お問い合わせ|会社概要|利用規約|プライバシーポリシー|サイトマップ|著作権|본문 바로가기|
로그인|회원가입|검색|공유|공유하기|인쇄|홈|개인정보처리방침|이용약관
"""
_ADVERT = """
anzeige|werbung|publicité|publicidad|annonce|publicidade|pubblicità|advertentie|reklama|реклама|
reklam|annons|إعلان|إعلانات|広告|广告|廣告|광고|weiter nach der anzeige|
la suite après la publicité
"""
_END = """
lesen sie auch|das könnte sie auch interessieren|das könnte ihnen auch gefallen|mehr zum thema|
mehr zu diesem thema|zum thema|verwandte artikel|ähnliche artikel|weitere artikel|weitere themen|
meistgelesen|meistgelesene artikel|neueste artikel|aktuelle nachrichten|newsletter abonnieren|
passend zum thema|mehr aus dieser rubrik|à lire aussi|lire aussi|à lire également|
sur le même sujet|sur le même thème|articles similaires|articles liés|les plus lus|
dans la même rubrique|vous aimerez aussi|nos derniers articles|te puede interesar|
también te puede interesar|te recomendamos|noticias relacionadas|artículos relacionados|
lo más leído|lo más visto|más información|últimas noticias|más noticias|leia também|veja também|
notícias relacionadas|mais lidas|últimas notícias|leggi anche|articoli correlati|
potrebbe interessarti|potrebbe interessarti anche|i più letti|ultime notizie|lees ook|
gerelateerde artikelen|meest gelezen|zobacz także|zobacz też|czytaj także|czytaj też|polecane|
najczęściej czytane|powiązane artykuły|читайте также|читать также|новости по теме|
материалы по теме|похожие новости|похожие статьи|самое читаемое|популярное|популярные новости|
последние новости|другие новости|рекомендуем|смотрите также|подписаться на рассылку|ещё по теме|
читайте також|новини за темою|матеріали за темою|схожі новини|популярне|популярні новини|
останні новини|інші новини|рекомендуємо|дивіться також|за темою|ilgili haberler|benzer haberler|
son haberler|çok okunanlar|läs också|läs mer|mer om ämnet|mest läst|اقرأ أيضا|اقرأ أيضًا|
مواضيع ذات صلة|أخبار ذات صلة|مقالات ذات صلة|الأكثر قراءة|آخر الأخبار|قد يعجبك أيضا|相关阅读|
相关新闻|相关文章|相关报道|推荐阅读|热门文章|热门新闻|最新新闻|延伸阅读|相關新聞|相關文章|
延伸閱讀|最新消息|関連記事|あわせて読みたい|おすすめ記事|人気記事|アクセスランキング|最新記事|
関連ニュース|新着記事|ランキング|관련 기사|많이 본 뉴스|최신 기사|추천 기사
"""
_COMMENTS = """
kommentare|kommentar schreiben|kommentar verfassen|schreiben sie einen kommentar|
schreibe einen kommentar|diskutieren sie mit|leserkommentare|commentaires|commentaire|
laisser un commentaire|ajouter un commentaire|réagir|comentarios|comentario|deja un comentario|
deja una respuesta|escribe un comentario|comentários|deixe um comentário|deixe seu comentário|
commenti|lascia un commento|reacties|plaats een reactie|geef een reactie|komentarze|
dodaj komentarz|комментарии|комментарий|добавить комментарий|оставить комментарий|обсуждение|
коментарі|додати коментар|залишити коментар|залишити відповідь|yorumlar|yorum yap|kommentarer|
lämna ett svar|lämna en kommentar|التعليقات|تعليقات|أضف تعليقا|اترك تعليقا|اترك ردا|发表评论|评论|
网友评论|发表回复|發表評論|留言|コメント|コメントする|コメントを書く|コメントを残す|댓글|댓글 쓰기
"""


def _read(table: str) -> list[str]:
    return [phrase for phrase in (part.strip() for part in table.split("|")) if phrase]


PHRASES: Final[dict[str, str]] = {
    phrase: group
    for group, table in (
        ("menu", _MENU), ("advert", _ADVERT), ("end", _END), ("comments", _COMMENTS),
    )
    for phrase in _read(table)
}  # fmt: skip
"""Each label, in lower case and its words parted by blanks, and the group that it is of."""


def group_of(line: str) -> str | None:
    """The group of the label that ``line`` is, or ``None``."""
    if len(line) > _LONGEST:
        return None
    return PHRASES.get(_SIGNS.sub(" ", line.casefold()).strip())
