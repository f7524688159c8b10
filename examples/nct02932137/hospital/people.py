"""33 invented subjects with their visits; names and hospital numbers are made so that nobody can have them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

SEED = 20161216
WEEKS = (0, 2, 4, 6, 8, 10)
PERIOD_2 = 98  # days from the start of period 1: ten weeks of treatment, four of washout
FAILED = {8: "INCL06", 19: "INCL08", 27: "EXCL06"}  # screen failures and the criterion that they failed
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(slots=True)
class Visit:
    name: str
    day: dt.date
    period: int  # 0 screening, 1 and 2 the periods, 3 washout, 4 follow-up
    week: int


@dataclass(slots=True)
class Subject:
    index: int
    number: str
    hospital: str
    name: str
    initials: str
    consent: dt.date
    birth: dt.date
    sex: str
    sequence: str  # AB (IL-2 first), BA; empty for a screen failure
    start: dt.date
    stop: str = ""  # why the subject stopped early: event, withdrew, flare
    visits: list[Visit] = field(default_factory=list)

    @property
    def end(self) -> dt.date:
        """The last visit."""
        return self.visits[-1].day

    @property
    def treated_until(self) -> dt.date:
        """The day on which the last treatment ended: week 10 of period 2, or the early termination."""
        found = {each.name: each.day for each in self.visits}
        return found.get("提前退出") or found.get("P2W10") or self.end

    @property
    def il2_period(self) -> int:
        return 1 if self.sequence == "AB" else 2

    def begins(self, period: int) -> dt.date | None:
        """The first day of a period; None if the subject did not reach it."""
        day = self.start + days(PERIOD_2 * (period - 1))
        return day if self.sequence and day < self.treated_until else None

    @property
    def extra(self) -> Visit | None:
        """The unscheduled visit in the washout that two subjects have."""
        return Visit("计划外", self.start + days(76), 3, 0) if self.index in (3, 15) else None


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def dice(purpose: str) -> random.Random:
    """A generator of its own for every file, so that a change of one leaves the others as they are."""
    return random.Random(f"{SEED} {purpose}")  # noqa: S311 (invented data, no secrets)


def subjects() -> list[Subject]:
    """30 randomised to two sequences, 3 screen failures; three stop early."""
    rng = dice("people")
    sequences = ["AB", "BA"] * 15
    rng.shuffle(sequences)
    found: list[Subject] = []
    stops = {"event": "", "withdrew": "", "flare": ""}
    for index in range(1, 34):
        consent = dt.date(2016, 5, 5) + days((index - 1) * 3 // 2 + rng.randint(0, 1))
        one = Subject(
            index=index,
            number=f"01-{index:03d}",
            hospital=f"ZY9{index * 60_493_847 % 1_000_000_000:09d}",
            name=f"虚构{STEMS[index % 10]}{BRANCHES[index % 12]}",
            initials="QZ" + "".join(rng.choice(LATIN) for _ in range(4)),
            consent=consent,
            birth=dt.date(2016 - rng.randint(19, 58), rng.randint(1, 12), rng.randint(1, 28)),
            sex="男" if index % 11 == 0 else "女",
            sequence="" if index in FAILED else sequences.pop(),
            start=consent + days(rng.randint(5, 10)),
        )
        wanted = {"event": ("AB", 11), "withdrew": ("BA", 20), "flare": ("BA", 28)}
        for why, (sequence, after) in wanted.items():
            if not stops[why] and one.sequence == sequence and index > after:
                one.stop = stops[why] = why
                break
        one.visits.append(Visit("筛选", consent + days(rng.randint(1, 3)), 0, 0))
        if one.sequence:
            _plan_visits(one, rng)
        found.append(one)
    return found


def _plan_visits(one: Subject, rng: random.Random) -> None:
    """The event stops the first period of IL-2, the withdrawal period 1 before it, the flare period 2 with it."""
    for period in (1, 2):
        begin = one.start + days(PERIOD_2 * (period - 1))
        for week in WEEKS:
            if week == 6 and one.stop and period == (2 if one.stop == "flare" else 1):
                one.visits.append(Visit("提前退出", begin + days(38), 4, 0))
                if one.stop != "withdrew":
                    one.visits.append(Visit("随访", begin + days(38 + 28 + rng.randint(-3, 3)), 4, 0))
                return
            # the fixed days of weeks 0 and 10 keep the elements simple to check by eye
            jitter = 0 if week in (0, 10) else rng.randint(-2, 2)
            if (one.index, period, week) not in MISSED:
                one.visits.append(Visit(f"P{period}W{week}", begin + days(7 * week + jitter), period, week))
        if period == 1:
            one.visits.append(Visit("洗脱", begin + days(84 + rng.randint(-2, 2)), 3, 0))
    one.visits.append(Visit("随访", one.start + days(PERIOD_2 + 70 + 28 + rng.randint(-3, 3)), 4, 0))


MISSED = {(5, 1, 6): "受试者出差", (18, 2, 8): "节假日未到院"}  # visits that did not take place
