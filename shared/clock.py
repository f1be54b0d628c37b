"""Time as the service keeps it: UTC with millisecond precision, which is what MongoDB stores."""

from datetime import UTC, datetime, timedelta


def now() -> datetime:
    """Return the current UTC time, cut to milliseconds so that it survives a round trip through MongoDB."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(moment: datetime) -> datetime:
    """Cut a time to whole milliseconds; a time without an offset is taken as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)


def iso_z(moment: datetime) -> str:
    """Write a time as ISO 8601 with `Z`; milliseconds only where there are some."""
    precision = "milliseconds" if moment.microsecond else "seconds"
    return to_milliseconds(moment).isoformat(timespec=precision).replace("+00:00", "Z")


def seconds_from_now(seconds: float) -> datetime:
    """Return the time that many seconds ahead."""
    return now() + timedelta(seconds=seconds)


def milliseconds_between(start: datetime, end: datetime) -> int:
    """Return whole milliseconds from `start` to `end`, never negative."""
    return max(0, int((end - start).total_seconds() * 1000))
