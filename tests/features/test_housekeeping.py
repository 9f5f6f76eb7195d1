"""What programs ask about a conversation is housekeeping, whichever program it is; the user's work is not."""

from typing import Any

import pytest

from router.domain.category import Category
from router.features.category import categorise
from router.features.housekeeping import is_housekeeping
from router.features.turns import asking_of

TOOL = {"type": "function", "function": {"name": "edit_file", "parameters": {}}}


def body(user: str, system: str = "", **more: Any) -> dict[str, Any]:
    instructions = [{"role": "system", "content": system}] if system else []
    return {"messages": [*instructions, {"role": "user", "content": user}], **more}


WORK = "Why does the parser fail on empty lines?"
CHORES = {
    "a topic check": body(
        WORK,
        "Decide whether this message begins a new conversation topic. If so, give it a title of two or three"
        " words. Answer with a JSON object that has the fields isNewTopic and title.",
    ),
    "a title": body(
        f"Please write a title of at most ten words for the following conversation:\n\n{WORK}"
    ),
    "a title by its instructions": body(
        WORK, "You are a title generator. You output a thread title only."
    ),
    "a short description": body(
        WORK,
        "Summarize this coding conversation in under 50 characters. Name the task and the key files.",
    ),
    "a chat page's title": body(
        "### Task:\nGenerate a concise title of 3-5 words with an emoji that sums up the chat history."
        f"\n<chat_history>\nUSER: {WORK}\n</chat_history>"
    ),
    "follow-up questions": body(
        f"### Task:\nSuggest 3 follow-up questions.\n<chat_history>\nUSER: {WORK}\n</chat_history>"
    ),
    "a compaction": body(
        "Your task is to create a detailed summary of the conversation so far, with close attention to what"
        " the user wants and what you did before.",
        "You are a coding agent.",
        tools=[TOOL],
    ),
    "another compaction": body(
        "You are performing a context checkpoint compaction. Write a handoff summary for another model that"
        " takes the task over.",
        "You are a coding agent.",
        tools=[TOOL],
    ),
    "a command's prefix": body(
        "Command: git commit -m x",
        "Your task is to find the prefix of a Bash command that an agent runs.",
    ),
    "files of a command": body(
        "Command: cat a.py\nOutput: ...",
        "Extract any file paths that this command reads or changes.",
    ),
    "a suggestion": body(
        "[SUGGESTION MODE: suggest what the user might type next.]",
        "You are an agent.",
        tools=[TOOL],
    ),
    "a commit message": body("diff --git a b", "Generate a commit message for these changes."),
    "a probe of the quota": body("quota", max_tokens=1),
    "tags, whose template is longer than what is read of it": body(
        "### Task:\nGenerate 1-3 broad tags for the main themes, and as many for subtopics.\n"
        + "- Tags are in the language of the chat.\n" * 40
        + f"<chat_history>\n{'USER: Why? ' * 60}\n</chat_history>"
    ),
    "a question to be understood alone": body(
        "When was she born?",
        "Given a chat history and the latest user question, which may refer to it, formulate a standalone"
        " question which can be understood without the chat history.",
    ),
    "a memory": body(
        "Progressively summarize the lines of conversation provided, adding onto the previous summary."
    ),
    "a compaction by another agent": body(
        "Provide a detailed prompt for continuing our conversation above.",
        "You are an agent.",
        tools=[TOOL],
    ),
    "a title for the list of chats": body(
        "User: hi\nAssistant: hello",
        "You are good at conversation. Summarize the user's conversation as a title of at most ten words.",
    ),
    "a title in Chinese": body("为这段对话生成一个简短的标题:\n用户:怎么煮米饭?"),
    "a title of a talk in Chinese": body(
        "怎么煮米饭?", "你是一名擅长会话的助理,你需要将用户的会话总结为 10 个字以内的标题"
    ),
}


@pytest.mark.parametrize("request_body", CHORES.values(), ids=CHORES)
def test_what_programs_ask_about_a_conversation_is_housekeeping(
    request_body: dict[str, Any],
) -> None:
    assert categorise(request_body)[0] is Category.HOUSEKEEPING


WORKS = {
    "an article's title": body("Suggest a catchy title for my article about bees."),
    "a summary of a text": body("Summarize the following article in three sentences: ..."),
    "talk between people": body("Summarize this conversation between a doctor and a patient: ..."),
    "code for titles": body("Fix set_title: the window's title is wrong.", tools=[TOOL]),
    "an agent whose instructions speak of chores": body(
        WORK, "You are an agent. Write a commit message for each commit.", tools=[TOOL]
    ),
    "a quota": body("quota"),
    "a prefix": body("What is the prefix 'un-' good for?"),
    "a bot's prefix": body("How do I write a Discord bot with the command prefix ! in Python?"),
    "a topic in a queue": body("How do I create a new topic in Kafka?"),
    "a topic to talk about": body("Suggest a topic for a first conversation with a stranger."),
    "a thread's name": body("How do I give the tag of the thread pool a title in Java?"),
    "an application for chats": body(
        "Build a chat app. The title of the chat is shown in the header, and cut off in the chat list."
    ),
    "a path in a command": body("Given a file path, which shell command prints its size?"),
    "a program that writes messages": body("Write a script that generates a commit message."),
    "a memory in the instructions": body(
        WORK, "You are an assistant.\n<chat_history>\nHuman: hi\n</chat_history>"
    ),
    "a dialogue with a title in Chinese": body("写一段两个朋友之间的对话, 标题叫重逢"),
    "a dialogue of given words in Chinese": body("为孩子用以下词语写一段对话, 并起一个标题"),
    "an assistant that keeps to its topic": body(
        WORK, "You are Ava. Keep to the topic of the conversation, and use its title."
    ),
    "an assistant that asks": body(WORK, "You are a tutor. Ask if the user wants a new topic."),
    "an assistant that may have to": body(
        WORK, "Review code. Write a commit message when asked. At the end, summarize our chat."
    ),
    "an assistant that must not": body(WORK, "Never summarize the conversation so far."),
    "an assistant that suggests": body(WORK, "Suggest what the user could cook today."),
    "a bot": body(WORK, "You are a bot. The command prefix is '!', the chat title is 'Help'."),
    "an assistant whose last habit is a title": body(
        WORK, f"{'You are patient. ' * 40}Create a title for this conversation."
    ),
}
AGENTS_WORK = (
    "Show the title of the current chat in the title bar.",
    "Generate a title for each new chat from this conversation's first message.",
    "Add a new topic 'orders' to the consumer. The message starts a new topic.",
    "Change the command prefix of the bot from ! to ?",
    "Summarize our chat session table's schema.",
    "Extract the file paths that the build command uses into a list.",
    "Create a branch name from the ticket, and a commit message for the conversation.",
)


@pytest.mark.parametrize("words", AGENTS_WORK)
def test_work_on_a_program_about_chats_is_work(words: str) -> None:
    assert categorise(body(words, tools=[TOOL]))[0] is Category.CODE_EDITING


@pytest.mark.parametrize("request_body", WORKS.values(), ids=WORKS)
def test_work_is_not(request_body: dict[str, Any]) -> None:
    assert not is_housekeeping(request_body, asking_of(request_body["messages"]))


def test_a_tools_result_is_no_housekeeping_whatever_it_says() -> None:
    talk = body(WORK, tools=[TOOL])
    talk["messages"] += [
        {"role": "assistant", "content": None, "tool_calls": []},
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": "Summarize our conversation so far: title",
        },
    ]

    assert categorise(talk)[0] is Category.CODE_EDITING
