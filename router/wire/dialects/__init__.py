"""Three APIs, one conversation: translation between chat completions, Responses and Messages.

Each dialect has a folder with a reader and a writer for requests, answers and streams. Between them
is a neutral form (`parts`, `request`, `answer`, `beats`), so that three dialects need three pairs
of files and not six, and nothing is lost on the way that both ends can express. `translate` joins
them; what a target cannot express is refused there, with the name of the field and what would be right,
or is known to have no effect on the answer (`leftovers`).

Sources: https://platform.openai.com/docs/api-reference/chat,
https://platform.openai.com/docs/api-reference/responses and
https://platform.claude.com/docs/en/api/messages.
"""
