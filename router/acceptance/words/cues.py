"""Words with which texts state their final answer, and requests say what kind they want; lower case.

A cue is a stem ("the answer"), then a link (" is", ":"), then the answer. Stems are searched for as they are
written, so the shortest form of a word is enough if others only add to its beginning.
"""

CLAIMS = (
    *("answer", "correct option", "correct choice", "antwort", "réponse", "respuesta", "resposta"),
    *("risposta", "antwoord", "svaret", "svar", "vastaus", "válasz", "odpowiedź", "odpowiedzią"),
    *("odpověď", "odpoveď", "răspuns", "răspunsul", "ответ", "відповідь", "отговор", "απάντηση"),
    *("cevap", "cevabı", "yanıt", "jawaban", "jawapan", "đáp án", "đáp số", "câu trả lời"),
    *("答案", "答え", "正解", "정답", "답", "الجواب", "الإجابة", "پاسخ", "جواب", "תשובה", "उत्तर"),
    *("जवाब", "উত্তর", "คำตอบ"),
)
"""Stems that speak of the answer as a whole: two different answers after them contradict each other."""

RESULTS = (
    *("result", "solution", "output", "ergebnis", "lösung", "résultat", "resultado", "solución"),
    *("solução", "risultato", "soluzione", "resultaat", "wynik", "výsledek", "sonuç", "结果"),
    *("結果", "解答"),
)
"""Stems that may also speak of a part of the answer."""

CORRECTIONS = (
    *("wait", "actually", "correction", "mistake", "let me re", "oops", "hmm", "scratch that"),
    *(
        "moment mal",
        "tatsächlich",
        "korrektur",
        "fehler",
        "en fait",
        "erreur",
        "en realidad",
        "me equivoqué",
    ),
    *(
        "na verdade",
        "in realtà",
        "на самом деле",
        "ошиб",
        "其实",
        "更正",
        "等等",
        "訂正",
        "いや",
        "아니",
    ),
)
"""Words after which a new answer replaces an earlier one."""

VACUOUS = frozenset(
    {
        *(
            "simple",
            "clear",
            "obvious",
            "straightforward",
            "below",
            "as follows",
            "following",
            "above",
        ),
        *(
            "complicated",
            "complex",
            "nuanced",
            "unclear",
            "unknown",
            "correct",
            "wrong",
            "incorrect",
        ),
        *("important", "same", "here", "it depends", "einfach", "klar", "kompliziert", "wie folgt"),
        *("simple et clair", "complexe", "suivante", "sencillo", "compleja", "простой", "сложный"),
    }
)
"""What is said about answers, but is no answer itself."""

LINKS = (
    *("is", "was", "equals", "would be", "should be", "must be", "will be", "comes to"),
    *("ist", "lautet", "beträgt", "wäre", "est", "sera", "es", "sería", "é", "è", "este"),
    *("är", "er", "jest", "wynosi", "je", "είναι", "adalah", "ialah", "là"),
    *("это", "є", "е", "هو", "هي", "است", "היא", "הוא", "है", "হল", "হলো", "คือ"),
    *("应该是", "應該是", "是", "为", "為", "は", "은", "는"),
)
"""Verbs between a stem and the answer; colons and equals signs are links in every language."""

ADJECTIVES = (
    *(
        "final",
        "finale",
        "finala",
        "correcta",
        "correcte",
        "correta",
        "corretta",
        "exacta",
        "juste",
    ),
    *("corecta", "poprawna", "prawidłowa", "betul", "yang benar", "cuối cùng", "đúng"),
)
"""Words that may stand after a stem: la respuesta *correcta* es ..."""

CONCLUSIONS = (
    *("so ", "so,", "thus", "therefore", "hence", "in total", "in conclusion", "altogether"),
    *("also ", "somit", "daher", "folglich", "insgesamt", "donc", "ainsi", "au total"),
    *("por lo tanto", "por tanto", "así que", "en total", "portanto", "logo,", "assim", "no total"),
    *("quindi", "pertanto", "in totale", "dus ", "alltså", "czyli", "zatem", "więc", "tedy"),
    *("итак", "значит", "следовательно", "таким образом", "отже", "так", "demek", "yani", "jadi"),
    *(
        "vậy",
        "do đó",
        "所以",
        "因此",
        "故",
        "したがって",
        "よって",
        "따라서",
        "그러므로",
        "إذن",
        "لذلك",
    ),
    *("इसलिए", "अतः"),
)
"""Beginnings of lines that draw a conclusion."""

ASIDES = (
    "to",
    "for",
    "in",
    "of",
    "on",
    "here",
    "option",
    "choice",
    "auf",
    "zu",
    "à",
    "a",
    "de",
    "на",
)
"""Words that begin what may come between a stem and its link: the answer *to the question* is ..."""

PRONOUNS = (
    "thus",
    "therefore",
    "so",
    "that",
    "simply",
    "just",
    "then",
    "indeed",
    "also",
    "clearly",
    "now",
)
"""Words between a link and the answer that are not part of it."""

ENDINGS = (
    "입니다",
    "이다",
    "です",
    "となります",
    "になります",
    "है",
    "である",
    "แล้ว",
    "است",
    "’dir",
    "'dir",
)
"""Words after the answer, in languages whose sentences end with a verb."""

HEDGES = (
    *("approximately", "approx.", "approx", "about", "around", "roughly", "exactly", "precisely"),
    *("ungefähr", "etwa", "circa", "ca.", "rund", "genau", "environ", "exactement"),
    *("aproximadamente", "exactamente", "exatamente", "cerca de", "circa", "esattamente"),
    *(
        "ongeveer",
        "około",
        "примерно",
        "около",
        "约",
        "大约",
        "約",
        "およそ",
        "약",
        "تقريبا",
        "लगभग",
    ),
    *("≈", "~", "∼", "=", "≃"),
)
"""Words before a number that leave it as it is."""

NEGATIONS = frozenset("not nicht kein keine pas non не nie niet inte ikke değil".split())
"""Words at the beginning of what is *not* the answer."""
NEGATION_SIGNS = ("不是", "不", "아니", "ليس", "नहीं")

QUANTITIES = (
    *("how many", "how much", "how far", "how long", "how old", "how tall", "how fast"),
    *("calculate", "compute", "total number", "what number", "wie viel", "wieviel"),
    *("berechne", "combien", "calcule", "cuánt", "cuant", "quanti", "quante", "quanto", "quanta"),
    *("calcola", "hoeveel", "bereken", "hur många", "hvor mange", "kuinka", "hány", "mennyi"),
    *(" ile ", "oblicz", "kolik", "câte", "câți", "сколько", "вычисли", "скільки", "πόσ"),
    *("kaç", "berapa", "bao nhiêu", "mấy", "多少", "几", "幾", "いくつ", "何人", "何個", "いくら"),
    *("몇", "얼마", "كم", "چند", "כמה", "कितन", "কত", "กี่", "เท่าไร"),
)
"""Words with which a request asks for a number."""

PERCENTS = (
    "%",
    "percent",
    "per cent",
    "prozent",
    "pour cent",
    "por ciento",
    "por cento",
    "procent",
)
"""Words with which a request says that it is about percentages, so that the sign may be left out."""
