"""`farthing keys`: create, list, rotate and revoke clients' keys."""

import argparse
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape

from router.cli.arguments.options import add_config, unlearnt_settings_of
from router.cli.books import opened_ledger
from router.cli.keys.forms import as_document, as_table
from router.cli.keys.options import add_terms, grace_s, key_name
from router.cli.output.documents import print_json
from router.cli.output.saying import counted
from router.cli.output.tables import print_table
from router.config.settings import Settings
from router.domain.budget import Budget, RateLimit, Scope, ScopeKind
from router.domain.errors import FarthingError
from router.domain.key import MOST_TAGS, SECRET_PREFIX, Grants, VirtualKey, digest_of
from router.domain.money import Money
from router.domain.nearest import nearest
from router.stores.sql.keys import KeyStore

_SECRET_BYTES = 32
_LISTED = 1000
"""So many keys, the newest, are in the table: laying out fifty thousand would take a minute."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `keys`, and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = _action(actions, "create", _create, "create a key; its secret is shown once")
    create.add_argument("name", type=key_name, help="its name in reports and policies")
    add_terms(create)
    listing = _action(actions, "list", _list, "show all keys, without their secrets")
    listing.add_argument("--all", action="store_true", help="include revoked and expired ones")
    rotate = _action(actions, "rotate", _rotate, "give a key a new secret, shown once")
    rotate.add_argument("name", help="name or id of the key")
    rotate.add_argument(
        "--grace-s",
        type=grace_s,
        default=0.0,
        metavar="SECONDS",
        help="how long the old one still works",
    )
    revoke = _action(actions, "revoke", _revoke, "revoke a key")
    revoke.add_argument("name", help="name or id of the key")


def _action(
    actions: Any, name: str, run_it: Callable[..., int], told: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=told, description=told)
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(act=run_it)
    return parser


def run(args: argparse.Namespace) -> int:
    """Do what was asked for. Raises FarthingError that says what cannot be done."""
    settings = unlearnt_settings_of(args)
    with opened_ledger(settings) as engine:
        done: int = args.act(args, settings, KeyStore(engine))
    return done


def _create(args: argparse.Namespace, settings: Settings, store: KeyStore) -> int:
    _known(args.policy, "policy", settings.policies)
    _known(args.model, "model", settings.named)
    if args.name in {key.name for key in settings.keys}:
        raise FarthingError(f"the configuration already has a key '{args.name}'")
    if len(tags := tuple(dict.fromkeys(args.tag))) > MOST_TAGS:
        raise FarthingError(f"--tag: a request has at most {MOST_TAGS} tags")
    secret, now_s = _new_secret(), time.time()
    key = VirtualKey(
        args.name,
        digest_of(secret),
        tags=tags,
        grants=_grants(args),
        expires_s=_end_s(args, now_s),
        id=_new_id(),
    )
    is_first = not settings.keys and store.is_empty()
    store.create(key, secret, now_s)
    _show_secret(args, key, secret)
    if is_first:
        _tell_what_closes(settings)
    if before := store.spent_by(args.name):
        _tell_what_goes_on(args.name, before)
    return 0


def _grants(args: argparse.Namespace) -> Grants:
    own = Scope(ScopeKind.KEY, args.name)
    return Grants(
        policies=frozenset(args.policy),
        models=frozenset(args.model),
        overrides=args.overrides,
        budgets=tuple(Budget(own, *amount) for amount in args.budget),
        limits=(RateLimit(own, args.rpm, args.tpm),) if args.rpm or args.tpm else (),
    )


def _end_s(args: argparse.Namespace, now_s: float) -> float | None:
    """When a new key expires; None for never. Raises FarthingError if that is in the past."""
    expires_s: float | None = args.expires(now_s) if args.expires else None
    if expires_s is not None and expires_s <= now_s:
        raise FarthingError("--expires: that is in the past")
    return expires_s


def _rotate(args: argparse.Namespace, _: Settings, store: KeyStore) -> int:
    secret = _new_secret()
    key = store.rotate(args.name, _new_id(), secret, time.time(), args.grace_s)
    _show_secret(args, key, secret)
    return 0


def _revoke(args: argparse.Namespace, _: Settings, store: KeyStore) -> int:
    count = store.revoke(args.name, time.time())
    if args.json:
        print_json({"revoked": count})
    else:
        Console().print(
            f"Revoked. A running Farthing refuses it within two seconds ({counted(count, 'secret')})."
        )
    return 0


def _list(args: argparse.Namespace, settings: Settings, store: KeyStore) -> int:
    now_s = time.time()
    every = [each for each in store.all() if args.all or each.is_active(now_s)]
    if args.json:
        print_json([as_document(each, now_s) for each in every])
    else:
        print_table(as_table(every[-_LISTED:], settings.keys, now_s))
        if (older := len(every) - _LISTED) > 0:
            Console().print(f"{counted(older, 'older key')} not shown; --json has all of them.")
    return 0


def _show_secret(args: argparse.Namespace, key: VirtualKey, secret: str) -> None:
    """Show the secret, for the only time: plain, so that it can be copied or piped."""
    if args.json:
        print_json({"id": key.id, "name": key.name, "secret": secret})
        return
    console = Console(stderr=True)
    console.print(f"The key [bold]{escape(key.name)}[/] ({key.id}); its secret is not shown again:")
    print(secret)  # noqa: T201 - for a pipe


def _tell_what_closes(settings: Settings) -> None:
    """The first key locks out clients without one: users must not find that out from failing clients."""
    console = Console(stderr=True)
    console.print("It is the first key: within two seconds every client must send one.")
    if settings.serving.admin_key is None:
        console.print(
            "[yellow]server.admin_key is not set: /metrics, /admin and the figures of /dashboard are closed to"
            " everyone until it is set and Farthing is restarted.[/]",
            soft_wrap=True,
        )


def _tell_what_goes_on(name: str, before: Money) -> None:
    """A key is its name: users must not find out by a budget that another one had it before."""
    Console(stderr=True).print(
        f"[yellow]A key {escape(name)} has spent {before} USD before: the budgets, reports, stored answers and decisions"
        " of that name go on. For a new client, revoke this key and choose another name.[/]",
        soft_wrap=True,
    )


def _new_secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def _new_id() -> str:
    return f"key_{secrets.token_hex(6)}"


def _known(names: Iterable[str], what: str, there: Mapping[str, object]) -> None:
    for name in names:
        if name not in there:
            raise FarthingError(f"there is no {what} '{name}'{nearest(name, there)}")
