"""An import that leaves the process as it was: environment, warnings, logging.

When litellm is imported (its `__init__.py` and `_logging.py`), it reads `.env`, fetches its price list, and
adds handlers to loggers and filters to warnings. Where environment variables can prevent this, they are set;
the rest is undone afterwards.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

OFFLINE = {
    "LITELLM_MODE": "PRODUCTION",  # anything but DEV: no `.env` is read
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # the price list that comes with the package
    "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",  # likewise; read at the first Claude call
    "LITELLM_LOCAL_BLOG_POSTS": "True",
    "LITELLM_LOCAL_POLICY_TEMPLATES": "True",
    "LITELLM_LOCAL_AUTOROUTER_PRESETS": "True",
    "JSON_LOGS": "False",  # true would replace sys.excepthook
}
"""What litellm 1.106.2 looks up in its environment before it goes to the network or to other files."""


@contextmanager
def quietly(environment: Mapping[str, str], logger_prefix: str) -> Iterator[None]:
    """Run a block with `environment` added, and undo afterwards what the block changed.

    Environment variables, warning filters and the loggers that existed before are restored;
    new loggers whose names begin with `logger_prefix` are switched off. All of that belongs to
    the process: only one thread at a time may be in here.
    """
    variables, loggers = dict(os.environ), _loggers()
    os.environ.update(environment)
    try:
        with warnings.catch_warnings():
            # Warnings during an import are its author's to fix, and must not stop it.
            warnings.simplefilter("ignore")
            yield
    finally:
        _restore_environment(variables)
        _restore_loggers(loggers)
        for name in list(logging.root.manager.loggerDict):
            if name.startswith(logger_prefix):
                _switch_off(logging.getLogger(name))


_LoggerState = tuple[list[logging.Handler], list[object], int, bool]


def _loggers() -> dict[str, _LoggerState]:
    known = {
        name: logger
        for name, logger in list(logging.root.manager.loggerDict.items())
        if isinstance(logger, logging.Logger)
    }
    return {
        name: (list(logger.handlers), list(logger.filters), logger.level, logger.propagate)
        for name, logger in {**known, "": logging.root}.items()
    }


def _restore_loggers(states: Mapping[str, _LoggerState]) -> None:
    for name, (handlers, filters, level, propagate) in states.items():
        logger = logging.getLogger(name)
        logger.handlers[:] = handlers
        logger.filters[:] = filters  # type: ignore[assignment]  # they came from this very list
        logger.setLevel(level)
        logger.propagate = propagate


def _switch_off(logger: logging.Logger) -> None:
    # Its log lines would quote requests; what matters about a failure is in the fault.
    logger.handlers.clear()
    logger.disabled = True


def _restore_environment(variables: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(variables):
        del os.environ[name]
    os.environ.update(variables)
