"""The grammar of schedule expressions, as EventBridge documents it: neither `sam validate` nor cfn-lint knows the values."""

import re
from datetime import datetime

MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()


def fault(expression: str, once: bool) -> str | None:
    """What is wrong with an expression, if anything. Only the Scheduler runs something once."""
    match re.fullmatch(r"(rate|cron|at)\((.*)\)", expression):
        case None:
            return "is neither rate(..) nor cron(..)" + (" nor at(..)" if once else "")
        case found if found[1] == "rate":
            return rate(found[2])
        case found if found[1] == "cron":
            return cron(found[2])
        case found:
            return at(found[2]) if once else "runs once, which only the Scheduler does"


def rate(text: str) -> str | None:
    found = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", text)
    if found is None:
        return "is not a number above 0 and minutes, hours or days"
    return None if (found[1] == "1") == (found[3] == "") else "is singular after 1, and plural after anything else"


def at(text: str) -> str | None:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        return "is not a moment such as 2026-01-31T09:00:00"
    return None


def cron(text: str) -> str | None:
    fields = text.split(" ")
    if len(fields) != 6:
        return "has not six fields: minutes, hours, day of month, month, day of week, year"
    minutes, hours, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        return "needs one ?, as day of month or as day of week"
    sound = {
        "minutes": among(minutes, 0, 59),
        "hours": among(hours, 0, 23),
        # The last day, the last working day, or the working day that is nearest to the 15th: `15W`.
        "day of month": day in ("?", "L", "LW") or among(day.removesuffix("W"), 1, 31),
        "month": among(month, 1, 12, MONTHS),
        # The last Friday, `6L`, or the third, `6#3`.
        "day of week": weekday in ("?", "L") or among(re.sub("L$|#[1-5]$", "", weekday), 1, 7, DAYS),
        "year": among(year, 1970, 2199),
    }
    faulty = [field for field, is_sound in sound.items() if not is_sound]
    return f"has a bad {', '.join(faulty)}" if faulty else None


def among(text: str, least: int, most: int, names: list[str] = ()) -> bool:
    """A list of values, ranges and steps, each between the least and the most."""
    return all(part_among(part, least, most, names) for part in text.split(","))


def part_among(part: str, least: int, most: int, names: list[str]) -> bool:
    found = re.fullmatch(r"(\*|[A-Z0-9]+(?:-[A-Z0-9]+)?)(?:/([1-9][0-9]*))?", part)
    if found is None:
        return False
    ends = [] if found[1] == "*" else [number(end, least, names) for end in found[1].split("-")]
    step = int(found[2] or 1)
    return None not in ends and all(least <= end <= most for end in ends) and ends == sorted(ends) and step <= most


def number(text: str, least: int, names: list[str]) -> int | None:
    if text in names:
        return names.index(text) + least
    return int(text) if text.isdigit() else None
