"""Executing a plan over several connections: what may take long runs side by side, the rest travels together.

The main thread schedules, sends what is quick in batches over its own session, writes failures, and tells the
listener. Each other thread runs one step at a time in a transaction of its own. The ledger's rows are linked one
after another: who writes one waits for the chain's turn as the last thing before its commit, when no deferred
constraint is left to be checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue

from changelog_engine.errors import ChangelogEngineError, ChangesetFailedError, ConnectionFailedError
from changelog_engine.execute.events import Listener, StepStarted, Warned
from changelog_engine.execute.executor import DONE, Executor
from changelog_engine.execute.interruption import Interruption
from changelog_engine.execute.retrying import Retrying
from changelog_engine.execute.worker import Worker
from changelog_engine.model import Retries
from changelog_engine.plan.lanes import Lane, Schedule
from changelog_engine.plan.steps import Step

MEETINGS = Retries(attempts=8, initial_seconds=0.02)
"""DDL of two sessions that met on one row of the catalogue is tried again, whatever the changeset asks for."""


class ParallelExecutor(Executor):
    """Runs one plan with up to ``jobs`` further workers, opened when they are first needed."""

    def __init__(
        self,
        worker: Worker,
        *,
        jobs: int,
        open_worker: Callable[[], Worker],
        listener: Listener,
        interruption: Interruption,
    ) -> None:
        super().__init__(worker, listener=listener, interruption=interruption)
        self._jobs = jobs
        self._open_worker = open_worker
        self._retrying = Retrying(MEETINGS)
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._workers: list[Worker] = []
        self._running: dict[Future[int], int] = {}
        self._failures: list[ChangelogEngineError] = []

    def _run_steps(self, steps: Sequence[Step]) -> None:
        self.worker.ledger.share()
        self.interruption.cancels_by(self._cancel_all)
        self._schedule = Schedule(steps)
        with ThreadPoolExecutor(self._jobs, thread_name_prefix="changelog") as pool:
            try:
                while self._run_next(steps, pool):
                    self._gather(steps, seconds=0)
            finally:
                while self._running:
                    self._gather(steps, seconds=None)
                for worker in self._workers:
                    worker.session.close()
        self._raise_failures()
        self.interruption.check("interrupted: what was done before is committed, nothing was begun after it")

    def _run_next(self, steps: Sequence[Step], pool: ThreadPoolExecutor) -> bool:
        """Begin, or do, whatever can be; False when nothing is left to be begun and nothing runs."""
        if self._failures or self.interruption.signal is not None:
            return False
        self._start_beside(steps, pool)
        if self._run_together(steps) or self._run_here(steps, Lane.IN_TURN):
            return True
        if self._running:
            self._gather(steps, seconds=None)
            return True
        return self._run_here(steps, Lane.ALONE)

    # ---------------------------------------------------------------------------------------- in this thread

    def _run_together(self, steps: Sequence[Step]) -> bool:
        positions = self._schedule.take_together(
            self._pace.steps,
            lambda each: self.worker.can_batch(steps[each]) and self._waits(steps[each]) is None,
        )
        if not positions:
            return False
        before = len(self.outcome.done)
        try:
            with self.worker.ledger.turn():
                self._run_batch([steps[each] for each in positions], positions)
        except ChangesetFailedError as error:
            self._fail(steps, error)
        finally:
            for each in positions[len(self.outcome.done) - before :]:
                self._schedule.put_back(each)
        self.worker.session.renew()
        return True

    def _run_here(self, steps: Sequence[Step], lane: Lane) -> bool:
        position = self._schedule.take(lane)
        if position is None:
            return False
        try:
            self._run_step(steps[position], position)
            self._schedule.finish(position)
        except ChangesetFailedError as error:
            self._schedule.put_back(position)
            self._fail(steps, error)
        self.worker.session.renew()
        return True

    def _note_done(self, step: Step, index: int, duration_ms: int) -> None:
        super()._note_done(step, index, duration_ms)
        self._schedule.finish(index)

    # ------------------------------------------------------------------------------------- in threads beside

    def _start_beside(self, steps: Sequence[Step], pool: ThreadPoolExecutor) -> None:
        while len(self._running) < self._jobs:
            position = self._schedule.take(Lane.BESIDE)
            if position is None:
                return
            if self._is_held_back(steps[position], position):
                self._schedule.finish(position)
                continue
            if not self._has_worker():
                self._schedule.put_back(position)
                return
            self.listener(StepStarted(steps[position], position))
            self._running[pool.submit(self._perform, steps[position])] = position

    def _has_worker(self) -> bool:
        """Whether a worker is idle, or one more could be opened; fewer than asked for is better than none."""
        if len(self._running) < len(self._workers):
            return True
        try:
            worker = self._open_worker()
        except ConnectionFailedError as error:
            if not self._workers:
                raise
            self._jobs = len(self._workers)
            self.listener(Warned(f"going on with {self._jobs} connections: {error.message}"))
            return False
        self._workers.append(worker)
        self._idle.put(worker)
        return True

    def _perform(self, step: Step) -> int:
        """In a thread: run a step to its commit, again where it met another one; gives its milliseconds."""
        worker = self._idle.get()
        try:
            while True:
                try:
                    return worker.run_in_transaction(step, DONE[step.action], worker.transaction)
                except ChangesetFailedError as error:
                    pause = self._retrying.pause_after(step, error)
                    if pause is None or self.interruption.signal is not None:
                        raise
                    self.interruption.pause(pause)
        finally:
            worker.session.renew()
            self._idle.put(worker)

    def _gather(self, steps: Sequence[Step], seconds: float | None) -> None:
        """Take in the steps that ended; waits for at least one where ``seconds`` is None."""
        ended, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in ended:
            position = self._running.pop(future)
            error = future.exception()
            if error is None:
                self._note_done(steps[position], position, future.result())
            elif isinstance(error, ChangesetFailedError):
                self._fail(steps, error)
            elif isinstance(error, ChangelogEngineError):
                self._failures.append(error)
            else:
                raise error

    # ------------------------------------------------------------------------------------------------ failures

    def _fail(self, steps: Sequence[Step], error: ChangesetFailedError) -> None:
        position = self._position[error.changeset or ""]
        if self._tries_again(steps[position], error):
            self._schedule.put_back(position)
            return
        try:
            self._face_failure(steps[position], position, error)
            self._schedule.finish(position)
        except ChangesetFailedError:
            self._failures.append(error)

    def _raise_failures(self) -> None:
        """Raise the first failure; the others are named in it."""
        if not self._failures:
            return
        first, *others = self._failures
        if others:
            words = "; ".join(other.message for other in others)
            first.message = f"{first.message}; beside it: {words}"
            first.facts["others"] = [other.message for other in others]
        raise first

    def _cancel_all(self) -> None:
        for worker in (self.worker, *self._workers):
            worker.session.cancel()
