"""litellm as a client of Farthing, as people have it in their programs. Prints what it gets as JSON.

A program of its own: importing it changes the process that does.
"""

import json
import sys

import litellm  # noqa: TID251  as a client, in a process of its own

ASK = {
    "model": "openai/auto",
    "api_base": sys.argv[1],
    "api_key": "any",
    "messages": [{"role": "user", "content": "What is 17 * 23?"}],
    "extra_headers": {"cache-control": "no-store"},
    "num_retries": 0,
}


def main() -> None:
    plain = litellm.completion(**ASK)
    stream = litellm.completion(**ASK, stream=True, stream_options={"include_usage": True})
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    told = {"plain": plain.choices[0].message.content, "streamed": text}
    told["tokens"] = plain.usage.total_tokens
    told["streamed_tokens"] = [c.usage.total_tokens for c in chunks if getattr(c, "usage", None)]
    json.dump(told, sys.stdout)


main()
