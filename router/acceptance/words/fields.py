"""Names of JSON fields: for final answers, and for what only accompanies them; lower case, without punctuation."""

ANSWERS = frozenset(
    "answer finalanswer result solution finalresult output response correctanswer correctoption choice antwort ergebnis lösung réponse reponse respuesta resposta risposta odpowiedź ответ 答案 答え 정답 الجواب उत्तर".split()
)
ASIDES = frozenset(
    "reasoning reason reasons rationale explanation explain thought thoughts thinking analysis steps step working work workings justification chainofthought cot scratchpad reflection comment comments notes note confidence certainty erklärung begründung raisonnement explication razonamiento explicación raciocínio ragionamento 推理 解释 理由 思考".split()
)
