"""What an agent's conversation is made of."""

TURNS = 60
WISHES = ("Rename the parser's class and fix what breaks.", "yes, go on", "Now the lexer, please.")
REMINDER = "<system-reminder>\nThe list of things to do is empty.\n</system-reminder>\n"
WORDS = (
    "parser",
    "token",
    "def",
    "return",
    "None",
    "raise",
    "value",
    "self.",
    "\n    ",
    "é",
    '"',
    "\\",
)
