"""ISO 8601 dates of SDTM: raw dates read, partial dates kept and compared, study days and ages counted.

All functions take one text per record ("" is missing), work on the distinct texts, and spread the result.
"""

from sdtm_il2.dateformat import DateFormat, DateStatus, date_format
from sdtm_il2.iso8601.compare import (
    UNDECIDABLE,
    OrderComparator,
    ages,
    compare,
    day_bounds,
    decide,
    earliest,
    latest,
    sort_keys,
    study_days,
)
from sdtm_il2.iso8601.raw import TIME_FORMATS, ParsedDates, parse_date_times, parse_dates
from sdtm_il2.iso8601.shift import between, shift
from sdtm_il2.iso8601.text import Texts, distinct, forms, is_iso, spread, truncate
from sdtm_il2.moment import PRECISIONS, Moment, Precision, days_of_duration, form, is_duration, moment

__all__ = [
    "PRECISIONS",
    "TIME_FORMATS",
    "UNDECIDABLE",
    "DateFormat",
    "DateStatus",
    "Moment",
    "OrderComparator",
    "ParsedDates",
    "Precision",
    "Texts",
    "ages",
    "between",
    "compare",
    "date_format",
    "day_bounds",
    "days_of_duration",
    "decide",
    "distinct",
    "earliest",
    "form",
    "forms",
    "is_duration",
    "is_iso",
    "latest",
    "moment",
    "parse_date_times",
    "parse_dates",
    "shift",
    "sort_keys",
    "spread",
    "study_days",
    "truncate",
]
