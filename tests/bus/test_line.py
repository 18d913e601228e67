import math
import random
from collections import Counter, deque

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from antiphon.bus.line import Line, Waiter

SIZE = 4
TIMEOUT_S = 5.0


def new(tenant: str = "a", *, now: float = 0.0) -> Waiter:
    return Waiter(tenant=tenant, deadline=now + TIMEOUT_S)


def urgent(dry_at: float) -> Waiter:
    return Waiter(tenant="a", deadline=TIMEOUT_S, dry_at=dry_at)


def line(size: int = SIZE) -> Line[Waiter]:
    return Line(size, TIMEOUT_S)


def anyone(_: Waiter) -> bool:
    return True


def joined(made: Line[Waiter], *waiters: Waiter) -> None:
    for waiter in waiters:
        assert made.join(waiter, 0.0) is None


def take(made: Line[Waiter], now: float = 0.0) -> Waiter | None:
    if waiter := made.turn(anyone):
        made.placed(waiter, now)
    return waiter


def test_first_come_first_served_within_a_key() -> None:
    made, first, second = line(), new(), new()
    joined(made, first, second)
    assert [take(made), take(made), take(made)] == [first, second, None]


def test_speech_that_goes_on_comes_first_and_whoever_runs_dry_first() -> None:
    made = line()
    waiting = [new(), urgent(2.0), urgent(1.0)]
    joined(made, *waiting)
    assert [take(made) for _ in range(3)] == [waiting[2], waiting[1], waiting[0]]


def test_who_is_first_before_joining() -> None:
    made = line()
    assert made.is_first(new())
    joined(made, new())
    assert not made.is_first(new())
    assert made.is_first(urgent(2.0))
    joined(made, urgent(1.0))
    assert not made.is_first(urgent(2.0))
    assert made.is_first(urgent(0.5))
    assert not made.is_first(new("b"))


def test_the_key_with_the_fewest_running_jobs_is_next() -> None:
    made = line()
    for _ in range(2):
        made.placed(new("a"), 0.0)
    made.placed(new("b"), 0.0)
    a, b = new("a"), new("b")
    joined(made, a, b)
    assert take(made) is b  # one running against two
    b_again = new("b")
    joined(made, b_again)
    made.ended("a")
    assert take(made) is a  # one against two


def test_a_place_that_fits_only_speech_that_goes_on_is_given_to_nobody_else() -> None:
    made = line()
    waiting = new()
    joined(made, waiting)
    assert made.turn(lambda waiter: waiter.dry_at is not None) is None
    goes_on = urgent(1.0)
    joined(made, goes_on)
    assert made.turn(lambda waiter: waiter.dry_at is None) is waiting


def test_whoever_fails_keeps_the_head_and_one_who_tries_gets_no_second_turn() -> None:
    made, first, second = line(), new(), new()
    joined(made, first, second)
    assert made.turn(anyone) is first
    assert made.turn(anyone) is second
    assert made.turn(anyone) is None
    made.missed(first)
    assert made.turn(anyone) is first


def test_a_full_line_refuses_and_the_key_with_most_makes_room_for_others() -> None:
    made = line()
    waiting = [new("heavy") for _ in range(SIZE)]
    joined(made, *waiting)
    more = made.join(new("heavy"), 0.0)
    assert more
    assert more.reason == "full"
    light = new("light")
    refusal = made.join(light, 0.0)
    assert refusal
    assert (refusal.waiter, refusal.reason) == (waiting[-1], "evicted")
    assert len(made) == SIZE
    # Two against two is fair: nobody makes room any more.
    assert made.join(new("light"), 0.0)
    even = made.join(new("light"), 0.0)
    assert even
    assert even.reason == "full"


def test_speech_that_goes_on_makes_a_new_request_leave_but_none_of_its_own_rank() -> None:
    made, waiting = line(1), new("other")
    joined(made, waiting)
    refusal = made.join(urgent(1.0), 0.0)
    assert refusal
    assert refusal.waiter is waiting
    late = urgent(0.5)
    refusal = made.join(late, 0.0)
    assert refusal
    assert (refusal.waiter, refusal.reason) == (late, "full")


def test_a_wait_in_vain_is_foreseen_unless_nobody_could_know() -> None:
    made = line(100)
    joined(made, *(new() for _ in range(10)))
    for second in range(1, 5):
        made.leave(new(), float(second))  # time passes, and nobody is placed
    refusal = made.join(new(now=5.0), 5.0)
    assert refusal
    assert refusal.reason == "foreseen"
    assert refusal.retry_after_s > TIMEOUT_S
    assert made.join(new("light", now=5.0), 5.0, foresee=False) is None
    assert made.join(urgent(5.0), 5.0) is None
    made.workers_changed()
    assert made.join(new(now=5.0), 5.0) is None


def test_the_first_may_always_wait_or_nobody_would_learn_that_places_come_free() -> None:
    made, first = line(), new()
    joined(made, first)
    made.leave(first, 60.0)
    again = new(now=60.0)
    assert made.join(again, 60.0) is None
    refusal = made.join(new(now=60.0), 60.0)
    assert refusal
    assert refusal.reason == "foreseen"


def test_a_key_with_nothing_waiting_is_not_refused_for_the_many_of_another() -> None:
    made = line(100)
    for second in range(20):
        made.join(new("heavy"), second / 5, foresee=False)
        take(made, second / 5)
        made.ended("heavy")
        made.join(new("heavy"), second / 5, foresee=False)
    assert made.join(new("heavy", now=4.0), 4.0)
    assert made.join(new("light", now=4.0), 4.0) is None


@given(st.integers(1, 6), st.integers(1, 60), st.randoms(use_true_random=False))
def test_no_key_gets_more_than_its_turns(keys: int, turns: int, chance: random.Random) -> None:
    made = line(1000)
    tenants = [str(key) for key in range(keys)]
    for _ in range(turns):  # all of them have something waiting all the time
        for tenant in chance.sample(tenants, keys):
            joined(made, new(tenant))
    taken: Counter[str] = Counter()
    for _ in range(turns):
        waiter = take(made)
        assert waiter
        taken[waiter.tenant] += 1
    assert max(taken.values()) <= math.ceil(turns / keys) + 1


@given(st.integers(2, 6), st.integers(1, 8), st.randoms(use_true_random=False))
def test_a_few_places_that_are_given_back_go_round_fairly(
    keys: int, places: int, chance: random.Random
) -> None:
    made, turns = line(1000), 40
    tenants = [str(key) for key in range(keys)]
    for _ in range(turns):
        for tenant in chance.sample(tenants, keys):
            joined(made, new(tenant))
    taken: Counter[str] = Counter()
    running: deque[str] = deque()
    for _ in range(turns):
        if len(running) == places:
            made.ended(running.popleft())
        waiter = take(made)
        assert waiter
        running.append(waiter.tenant)
        taken[waiter.tenant] += 1
    assert max(taken.values()) <= math.ceil(turns / keys) + 1


class EverybodyEndsSomehow(RuleBasedStateMachine):
    """Nobody is lost, nobody is served twice, and never do more wait than may."""

    def __init__(self) -> None:
        super().__init__()
        self.line = line()
        self.now = 0.0
        self.waiting: list[Waiter] = []
        self.running: list[str] = []

    @rule(seconds=st.floats(0.0, 1.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        for waiter in [w for w in self.waiting if w.deadline <= self.now]:
            assert self.line.late(waiter, self.now).reason == "deadline"
            self.gives_up(waiter)

    @rule(tenant=st.sampled_from("abc"), lead_s=st.none() | st.floats(0.0, 3.0))
    def asks(self, tenant: str, lead_s: float | None) -> None:
        dry_at = None if lead_s is None else self.now + lead_s
        waiter = Waiter(tenant=tenant, deadline=self.now + TIMEOUT_S, dry_at=dry_at)
        refusal = self.line.join(waiter, self.now)
        if refusal:
            assert refusal.retry_after_s >= 0.0
            assert not refusal.waiter.trying
        if not refusal or refusal.waiter is not waiter:
            self.waiting.append(waiter)
        if refusal and refusal.waiter is not waiter:
            self.waiting.remove(refusal.waiter)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leaves(self, data: st.DataObject) -> None:
        self.gives_up(data.draw(st.sampled_from(self.waiting)))

    @rule()
    def tries(self) -> None:
        idle = [w for w in self.waiting if not w.trying]
        waiter = self.line.turn(anyone)
        assert (waiter is None) == (not idle)
        assert waiter is None or (waiter in idle and waiter.trying)

    @rule(placed=st.booleans())
    def a_try_ends(self, placed: bool) -> None:
        trying = next((w for w in self.waiting if w.trying), None)
        if trying and placed:
            self.line.placed(trying, self.now)
            self.waiting.remove(trying)
            self.running.append(trying.tenant)
        elif trying:
            self.line.missed(trying)

    @precondition(lambda self: self.running)
    @rule()
    def a_job_ends(self) -> None:
        self.line.ended(self.running.pop())

    @invariant()
    def as_many_wait_as_should(self) -> None:
        assert len(self.line) == len(self.waiting) <= SIZE

    def gives_up(self, waiter: Waiter) -> None:
        self.line.leave(waiter, self.now)
        self.waiting.remove(waiter)

    def teardown(self) -> None:
        for waiter in self.waiting:
            self.line.missed(waiter)
        left = set(self.waiting)
        while waiter := self.line.turn(anyone):
            left.remove(waiter)
            self.line.placed(waiter, self.now)
        assert not left
        assert not len(self.line)


EverybodyEndsSomehow.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestEverybodyEndsSomehow = EverybodyEndsSomehow.TestCase
