"""Tries at one's desk that share one probability of a false alarm: counted in a file of perfbot's cache.

A try is counted when it begins: one that is stopped, or crashes, has been spent. One in which nothing was
measured, for there is no such benchmark, or the edit broke it, is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock

from perfbot.errors import StoreError
from perfbot.git.command import Git
from perfbot.model import Change, Report
from perfbot.report import write_text
from perfbot.sides.cache import zone
from perfbot.stats.spending import share_of_try, spent_by

IDLE = timedelta(hours=8)
"""After which a next try begins a session of its own: nobody compares it with yesterday's."""

LOCK_SECONDS = 10.0

UNMEASURED = ("failed", "removed")
"""Verdicts that say nothing about how fast anything is."""


@dataclass(frozen=True, slots=True)
class Try:
    """One verdict that was asked for.

    Attributes:
        when: ISO 8601, UTC.
        alpha: what it may raise a false alarm with, all of its benchmarks together.
        regressed, improved: how many benchmarks were called so.
        ended: it came to a verdict.
    """

    when: str
    base: str
    head: str
    asked: str
    alpha: float
    verdict: str = ""
    benchmarks: int = 0
    regressed: int = 0
    improved: int = 0
    seconds: float = 0.0
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Tries since it began. ``why``: it began anew, and not because there was none."""

    began: str
    tries: tuple[Try, ...] = ()
    why: str = ""

    @property
    def spent(self) -> float:
        """Share of alpha that is spent."""
        return spent_by(len(self.tries))

    @property
    def next_share(self) -> float:
        """Share of alpha that the next try gets."""
        return share_of_try(len(self.tries) + 1)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The session of one clone, in a file that several runs may ask at the same time."""

    file: Path

    @contextlib.contextmanager
    def _held(self) -> Iterator[None]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.file.with_suffix(".lock"), timeout=LOCK_SECONDS):
                yield
        except (OSError, TimeoutError) as error:
            raise StoreError(f"the session {self.file} cannot be used: {error}") from error

    def read(self, now: datetime) -> Session:
        """The session that a try at this moment belongs to."""
        return _going_on(_read(self.file), now)

    def fresh(self, now: datetime, why: str = "asked for") -> Session:
        """Begin anew."""
        with self._held():
            session = Session(_stamp(now), why=why)
            self._write(session)
        return session

    def begin(
        self, now: datetime, change: Change, asked: str, alpha: float, *, fresh: bool = False
    ) -> tuple[int, Session]:
        """Count a try.

        Args:
            alpha: of a whole session.

        Returns:
            Its number, from 1, and the session with it.
        """
        with self._held():
            session = Session(_stamp(now), why="asked for") if fresh else _going_on(_read(self.file), now)
            own = Try(_stamp(now), change.base, change.head, asked, alpha * session.next_share)
            session = replace(session, tries=(*session.tries, own))
            self._write(session)
        return len(session.tries), session

    def end(self, number: int, report: Report) -> None:
        """What came out of a try."""
        verdicts = [one.verdict for one in report.results]
        with self._held():
            session = _read(self.file)
            if session is None or len(session.tries) < number:
                return  # begun anew meanwhile
            ended = replace(
                session.tries[number - 1],
                verdict=report.verdict,
                benchmarks=len(verdicts),
                regressed=verdicts.count("regressed"),
                improved=verdicts.count("improved"),
                seconds=round(report.seconds, 2),
                ended=report.complete,
            )
            self._write(replace(session, tries=(*session.tries[: number - 1], ended, *session.tries[number:])))

    def take_back(self, number: int) -> None:
        """A try that measured nothing is none, unless others have begun since, which got less for it."""
        with self._held():
            session = _read(self.file)
            if session is not None and len(session.tries) == number:
                self._write(replace(session, tries=session.tries[:-1]))

    def _write(self, session: Session) -> None:
        write_text(json.dumps(asdict(session), indent=1), self.file)


def sessions_of(cache: Path, repo: Path) -> Sessions:
    """The session of a clone."""
    clone = hashlib.sha256(str(Git(repo).common_folder()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return Sessions(zone(cache, Change("", "")) / "sessions" / f"{clone}.json")


def note_of(number: int, session: Session) -> str:
    """What a reader is told about the try, a sentence."""
    alpha = session.tries[number - 1].alpha
    begun = f" A new session: {session.why}." if number == 1 and session.why else ""
    return (
        f"Try {number} of this session, at alpha {alpha:.2g}: all tries together share one (`perfbot session`).{begun}"
    )


def _going_on(session: Session | None, now: datetime) -> Session:
    if session is None:
        return Session(_stamp(now))
    last = session.tries[-1].when if session.tries else session.began
    if now - datetime.fromisoformat(last) > IDLE:
        return Session(_stamp(now), why=f"the last try was more than {IDLE.seconds // 3600} hours ago")
    return session


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def _read(file: Path) -> Session | None:
    """None where there is none, or it is damaged."""
    try:
        found: Mapping[str, object] = json.loads(file.read_text("utf-8"))
        tries = tuple(Try(**one) for one in found["tries"])  # type: ignore[attr-defined]
        session = Session(str(found["began"]), tries, str(found["why"]))
        [datetime.fromisoformat(moment) for moment in (session.began, *(one.when for one in tries))]
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return session


@dataclass(slots=True)
class Counted:
    """A try of a session while it runs; one that belongs to none is not counted."""

    sessions: Sessions | None = None
    number: int = 0
    session: Session = field(default_factory=lambda: Session(""))
    own: bool = True
    """Whether this run began it."""

    def end(self, report: Report) -> None:
        """Keep what came out; a file that cannot be written costs nothing."""
        if all(one.verdict in UNMEASURED for one in report.results):
            self.take_back()
        elif self.sessions is not None:
            with contextlib.suppress(StoreError):
                self.sessions.end(self.number, report)

    def take_back(self) -> None:
        """Nothing was measured, so nothing was shown."""
        if self.sessions is not None and self.own:
            with contextlib.suppress(StoreError):
                self.sessions.take_back(self.number)
