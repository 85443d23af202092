"""Forgets on time: personal data by its kind, the audit log after its half year.

Rules: time is the hall's, which no jump of the wall clock moves: a clock set to next year must not
erase anything. What cannot be done now is told in the log and done the next time.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from gateway.audit import AuditError, AuditLog
from gateway.privacy.keys import PrivacyError
from gateway.privacy.vault import Vault

EVERY_S = 3600.0
_log = structlog.get_logger("hallkit.retention")


def forget_what_is_due(vault: Vault, audit: AuditLog, now_ms: int) -> None:
    """Once, now."""
    try:
        gone = {kind: count for kind, count in vault.keys.expire(now_ms).items() if count}
        if gone:
            told = ", ".join(f"{count} {kind}" for kind, count in gone.items())
            audit.note("hallkit", "personal data expired", told)
        audit.prune(datetime.fromtimestamp(now_ms / 1000, UTC))
    except (PrivacyError, AuditError) as error:
        _log.error("retention_failed", problem=str(error))


async def keep_to_retention(vault: Vault, audit: AuditLog, hall_ms: Callable[[], int]) -> None:
    """At the start and every hour, until it is cancelled."""
    while True:
        await asyncio.to_thread(forget_what_is_due, vault, audit, hall_ms())
        await asyncio.sleep(EVERY_S)
