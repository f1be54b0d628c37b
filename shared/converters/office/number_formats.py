"""How a spreadsheet shows the value of a cell: dates, percentages, thousands, leading zeros."""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CellValue = str | int | float | bool | Decimal | date | datetime | time | timedelta | None

_LOCALE = re.compile(r"\[\$(?P<symbol>[^\]-]*)(?:-[^\]]*)?\]")
_CONDITION = re.compile(r"\[[^\]$hms][^\]]*\]", re.IGNORECASE)
_SECTION = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<fill>[_*].)|(?P<rest>.)', re.DOTALL)
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*,*)?(?:[eE][+-]0+)?")
_DATE_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<fill>[_*].)|(?P<clock>AM/PM|A/P|上午/下午)'
    r"|(?P<elapsed>\[(?:h+|m+|s+)\])|(?P<code>y+|m+|d+|h+|s+(?:\.0+)?|a{3,4})|(?P<rest>.)",
    re.IGNORECASE | re.DOTALL,
)
_LOCAL_DATE = frozenset(("mm-dd-yy", "m/d/yy", "m/d/yyyy"))
"""Number format 14, which every locale shows otherwise: written as ISO 8601."""
_WEEKDAYS = "一二三四五六日"
_MAX_PRECISE = 10**15


def shown(value: CellValue, number_format: str) -> str:
    """Return the text of a cell."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime() | date() | time():
            return _date(value, number_format)
        case timedelta():
            return _duration(value)
        case _:
            return _number(value, number_format)


def _number(value: int | float | Decimal, number_format: str) -> str:
    sections = _SECTION.split(number_format)
    has_own_sign = value < 0 and len(sections) > 1
    section = sections[1] if has_own_sign else sections[2] if value == 0 and len(sections) > 2 else sections[0]
    section = _CONDITION.sub("", _LOCALE.sub(lambda match: match["symbol"], section))
    pattern, parts = _pattern(section)
    if pattern is None and parts[0].strip() and "general" not in section.lower() and "@" not in section:
        return parts[0].strip()
    if pattern is None or "/" in section or "@" in section:
        return _general(value)
    try:
        number = _patterned(abs(Decimal(str(value))), pattern, is_percent="%" in parts[0] + parts[1])
    except (InvalidOperation, ValueError):
        return _general(value)
    sign = "-" if value < 0 and not has_own_sign else ""
    return f"{sign}{parts[0]}{number}{parts[1]}".strip()


def _pattern(section: str) -> tuple[str | None, tuple[str, str]]:
    """Return the digits of a section, and what stands before and after them."""
    literal: list[str] = []
    plain: list[str] = []
    for token in _TOKEN.finditer(section):
        text = token["quoted"] if token["quoted"] is not None else token["escaped"]
        is_literal = text is not None
        kept = "" if token["fill"] is not None else (text if text is not None else token["rest"])
        literal.append(kept)
        plain.append("\0" * len(kept) if is_literal else kept)
    whole, masked = "".join(literal), "".join(plain)
    found = _DIGITS.search(masked)
    if found is None:
        return None, (whole, "")
    return found[0], (whole[: found.start()], whole[found.end() :])


def _patterned(number: Decimal, pattern: str, *, is_percent: bool) -> str:
    if "E" in pattern.upper():
        decimals = pattern.upper().partition("E")[0].partition(".")[2]
        return f"{number:.{len(decimals)}E}"
    if is_percent:
        number *= 100
    shown_digits = pattern.rstrip(",")  # each comma at the end shows thousands
    number /= 1000 ** (len(pattern) - len(shown_digits))
    whole, _, decimals = shown_digits.partition(".")
    rounded = number.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP)
    digits = f"{rounded:,f}" if "," in whole else f"{rounded:f}"
    integer, point, fraction = digits.partition(".")
    optional = len(decimals) - len(decimals.rstrip("#"))
    kept = fraction[: len(fraction) - optional] + fraction[len(fraction) - optional :].rstrip("0")
    return integer.zfill(whole.count("0")) + (point + kept if kept else "")


def _general(value: int | float | Decimal) -> str:
    """Return a number without a format; whole numbers with all their digits, for many are identifiers."""
    number = Decimal(str(value))
    if number.is_finite() and number == number.to_integral_value() and abs(number) < _MAX_PRECISE:
        return str(int(number))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _date(value: datetime | date | time, number_format: str) -> str:
    form = _CONDITION.sub("", _LOCALE.sub(lambda match: match["symbol"], _SECTION.split(number_format)[0]))
    if form.lower() in _LOCAL_DATE or form.lower() == "general":
        return _iso(value)
    tokens = list(_DATE_TOKEN.finditer(form))
    codes = [(token["code"] or token["elapsed"] or "").strip("[]").lower() for token in tokens]
    has_clock = any(token["clock"] for token in tokens)
    written = []
    for at, (token, code) in enumerate(zip(tokens, codes, strict=True)):
        if code:
            written.append(_date_part(value, code, is_minute=_is_minute(codes, at), half_days=has_clock))
        elif token["clock"]:
            written.append(f"{_time_of(value):%p}")
        elif not token["fill"]:
            text = token["quoted"] if token["quoted"] is not None else token["escaped"]
            written.append(text if text is not None else "" if token["rest"] in ";@" else token["rest"])
    return "".join(written).strip() or _iso(value)


def _is_minute(codes: list[str], at: int) -> bool:
    """`m` is a minute behind an hour or before a second, else a month."""
    if codes[at][0] != "m":
        return False
    before = next((code for code in reversed(codes[:at]) if code), "")
    after = next((code for code in codes[at + 1 :] if code), "")
    return before.startswith("h") or after.startswith("s")


def _date_part(value: datetime | date | time, code: str, *, is_minute: bool, half_days: bool) -> str:
    clock, kind = _time_of(value), code[0]
    if is_minute:
        return f"{clock.minute:0{len(code)}d}"
    if kind == "h":
        hour = (clock.hour - 1) % 12 + 1 if half_days else clock.hour
        return f"{hour:0{len(code)}d}"
    if kind == "s":
        return f"{clock.second:0{len(code.partition('.')[0])}d}"
    return "" if isinstance(value, time) else _day_part(value, code)


def _day_part(value: date, code: str) -> str:
    kind = code[0]
    if kind == "y":
        return f"{value.year % 100:02d}" if len(code) < 3 else str(value.year)
    if kind == "a":
        return ("星期" if len(code) > 3 else "周") + _WEEKDAYS[value.weekday()]
    if len(code) < 3:
        return f"{value.month if kind == 'm' else value.day:0{len(code)}d}"
    name = value.strftime("%B" if kind == "m" else "%A")
    return name[:3] if len(code) == 3 else name if len(code) == 4 else name[:1]


def _time_of(value: datetime | date | time) -> time:
    if isinstance(value, datetime):
        return value.time()
    return value if isinstance(value, time) else time()


def _iso(value: datetime | date | time) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != time() else value.date().isoformat()
    return value.isoformat(timespec="seconds") if isinstance(value, time) else value.isoformat()


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
