"""Logging: one JSON object a line, each with its request's id."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(*, level: int = logging.INFO) -> None:
    """Send every log line to standard error as JSON.

    Tracebacks are plain: the values of variables, tokens among them, are never
    logged.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    silence_the_chatty()


def silence_the_chatty() -> None:
    """Keep those down who tell of every request or key in their own words.

    Addresses are among these words, and some are secret.
    """
    for chatty in ("httpx", "httpcore", "connexion", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
