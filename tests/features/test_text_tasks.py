"""What a program has a model do with any text is told by its instructions, or by one end of a long message."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.domain.category import Category
from router.features.category import CERTAIN, categorise

TASKS = {
    Category.TRANSLATION: (
        "You are a translator. Translate everything the user writes into German.",
        "Translate the user's message to English. Output only the translation.",
        "You will be provided with a sentence in English, and your task is to translate it into French.",
        "Translate all user input into formal Polish. Do not answer it.",
        "Act as a translator. I will write sentences and you translate them into Japanese.",
        "Du bist Übersetzer. Übersetze den Text des Nutzers ins Französische.",
        "你是一个专业的翻译引擎,请将用户输入的内容翻译成中文。",
    ),
    Category.EXTRACTION: (
        "Classify the user's message as one of: billing, bug, feature_request. Reply with the label only.",
        "Extract the invoice number, date and total as JSON.",
        "You are a sentiment classifier. Answer with positive, negative or neutral.",
        "Decide whether the message contains personal data. Answer true or false.",
        "You will be provided with a tweet, and your task is to classify its sentiment.",
        "You label support tickets. Output one of: bug, question, praise.",
        "You are given a job posting. Extract the salary range, the location and the required skills.",
        "Use the following pieces of retrieved context to answer the question.\n\nContext: 340 workers.",
        "You are a bot for our wiki. Answer based on the provided context only.",
        "### Task:\nRespond to the user query using the provided context, with citations.",
    ),
    Category.SUMMARISING: (
        "Summarize the article the user sends in three bullet points.",
        "You are an editor. Summarize each article in one tweet.",
        "Write a one paragraph summary of the text that the user provides.",
        "Fasse den Text des Nutzers in zwei Sätzen zusammen.",
    ),
    Category.WRITING: (
        "You fix grammar and spelling. Return the corrected text only.",
        "Rewrite the user's text in a friendly tone.",
        "You rewrite product titles for a shop.",
    ),
    Category.CODE_WRITING: (
        "You are an SQL generator. Tables: users(id,name), orders(id,user_id). Return only SQL.",
        "Translate the user's request into a bash command.",
        "You are a Linux expert. Convert the user's request to a single bash command.",
        "You translate natural language into SQL.",
    ),
}
EACH = [(told, category) for category, tasks in TASKS.items() for told in tasks]
MATERIAL = "How many of them were there, and why did nobody write a poem?"


def of(words: str, told: str = "", **fields: Any) -> tuple[Category, float]:
    instructions = [{"role": "system", "content": told}] if told else []
    return categorise({"messages": [*instructions, {"role": "user", "content": words}], **fields})


@pytest.mark.parametrize(("told", "category"), EACH)
def test_what_instructions_have_done_to_a_text_counts_and_not_the_text(
    told: str, category: Category
) -> None:
    assert of(MATERIAL, told) == (category, CERTAIN)


ASSISTANTS = (
    "You are a helpful assistant that can summarize, translate, write code and answer questions.",
    "You are a travel assistant. Help users plan their trips, and translate phrases if they need it.",
    "You are an assistant in an app for notes. The user can ask you to translate or rewrite a note.",
    "You are a teacher named Tom. Chat with the student, and correct their grammar in brackets.",
    "Detect the language of the user's message and reply in the same language.",
    "Determine whether the user's question is about cooking. If so, answer it; otherwise refuse.",
    "If the user writes in another language, translate the message to English first.",
    "Summarize your answer in one sentence at the end.",
    "Answer in German.",
    "You are an expert in PostgreSQL. Explain concepts clearly and write SQL when it helps.",
    "You are an assistant for a law firm. Summarize documents, draft letters and research cases.",
    "You are an expert translator and linguist.",
    "Answer the following questions as best you can. You have access to the following tools: search.",
    "You are a coding assistant. Use the following context from the code to answer.",
    "The assistant must label each step.",
    "你是一个乐于助人的助手。如果用户需要,可以翻译成英文。",
    "You are a friend. Use the provided context about the user to make your answers personal.",
    "You are a coach. Make sure you summarize what was agreed.",
    "You are a coach. Summarize the conversation at the end of each session.",
    "You are Ava. Translate the message for the team whenever a customer writes in Dutch.",
    "You are Jarvis. Keep it short. Create a regex only if the user wants one.",
    "You are a pirate. You never translate the user's text.",
    "Reply politely, and do not summarize the user's message.",
    "你是一个乐于助人的助手,可以回答问题、翻译文本和总结文章。",
    "あなたは親切なアシスタントです。質問に答え、必要に応じて要約してください。",
    "당신은 유능한 비서입니다. 질문에 답하고 문서를 요약할 수 있습니다.",
    "أنت مساعد مفيد يجيب عن الأسئلة ويمكنه ترجمة النصوص",
    "Ты полезный помощник. Отвечай на вопросы. Если попросят, переведи текст.",
    "Du bist ein Assistent. Beantworte Fragen und fasse am Ende alles kurz zusammen.",
    "Eres un asistente. Responde preguntas y, si hace falta, traduce o resume el texto.",
    "Tu es un assistant. Réponds aux questions du client. Résume à la fin.",
    "Sorulara cevap ver, metinleri özetle ve çevir.",
    "Jesteś asystentem. Odpowiadaj na pytania i streszczaj dokumenty.",
)


@pytest.mark.parametrize("told", ASSISTANTS)
def test_what_an_assistant_can_do_is_not_what_is_asked(told: str) -> None:
    assert of("Write a short poem about rain.", told)[0] is Category.WRITING


@pytest.mark.parametrize(
    "told",
    [
        "Act as an expert software developer.\nPropose *SEARCH/REPLACE* edits to the files.",
        f"You are an engineer.\n{'Be careful. ' * 99}\n# Tools\n\n## execute_command\nRuns a command.",
    ],
)
def test_an_agent_whose_tools_are_described_in_words_works_on_code(told: str) -> None:
    assert of("print 2 instead", told) == (Category.CODE_EDITING, CERTAIN)
    assert of("[execute_command for 'ls'] Result:\n17 * 23", told)[0] is Category.CODE_EDITING


REACT = (
    "Answer the questions as best you can. You have access to the following tools:\n\n"
    "search: finds pages. Useful for questions about current events.\n\nUse this format:\n\n"
    "Thought: what to do\nAction: one of [search]\nAction Input: what to search for\nObservation: the"
    " result\n... (and so on, until you know the answer)\n"
)


def test_tools_that_are_called_in_words_are_called() -> None:
    assert of("Who won?", REACT)[0] is Category.TOOL_CALLING
    assert of(f"{REACT}\nQuestion: who won?\nThought:")[0] is Category.TOOL_CALLING


def test_tools_and_housekeeping_come_before_a_task_with_a_text() -> None:
    tool = {"type": "function", "function": {"name": "get_weather"}}
    told = "Translate everything the user writes into German."

    assert of("hi", told, tools=[tool])[0] is Category.TOOL_CALLING
    assert of("hi", "Summarize this coding conversation.")[0] is Category.HOUSEKEEPING


ARTICLE = "The company will close its plant in spring, at a cost of 12 million. " * 8


@pytest.mark.parametrize(
    ("words", "category"),
    [
        (f"Summarize this in two sentences: {ARTICLE}", Category.SUMMARISING),
        (f"Can you please summarise the following report?\n\n{ARTICLE}", Category.SUMMARISING),
        (f"Give me the key points of this article:\n\n{ARTICLE}", Category.SUMMARISING),
        (f"{ARTICLE}\n\nSummarise the above.", Category.SUMMARISING),
        (f"总结以下内容: {ARTICLE}", Category.SUMMARISING),
        (f"Translate this into German, keep the formatting:\n\n{ARTICLE}", Category.TRANSLATION),
        (f"Translate the following into Python:\n\n{ARTICLE}", Category.CODE_WRITING),
        (f"Convert this from Fortran to C++:\n\n{ARTICLE}", Category.CODE_WRITING),
        (f"Proofread my essay:\n\n{ARTICLE}", Category.WRITING),
        (f"Context:\n{ARTICLE}\n\nQuestion: What does it cost?\nAnswer:", Category.EXTRACTION),
        (
            f"Answer the question using only the documents below.\n{ARTICLE}\nWhen is it closed?",
            Category.EXTRACTION,
        ),
    ],
)
def test_a_task_at_one_end_of_a_long_text_counts(words: str, category: Category) -> None:
    assert of(words) == (category, CERTAIN)


LONG = "It should be in the present tense, and about eight hundred words long. " * 5


@pytest.mark.parametrize(
    "words",
    [
        f"Write a story about a translator who has to translate a letter. {LONG}",
        f"I want to classify customer emails into ten groups. What would you do? {LONG}",
        f"My boss keeps asking me to summarize this and that for her. {LONG}",
        f"Summarize this:\n```python\nprint(1)\n```\n{LONG}",
        "Summarize this: it rains.",
        f"Je résume la situation : {LONG}",
        f"{LONG}\n\nPour résumer, que dois-je faire ?",
        f"Ich fasse es mal zusammen: {LONG}",
        f"Hola, ayer mi jefe me pidió traducir un contrato. {LONG}",
    ],
)
def test_a_task_that_is_told_of_and_one_on_code_are_left_to_the_words(words: str) -> None:
    assert of(words)[1] != CERTAIN


@given(told=st.text(max_size=1000), words=st.text(max_size=1000))
def test_any_instructions_and_any_words_are_understood(told: str, words: str) -> None:
    assert of(words, told)[0] in Category


@pytest.mark.parametrize(
    "text",
    [
        "translate " * 60,
        "extract classify the my any " * 22,
        "please now hi " * 43,
        "answer following context given " * 20,
        "give a b " * 67,
        "create " * 86 + "sql",
    ],
)
def test_instructions_made_to_be_slow_are_not(text: str) -> None:
    began_s = process_time()
    of(text, text)

    assert process_time() - began_s < 0.1
