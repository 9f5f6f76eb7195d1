"""Yes and no, true and false, in many languages; lower case.

"Yes" and "true" are kept apart: in reply to a negative claim they may be opposites.
"""

from collections.abc import Mapping

YES = frozenset(
    "yes ja oui sí si sim da tak ano áno igen kyllä joo ναι да так evet ya 是 是的 はい 네 예 نعم بله כן हाँ हां ใช่ có".split()
)
NO = frozenset(
    "no nein non não nao nee nej nei nie ne nem ei όχι нет ні не hayır tidak 不 不是 否 いいえ 아니요 아니오 لا خیر לא नहीं ไม่ không".split()
)
TRUE = frozenset(
    "true wahr richtig vrai verdadero verdadeiro vero waar sant sand prawda pravda igaz totta αληθές верно истина правда doğru benar 正确 正確 对 真 正しい 참 صحيح सही सत्य".split()
)
FALSE = frozenset(
    "false falsch faux falso onwaar falskt falsk fałsz nepravda hamis epätosi ψευδές неверно ложь неправда yanlış salah 错误 錯誤 错 假 誤り 거짓 خطأ गलत असत्य".split()
)

VERDICTS: Mapping[str, str] = {
    word: name
    for name, words in (("yes", YES), ("no", NO), ("true", TRUE), ("false", FALSE))
    for word in words
}
OPPOSITES = (("yes", "no"), ("true", "false"))
ALTERNATIVES = frozenset(
    "/ or oder ou o u of eller lub czy nebo či alebo или або чи или veya atau hoặc hay या أو یا או tai vagy sau ή 또는 或 或者 か".split()
)
"""What comes between the two words of a question that leaves only these two answers."""
