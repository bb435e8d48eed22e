"""Jobs shared by replicas: each done once, none lost, whoever dies."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from perfbot.history.store import Store, open_store, queue


def put(store: Store, key: str, now: float = 0.0) -> bool:
    return store.write(lambda c: queue.enqueue(c, "work", key, key.encode(), now=now))


def take(store: Store, holder: str, now: float, lease: float = 10.0) -> queue.Job | None:
    return store.write(lambda c: queue.claim(c, ["work"], holder, now=now, lease=lease))


def test_a_job_is_taken_once_and_done_once(store: Store) -> None:
    assert put(store, "a")
    assert not put(store, "a")
    job = take(store, "one", now=1)
    assert job is not None
    assert (job.key, job.payload, job.tries) == ("a", b"a", 1)
    assert take(store, "two", now=2) is None
    assert store.write(lambda c: queue.finish(c, job.number, "one", now=3))
    assert not store.write(lambda c: queue.finish(c, job.number, "one", now=3))
    assert not put(store, "a")
    assert take(store, "two", now=99) is None


def test_a_dead_holders_job_goes_to_another_and_only_that_one_finishes_it(store: Store) -> None:
    put(store, "a")
    job = take(store, "dead", now=0, lease=10)
    assert job is not None
    assert take(store, "alive", now=9) is None
    again = take(store, "alive", now=11)
    assert again is not None
    assert again.tries == 2
    assert not store.write(lambda c: queue.finish(c, job.number, "dead", now=12))
    assert store.write(lambda c: queue.finish(c, again.number, "alive", now=12))


def test_a_lease_is_renewed_by_its_holder_alone_and_while_there_is_work(store: Store) -> None:
    def renew(number: int, holder: str, now: float) -> bool:
        return store.write(lambda c: queue.renew(c, number, holder, now=now, lease=10))

    put(store, "a")
    job = take(store, "slow", now=0, lease=10)
    assert job is not None
    assert renew(job.number, "slow", now=8)
    assert take(store, "other", now=12) is None
    assert not renew(job.number, "other", now=12)
    assert take(store, "other", now=19) is not None
    assert not renew(job.number, "slow", now=20)
    assert store.write(lambda c: queue.finish(c, job.number, "other", now=21))
    assert not renew(job.number, "other", now=22)


def test_a_failed_job_waits_longer_each_time_and_can_be_given_up(store: Store) -> None:
    put(store, "a")
    now = 0.0
    for wait in (10, 20, 40):
        job = take(store, "h", now)
        assert job is not None
        store.write(lambda c, j=job, n=now: queue.postpone(c, j, "h", error="down", now=n))
        assert take(store, "h", now + wait - 1) is None
        now += wait
    job = take(store, "h", now)
    assert job is not None
    assert store.write(lambda c: queue.give_up(c, job.number, "h", error="never", now=now))
    with store.read() as connection:
        assert queue.waiting(connection) == {}


def test_done_jobs_can_be_forgotten(store: Store) -> None:
    put(store, "a")
    job = take(store, "h", 1)
    assert job is not None
    store.write(lambda c: queue.finish(c, job.number, "h", now=5))
    assert store.write(lambda c: queue.forget_done(c, before=5)) == 0
    assert store.write(lambda c: queue.forget_done(c, before=6)) == 1
    assert put(store, "a")


def test_replicas_share_the_queue_and_do_nothing_twice(where: str) -> None:
    with open_store(where) as store:
        for number in range(24):
            put(store, f"job{number}")

    def work(holder: str) -> list[str]:
        done = []
        with open_store(where) as replica:
            while (job := take(replica, holder, now=1.0, lease=1000)) is not None:
                assert replica.write(lambda c, j=job: queue.finish(c, j.number, holder, now=1.0))
                done.append(job.key)
        return done

    with ThreadPoolExecutor(6) as replicas:
        shares = list(replicas.map(work, [f"replica{n}" for n in range(6)]))
    assert sorted(key for share in shares for key in share) == sorted(f"job{n}" for n in range(24))
