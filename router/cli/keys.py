"""`farthing keys`: create, list, rotate and revoke clients' keys."""

import argparse
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from router.cli.arguments.options import add_config, unlearnt_settings_of
from router.cli.arguments.reading import expects, whole
from router.cli.books import opened_ledger
from router.cli.output.saying import counted
from router.cli.output.tables import print_table
from router.config.settings import Settings
from router.domain.budget import Budget, BudgetWindow, RateLimit, Scope, ScopeKind
from router.domain.errors import FarthingError
from router.domain.key import SECRET_PREFIX, Grants, VirtualKey, digest_of
from router.domain.money import Money
from router.domain.nearest import nearest
from router.stores.sql.keys import KeyStore, StoredKey
from router.wire.overrides import OVERRIDES

_NAME = re.compile(r"[!-9;-~][!-~]{0,127}")
_TAG = re.compile(r"[!-+\--~]{1,64}")
_BUDGET = re.compile(r"(?P<usd>\d+(?:\.\d+)?)/(?P<per>day|week|month|lifetime)(?:@(?P<zone>\S+))?")
_SECRET_BYTES = 32
_DAY_S = 86_400.0
_MOST_GRACE_S = 366 * _DAY_S
_MOST_A_MINUTE = 10**12
"""More than anybody needs, and still an exact number in JSON and in Redis."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `keys`, and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    create = _action(actions, "create", _create, "create a key; its secret is shown once")
    create.add_argument("name", type=_name, help="its name in reports and policies")
    _add_terms(create)
    listing = _action(actions, "list", _list, "show all keys, without their secrets")
    listing.add_argument("--all", action="store_true", help="include revoked and expired ones")
    rotate = _action(actions, "rotate", _rotate, "give a key a new secret, shown once")
    rotate.add_argument("name", help="name or id of the key")
    rotate.add_argument(
        "--grace-s",
        type=_grace_s,
        default=0.0,
        metavar="SECONDS",
        help="how long the old one still works",
    )
    revoke = _action(actions, "revoke", _revoke, "revoke a key")
    revoke.add_argument("name", help="name or id of the key")


def _add_terms(create: argparse.ArgumentParser) -> None:
    """The options that say what a new key may do and spend."""
    create.add_argument(
        "--tag", action="append", default=[], type=_tag, help="a tag for each of its requests"
    )
    create.add_argument(
        "--policy", action="append", default=[], help="allow only this policy; may be repeated"
    )
    create.add_argument(
        "--model", action="append", default=[], help="allow only this model; may be repeated"
    )
    create.add_argument(
        "--overrides",
        type=_overrides,
        metavar="NAMES",
        help="its requests may override these only: tolerance,candidates; or none",
    )
    create.add_argument(
        "--budget",
        action="append",
        default=[],
        type=_budget,
        metavar="USD/PERIOD[@ZONE]",
        help="50/month, 2.5/day@Europe/Berlin, 100/lifetime",
    )
    create.add_argument("--rpm", type=whole(1, _MOST_A_MINUTE), help="requests a minute")
    create.add_argument(
        "--tpm", type=whole(1, _MOST_A_MINUTE), help="tokens a minute, of prompt and answer"
    )
    create.add_argument(
        "--expires", type=_expiry, metavar="DAY|Nd", help="2027-01-31 (when it begins, UTC), or 90d"
    )


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
    secret, now_s = _new_secret(), time.time()
    key = VirtualKey(
        args.name,
        digest_of(secret),
        tags=tuple(dict.fromkeys(args.tag)),
        grants=_grants(args),
        expires_s=_end_s(args, now_s),
        id=_new_id(),
    )
    is_first = not settings.keys and not store.all()
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
        _print({"revoked": count})
    else:
        Console().print(
            f"Revoked. A running Farthing refuses it within two seconds ({counted(count, 'secret')})."
        )
    return 0


def _list(args: argparse.Namespace, settings: Settings, store: KeyStore) -> int:
    now_s = time.time()
    every = [each for each in store.all() if args.all or each.is_active(now_s)]
    if args.json:
        _print([_told(each, now_s) for each in every])
        return 0
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "id", "secret"):
        table.add_column(heading, no_wrap=True)
    for heading in ("may use", "budgets and limits", "until"):
        table.add_column(heading, overflow="fold")
    for each in every:
        table.add_row(*map(escape, _cells(each, now_s)))
    for key in settings.keys:
        table.add_row(escape(key.name), "-", "configured", *map(escape, _bounds(key)), "-")
    print_table(table)
    return 0


def _show_secret(args: argparse.Namespace, key: VirtualKey, secret: str) -> None:
    """Show the secret, for the only time: plain, so that it can be copied or piped."""
    if args.json:
        _print({"id": key.id, "name": key.name, "secret": secret})
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


def _told(stored: StoredKey, now_s: float) -> dict[str, Any]:
    key = stored.key
    return {
        "id": key.id,
        "name": key.name,
        "hint": stored.hint,
        "tags": key.tags,
        "policies": sorted(key.grants.policies),
        "models": sorted(key.grants.models),
        "overrides": None if key.grants.overrides is None else sorted(key.grants.overrides),
        "budgets": [str(budget) for budget in key.grants.budgets],
        "limits": [_rates(limit) for limit in key.grants.limits],
        "created": _iso(stored.created_s),
        "expires": _iso(key.expires_s),
        "revoked": _iso(stored.revoked_s),
        "active": stored.is_active(now_s),
    }


def _cells(stored: StoredKey, now_s: float) -> Sequence[str]:
    key = stored.key
    until = "revoked" if stored.revoked_s else (_iso(key.expires_s) or "-")
    if not stored.is_active(now_s) and not stored.revoked_s:
        until = f"expired {until}"
    return (key.name, key.id, f"{stored.hint}...", *_bounds(key), until)


def _bounds(key: VirtualKey) -> tuple[str, str]:
    grants = key.grants
    named = [*(f"policy {p}" for p in sorted(grants.policies)), *sorted(grants.models)]
    may = named or ["everything"]
    if grants.overrides is not None:
        may.append(f"overrides {' '.join(sorted(grants.overrides)) or 'none'}")
    bounds = map(_budgeted, grants.budgets)
    return ", ".join(may), ", ".join([*bounds, *map(_rates, grants.limits)]) or "-"


def _budgeted(budget: Budget) -> str:
    """The budget in the form of `--budget`."""
    zone = f"@{budget.timezone}" if budget.timezone != "UTC" else ""
    return f"{budget.usd} USD/{budget.window}{zone}"


def _rates(limit: RateLimit) -> str:
    told = {"rpm": limit.requests_per_minute, "tpm": limit.tokens_per_minute}
    return ", ".join(f"{bound} {what}" for what, bound in told.items() if bound)


def _iso(unix_s: float | None) -> str | None:
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="seconds")


def _print(told: object) -> None:
    print(json.dumps(told, indent=2))  # noqa: T201 - a command line speaks by printing


@expects("a name of at most 128 characters, in ASCII, without spaces, not beginning with a colon")
def _name(text: str) -> str:
    """A name."""
    if not _NAME.fullmatch(text):
        raise ValueError(text)
    return text


@expects("a tag of at most 64 characters, in ASCII, without spaces and commas")
def _tag(text: str) -> str:
    if not _TAG.fullmatch(text):
        raise ValueError(text)
    return text


def _overrides(text: str) -> frozenset[str]:
    """`tolerance,candidates`, or `none`."""
    names = frozenset() if text == "none" else frozenset(each.strip() for each in text.split(","))
    for name in sorted(names - OVERRIDES.keys()):
        hint = nearest(name, OVERRIDES)
        raise argparse.ArgumentTypeError(f"there is no override '{name}'{hint}")
    return names


@expects(f"a number of seconds from 0 to {_MOST_GRACE_S:.0f} (a year)")
def _grace_s(text: str) -> float:
    """A time within which a secret that somebody wants to be rid of should end."""
    if not 0 <= (seconds := float(text)) <= _MOST_GRACE_S:
        raise ValueError(text)
    return seconds


@expects(
    "USD/PERIOD or USD/PERIOD@ZONE, such as 50/month@Europe/Berlin; day, week, month or lifetime"
)
def _budget(text: str) -> tuple[Money, BudgetWindow, str]:
    """`50/month@Europe/Berlin` as an amount, a window and a time zone."""
    if not (found := _BUDGET.fullmatch(text)):
        raise ValueError(text)
    amount = Money.from_usd(found["usd"]), BudgetWindow(found["per"]), found["zone"] or "UTC"
    Budget(Scope(ScopeKind.KEY, "-"), *amount)  # refuses unknown time zones
    return amount


@expects("a day, 2027-01-31, or a number of days, 90d")
def _expiry(text: str) -> Callable[[float], float]:
    """`90d` from now, or the beginning of a day; as a function of now."""
    if days := re.fullmatch(r"([1-9]\d{0,4})d", text):
        return lambda now_s: now_s + int(days[1]) * _DAY_S
    day = date.fromisoformat(text)
    at_s = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return lambda _: at_s
