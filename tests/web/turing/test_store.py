"""One vote of each participant on each sketch, whatever happens at once."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from sketch_pix2seq.errors import BusyError, UsageError
from sketch_pix2seq.evaluation.turing.statistics import Vote
from sketch_pix2seq.web.turing.database import PARTICIPANTS, open_database
from sketch_pix2seq.web.turing.store import Participant, Store

DIGEST = "a" * 64


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    opened = Store.open(address, DIGEST)
    yield opened
    opened.close()


def joined(store: Store) -> Participant:
    found = store.find(store.join())
    assert found is not None
    return found


def test_the_first_vote_counts(store: Store) -> None:
    one, other = joined(store), joined(store)
    assert store.vote(one, "x", human=True)
    assert not store.vote(one, "x", human=False)
    assert store.vote(one, "y", human=False)
    assert store.vote(other, "x", human=False)
    assert store.votes() == [
        Vote("0001", "x", True),
        Vote("0001", "y", False),
        Vote("0002", "x", False),
    ]
    assert store.answers(one) == {"x": True, "y": False}
    assert store.answers(joined(store)) == {}


def test_of_many_votes_at_once_one_counts(store: Store) -> None:
    people = [joined(store) for _ in range(3)]
    cast = [
        (one, f"s{place}", attempt) for one in people for place in range(8) for attempt in "abc"
    ]
    with ThreadPoolExecutor(24) as threads:
        counted = list(
            threads.map(lambda vote: store.vote(vote[0], vote[1], human=vote[2] == "a"), cast)
        )
    assert sum(counted) == len(store.votes()) == 3 * 8
    kept = {(vote.participant, vote.sketch): vote.human for vote in store.votes()}
    for (one, sketch, attempt), was_counted in zip(cast, counted, strict=True):
        if was_counted:
            assert kept[f"{one.number:04d}", sketch] == (attempt == "a")


def test_nothing_is_kept_that_tells_who_somebody_is(address: str) -> None:
    store = Store.open(address, DIGEST)
    token = store.join()
    store.close()
    engine = open_database(address, DIGEST)
    with engine.connect() as connection:
        (row,) = connection.execute(sa.select(PARTICIPANTS)).mappings()
    engine.dispose()
    assert set(row) == {
        *("number", "token_hash", "seed", "joined", "external_id", "human_left"),
    }
    assert row["external_id"] is None
    assert bytes(row["token_hash"]) == hashlib.sha256(token).digest()
    assert type(row["joined"]) is datetime.date
    assert len(token) == 16


def test_tokens_of_nobody_find_nobody(store: Store) -> None:
    token = store.join()
    assert store.find(token) is not None
    assert store.find(bytes(16)) is None
    assert store.find(token[:-1]) is None


def test_who_withdraws_is_forgotten_and_their_number_is_not_given_again(store: Store) -> None:
    one, other = joined(store), joined(store)
    for participant in (one, other):
        store.vote(participant, "x", human=True)
    store.withdraw(other)
    assert store.votes() == [Vote("0001", "x", True)]
    with pytest.raises(UsageError, match="has withdrawn"):
        store.vote(other, "y", human=True)
    assert joined(store).number == other.number + 1


def test_the_period_is_that_of_those_who_voted(store: Store) -> None:
    assert store.period() is None
    one = joined(store)
    assert store.period() is None
    store.vote(one, "x", human=True)
    period = store.period()
    assert period is not None
    assert period.first == period.last


def test_a_database_that_is_gone_is_told_as_being_busy(postgres: str) -> None:
    import psycopg

    maintenance = postgres.format(name="postgres")
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute("CREATE DATABASE leaving")
        store = Store.open(postgres.format(name="leaving"), DIGEST)
        one = joined(store)
        connection.execute("DROP DATABASE leaving WITH (FORCE)")
    with pytest.raises(BusyError, match="Nothing of yours is lost"):
        store.vote(one, "x", human=True)
    store.close()


def test_an_id_of_elsewhere_joins_once(store: Store) -> None:
    found = store.find(store.join("5f1"))
    assert found is not None
    assert found.external_id == "5f1"
    store.vote(found, "x", human=True)
    with pytest.raises(UsageError, match="somebody with this id takes part already"):
        store.join("5f1")
    assert joined(store).number == 2  # the refused one used up no number
    assert store.external_ids() == [("0001", "5f1", 1)]
    store.withdraw(found)
    assert store.external_ids() == []
    assert not store.knows("5f1")


def test_a_second_click_joins_while_the_first_is_under_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def knows(external_id: str) -> bool:
        monkeypatch.undo()
        store.join(external_id)
        return False

    monkeypatch.setattr(store, "knows", knows)
    found = store.find(store.join("5f1"))
    assert found is not None and found.external_id == "5f1"
    assert len(store.external_ids()) == 1


def test_many_who_join_with_one_id_at_once_are_one_participant(store: Store) -> None:
    def join(attempt: int) -> bytes | None:
        try:
            return store.join("5f1")
        except UsageError:
            return None

    with ThreadPoolExecutor(12) as threads:
        tokens = list(threads.map(join, range(24)))
    found = [token is not None and store.find(token) is not None for token in tokens]
    assert sum(found) == 1  # the last who began
    assert len(store.external_ids()) == 1


def test_position_time_and_side_are_kept(store: Store) -> None:
    one, other = (store.find(store.join(None, lambda number: number == 1)) for _ in range(2))
    assert one is not None and other is not None
    assert (one.human_left, other.human_left) == (True, False)
    store.vote(one, "x", human=True, position=2, response_ms=800)
    store.vote(one, "y", human=True, position=1, response_ms=900)
    store.vote(other, "x", human=False)
    assert store.votes() == [
        Vote("0001", "y", True, 1, 900, True),
        Vote("0001", "x", True, 2, 800, True),
        Vote("0002", "x", False, None, None, False),
    ]
    assert [store.num_finished(number) for number in (1, 2, 3)] == [2, 1, 0]


def test_who_has_not_answered_yet_may_begin_again(store: Store) -> None:
    first = store.join("a-person")
    again = store.join("a-person")  # their browser kept no cookie
    assert store.find(first) is None
    participant = store.find(again)
    assert participant is not None and participant.number == 1
    store.vote(participant, "cat", human=True)
    with pytest.raises(UsageError, match="takes part already"):
        store.join("a-person")
