"""The APIs by which clients come in, besides chat completions: a request is understood, kept and sent as chat.

A door reads a request and provides its chat view; the answer, whole or streamed, is written in the
client's own API. What passes in between is chat, whatever the door: so everything that holds for
chat holds here, and an answer stored for one door serves all.
"""
