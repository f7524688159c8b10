"""Words for units of time, and the ISO 8601 durations that they make."""

from __future__ import annotations

from typing import Final

from sdtm_il2.plan.calls import normal

#: The ISO 8601 duration that a number of each unit makes, by the words collected for the unit.
DURATIONS: Final = {
    **dict.fromkeys(("year", "years", "y", "yr", "yrs", "年", "岁"), "P{}Y"),
    **dict.fromkeys(("month", "months", "mo", "mon", "月", "个月"), "P{}M"),
    **dict.fromkeys(("week", "weeks", "w", "wk", "周"), "P{}W"),
    **dict.fromkeys(("day", "days", "d", "天", "日"), "P{}D"),
    **dict.fromkeys(("hour", "hours", "h", "hr", "hrs", "小时"), "PT{}H"),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "分", "分钟"), "PT{}M"),
    **dict.fromkeys(("second", "seconds", "s", "sec", "secs", "秒"), "PT{}S"),
}


def is_time_unit(text: str) -> bool:
    """Whether a text is a word for a unit of time.

    >>> is_time_unit("days"), is_time_unit("周"), is_time_unit("AGEU")
    (True, True, False)
    """
    return normal(text) in DURATIONS
