"""The greeting of `farthing serve --hello`: one real request, and how to send the next one."""

import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from router.config.settings import Settings
from router.domain.key import VirtualKey

_QUESTION = "Extract the year from this text: The bridge was opened in 1932."
"""A small model is good enough for it, so that the first report shows a saving."""
_NEXT = "Translate into French: The train is late again."

_SHOWN_HEADERS = ("model", "reason", "cost-usd", "cache")


@dataclass(frozen=True, slots=True)
class Greeting:
    """A request that Farthing sends to itself, with a key that lives as long as the process."""

    secret: str = field(repr=False)

    @classmethod
    def fresh(cls) -> "Greeting":
        """A greeting with a new key."""
        return cls(secrets.token_hex(16))

    @property
    def key(self) -> VirtualKey:
        """The key that it presents."""
        return VirtualKey.from_secret("hello", self.secret)

    async def say(self, url: str, settings: Settings) -> None:
        """Send one request through the proxy at `url`; print the answer, a curl line and a snippet."""
        console = Console(stderr=True)
        body = {"model": "auto", "messages": [{"role": "user", "content": _QUESTION}]}
        headers = {"authorization": f"Bearer {self.secret}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/v1/chat/completions", json=body, headers=headers) as response,
        ):
            answer = await response.json()
            _show_answer(answer, response, console)
        _show_usage(url, settings, console)


def _show_answer(
    answer: dict[str, Any], response: aiohttp.ClientResponse, console: Console
) -> None:
    console.print(f"\n[bold]Asked itself:[/] {_QUESTION}")
    if response.status != 200:
        console.print(f"[red]It answered with status {response.status}:[/] {escape(str(answer))}\n")
        return
    console.print(f"[bold]Answer:[/] {escape(answer['choices'][0]['message']['content'])}")
    for name in _SHOWN_HEADERS:
        value = response.headers.get(f"x-farthing-{name}", "")
        console.print(f"  [dim]x-farthing-{name}:[/] {escape(value)}", soft_wrap=True)


def _own_name() -> str:
    """How this program was called, so that the next command can be pasted unchanged."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return "python -m router"
    return os.path.relpath(program) if program.is_absolute() else str(program)


def _show_usage(url: str, settings: Settings, console: Console) -> None:
    has_keys = bool(settings.keys)
    key = ' -H "authorization: Bearer $YOUR_KEY"' if has_keys else ""
    command = (
        f"curl {url}/v1/chat/completions -H 'content-type: application/json'{key} \\\n"
        f"""  -d '{{"model": "auto", "messages": [{{"role": "user", "content": "{_NEXT}"}}]}}'"""
    )
    snippet = (
        "from openai import OpenAI\n"
        f'client = OpenAI(base_url="{url}/v1", api_key="{"YOUR_KEY" if has_keys else "any"}")\n'
        'print(client.chat.completions.create(model="auto", messages=[{"role": "user", '
        f'"content": "{_NEXT}"}}]).choices[0].message.content)'
    )
    console.print(f"\n[bold]From a shell:[/]\n{escape(command)}", soft_wrap=True)
    console.print(f"\n[bold]From Python:[/]\n{escape(snippet)}", soft_wrap=True)
    report = f"{_own_name()} report --config {settings.file}"
    console.print(f"\n[bold]What it cost and saved:[/] {escape(report)}", soft_wrap=True)
    console.print("[dim]Ctrl-C stops it.[/]\n")
