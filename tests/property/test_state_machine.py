"""The state machine of jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import TaskFailed
from pipeline.jobs import TRANSITIONS, ForbiddenTransition, Job, State
from pipeline.models import Recipe

JOB = Job("k", "blake3:00", Recipe("local", "pegasus1.5", "what"), "/v.mp4", "/v.mp4", None)


@given(st.lists(st.sampled_from(State), max_size=30))
def test_a_job_never_leaves_the_table_of_transitions(wanted: list[State]) -> None:
    """Whatever states are asked for, a job moves along the arrows or refuses, and a refusal leaves it as it was."""
    job = JOB
    for state in wanted:
        before = job
        if state in TRANSITIONS[job.state]:
            job = job.to(state)
            assert job.state is state
        else:
            with pytest.raises(ForbiddenTransition):
                job.to(state)
            assert job == before


@given(st.lists(st.sampled_from([s for s in State if s not in (State.FAILED, State.WRITTEN)]), max_size=10))
def test_a_failed_job_reopens_at_the_fact_it_failed_from(path: list[State]) -> None:
    """Failing and reopening brings a job back to the state it had, with every fact it had."""
    job = JOB
    for state in path:
        if state in TRANSITIONS[job.state]:
            job = job.to(state)
    assert job.failed(TaskFailed("no")).reopened() == job


def test_every_state_can_reach_written() -> None:
    """From each state there is a way to `written`, so that no job can be stuck by the table."""
    reached = {State.WRITTEN}
    while more := {s for s in State if s not in reached and TRANSITIONS[s] & reached}:
        reached |= more
    assert reached == set(State)
