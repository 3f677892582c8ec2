"""Participants and their votes: the only code that reads and writes the database.

*Convention*: a method that returns has committed. Whoever takes part is known by a random token
of 128 bits that only their browser keeps; the database holds its SHA-256.
"""

from __future__ import annotations

import datetime
import hashlib
import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sketch_pix2seq.errors import BusyError, StudyError, UsageError
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.web.turing.database import (
    PARTICIPANTS,
    STUDY,
    VOTES,
    WRITES,
    engine_of,
    forget_deleted,
    open_database,
    prepare_database,
)

TOKEN_BYTES = 16
TRY_SECONDS = 5
"""Seconds that `can_write` is cached."""
_SEED_BITS = 63


class Participant(NamedTuple):
    """A participant.

    Args:
        number: An anonymous number, in the order of coming.
        seed: Of the order in which they see sketches.
        human_left: Whether *Human* is their left button.
        external_id: Their id elsewhere, such as at Prolific; None: the study asks for none.
    """

    number: int
    seed: int
    human_left: bool = True
    external_id: str | None = None


class ExternalId(NamedTuple):
    """How much a participant with an id of elsewhere has answered, checks included."""

    participant: str
    external_id: str
    answered: int


class Period(NamedTuple):
    """When people took part: the days on which the first and the last of them came."""

    first: datetime.date
    last: datetime.date


class Store:
    """The votes on one study, in an `open_database`."""

    def __init__(self, engine: sa.Engine) -> None:
        self._reading = engine
        self._writing = engine.execution_options(**{WRITES: True})
        is_file = engine.dialect.name == "sqlite"
        # SQLite lets one write at a time, and those who wait poll: waiting here is fair and quick
        self._turn: threading.Lock | nullcontext[None] = (
            threading.Lock() if is_file else nullcontext()
        )
        self._trying = threading.Lock()
        self._tried, self._could_write = -math.inf, False
        self._left_in_files = False  # of what was deleted
        self._insert = sqlite.insert if is_file else postgresql.insert

    @classmethod
    def open(cls, address: str, digest: str, *, must_exist: bool = False) -> Store:
        """Open the votes on a study; arguments and errors as of `open_database`."""
        return cls(open_database(address, digest, must_exist=must_exist))

    @classmethod
    def at(cls, address: str) -> Store:
        """The votes at an address, to be prepared before they are used; see `engine_of`."""
        return cls(engine_of(address))

    def prepare(self, digest: str) -> None:
        """Make the database of these votes, or bring it up to date; see `prepare_database`."""
        prepare_database(self._reading, digest)

    def close(self) -> None:
        """Close the database."""
        self._reading.dispose()

    def join(
        self,
        external_id: str | None = None,
        human_left: Callable[[int], bool] = lambda number: True,
    ) -> bytes:
        """Add a participant; return their token, which is not kept here.

        Who has an id and has not answered yet, perhaps as their browser kept no cookie, gets
        another token.

        Args:
            external_id: Their id elsewhere; None: no id.
            human_left: Says by their number whether *Human* is their left button.

        Raises:
            UsageError: If somebody with this id has answered already.
        """
        token = secrets.token_bytes(TOKEN_BYTES)
        if external_id is not None and self._begin_again(external_id, token):
            return token
        row = {
            "token_hash": _hashed(token),
            "seed": secrets.randbits(_SEED_BITS),
            "joined": datetime.datetime.now(datetime.UTC).date(),
            "external_id": external_id,
        }
        taken = UsageError("somebody with this id takes part already")
        if external_id is not None and self.knows(external_id):
            raise taken  # before a number is used up, which the design counts on
        try:
            with self._transaction(writes=True) as connection:
                added = connection.execute(sa.insert(PARTICIPANTS).values(row))
                number = int(added.inserted_primary_key[0])  # type: ignore[index]
                its_row = sa.update(PARTICIPANTS).where(PARTICIPANTS.c.number == number)
                connection.execute(its_row.values(human_left=human_left(number)))
        except sa.exc.IntegrityError as error:  # they came meanwhile, as by a double click
            if external_id is not None and self._begin_again(external_id, token):
                return token
            raise taken from error
        return token

    def _begin_again(self, external_id: str, token: bytes) -> bool:
        """Give a participant who has not answered yet another token; False if there is none."""
        voted = sa.select(VOTES.c.participant).where(VOTES.c.participant == PARTICIPANTS.c.number)
        theirs = sa.update(PARTICIPANTS).where(
            PARTICIPANTS.c.external_id == external_id, ~voted.exists()
        )
        statement = theirs.values(token_hash=_hashed(token))
        statement = statement.execution_options(preserve_rowcount=True)
        with self._transaction(writes=True) as connection:
            return connection.execute(statement).rowcount == 1

    def knows(self, external_id: str) -> bool:
        """Say whether somebody with this id takes part."""
        query = sa.select(PARTICIPANTS.c.number).where(PARTICIPANTS.c.external_id == external_id)
        with self._transaction() as connection:
            return connection.execute(query).first() is not None

    def find(self, token: bytes) -> Participant | None:
        """Return the participant with this token; None: there is no such one."""
        columns = PARTICIPANTS.c
        query = sa.select(columns.number, columns.seed, columns.human_left, columns.external_id)
        with self._transaction() as connection:
            found = connection.execute(query.where(columns.token_hash == _hashed(token)))
            row = found.one_or_none()
        return None if row is None else Participant(row[0], row[1], row[2] is not False, row[3])

    def answers(self, participant: Participant) -> dict[str, bool]:
        """Return by the names of the sketches that one has voted on whether they said human."""
        query = sa.select(VOTES.c.sketch, VOTES.c.human)
        query = query.where(VOTES.c.participant == participant.number)
        with self._transaction() as connection:
            return {sketch: bool(human) for sketch, human in connection.execute(query)}

    def vote(
        self,
        participant: Participant,
        sketch: str,
        *,
        human: bool,
        position: int | None = None,
        response_ms: int | None = None,
    ) -> bool:
        """Take a vote down, if it is the first of this participant on this sketch.

        Args:
            participant: Who votes.
            sketch: Name of the sketch.
            human: Whether they say that a human drew it.
            position: Its number in their order, from 1; None: not stored.
            response_ms: Milliseconds from seeing it to the answer; None: not stored.

        Returns:
            Whether it counts; False: there was one already, which stays as it is.

        Raises:
            UsageError: If the participant has withdrawn.
            BusyError: If it could not be taken down.
        """
        row = {
            "participant": participant.number,
            "sketch": sketch,
            "human": human,
            "position": position,
            "response_ms": response_ms,
        }
        statement = self._insert(VOTES).values(row).on_conflict_do_nothing()
        statement = statement.execution_options(preserve_rowcount=True)
        try:
            with self._transaction(writes=True) as connection:
                return connection.execute(statement).rowcount == 1
        except sa.exc.IntegrityError as error:
            raise UsageError("this participant has withdrawn", do="Start again.") from error

    def withdraw(self, participant: Participant) -> None:
        """Forget one and all their votes.

        Where another program reads the file, its old pages are overwritten after a later write.
        """
        statement = sa.delete(PARTICIPANTS).where(PARTICIPANTS.c.number == participant.number)
        with self._transaction(writes=True) as connection:
            connection.execute(statement)
            self._left_in_files = True

    def can_write(self) -> bool:
        """Try whether a vote could be taken down now; what was found holds for some seconds."""
        with self._trying:
            if time.monotonic() > self._tried + TRY_SECONDS:
                try:
                    with self._transaction(writes=True) as connection:
                        connection.execute(sa.update(STUDY).values(digest=STUDY.c.digest))
                    self._could_write = True
                except (BusyError, sa.exc.SQLAlchemyError):
                    self._could_write = False
                self._tried = time.monotonic()
            return self._could_write

    def votes(self) -> list[Vote]:
        """Return all votes, by participant; without the time of day of each."""
        query = (
            sa.select(VOTES, PARTICIPANTS.c.human_left)
            .join(PARTICIPANTS, VOTES.c.participant == PARTICIPANTS.c.number)
            .order_by(VOTES.c.participant, VOTES.c.position, VOTES.c.sketch)
        )
        with self._transaction() as connection:
            return [
                Vote(_label(row[0]), row[1], bool(row[2]), row[3], row[4], row[5] is not False)
                for row in connection.execute(query)
            ]

    def num_finished(self, num_trials: int) -> int:
        """Return how many participants have answered so many sketches."""
        each = sa.select(VOTES.c.participant).group_by(VOTES.c.participant)
        finished = each.having(sa.func.count() >= num_trials).subquery()
        with self._transaction() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(finished)).scalar() or 0
            )

    def external_ids(self) -> list[ExternalId]:
        """Return all participants with an id of elsewhere."""
        columns = PARTICIPANTS.c
        query = (
            sa.select(columns.number, columns.external_id, sa.func.count(VOTES.c.sketch))
            .outerjoin(VOTES, VOTES.c.participant == columns.number)
            .where(columns.external_id.is_not(None))
            .group_by(columns.number, columns.external_id)
            .order_by(columns.number)
        )
        with self._transaction() as connection:
            return [ExternalId(_label(row[0]), *row[1:]) for row in connection.execute(query)]

    def period(self) -> Period | None:
        """Say when those who voted came; None: nobody did."""
        voted = sa.select(VOTES.c.participant)
        query = sa.select(sa.func.min(PARTICIPANTS.c.joined), sa.func.max(PARTICIPANTS.c.joined))
        with self._transaction() as connection:
            first, last = connection.execute(query.where(PARTICIPANTS.c.number.in_(voted))).one()
        return None if first is None else Period(first, last)

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[sa.Connection]:
        """Begin, and commit at the end; an unavailable database is a `BusyError`."""
        engine = self._writing if writes else self._reading
        try:
            with self._turn if writes else nullcontext():
                with engine.begin() as connection:
                    yield connection
                if writes and self._left_in_files:
                    self._left_in_files = not forget_deleted(self._reading)
        except (sa.exc.OperationalError, sa.exc.InternalError, sa.exc.TimeoutError) as error:
            raise BusyError(
                "the site cannot reach its database at this moment",
                do="Nothing of yours is lost; try again in a few seconds.",
            ) from error
        except sa.exc.IntegrityError:
            raise
        except (sa.exc.SQLAlchemyError, ValueError, TypeError) as error:
            reason = str(getattr(error, "orig", error)).partition("\n")[0][:100]
            raise StudyError("the database must hold votes as we write them", got=reason) from error


def _label(number: int) -> str:
    return f"{number:04d}"


def _hashed(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
