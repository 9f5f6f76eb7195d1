"""The APIs that clients come in by, beside chat completions: a request is understood, kept and sent as chat.

A door reads a request and has its chat view; the answer, plain or piece by piece, is told in the
client's own API. What passes in between is chat, whatever the door: so everything that holds for
chat holds here, and what is stored for one door serves all.
"""
