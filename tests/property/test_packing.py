"""Batches are packed within the platform's limits, and say what each of their items would have said alone."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.client.requests import batch_body, batch_item
from pipeline.models import AnalysisRequest, Medium
from pipeline.steps.packing import Packing, Parcel

parcels = st.builds(
    Parcel,
    custom_id=st.sampled_from([f"job{number}" for number in range(8)]),
    model=st.sampled_from(["pegasus1.5", "pegasus1.6"]),
    mode=st.sampled_from(["general", "time_based_metadata"]),
    content_s=st.floats(0, 8000),
)
requests = st.builds(
    AnalysisRequest,
    model=st.just("pegasus1.5"),
    prompt=st.none() | st.sampled_from(["What happens?", "Who is there?"]),
    temperature=st.none() | st.sampled_from([0.0, 0.2]),
    max_tokens=st.none() | st.sampled_from([512, 1024]),
    start_time_s=st.none() | st.sampled_from([0.0, 4.0]),
    response_format=st.none() | st.sampled_from(['{"type":"json_schema"}', '{"type":"segment_definitions"}']),
)


def packed(given_parcels: list[Parcel], max_items: int, max_hours: float) -> list[list[Parcel]]:
    packing = Packing(max_items=max_items, max_hours=max_hours)
    for parcel in given_parcels:
        packing.add(parcel)
    return list(iter(packing.take, []))


@given(st.lists(parcels, max_size=40), st.integers(1, 10), st.floats(0.5, 5))
def test_packing_keeps_to_every_limit(given_parcels, max_items, max_hours):
    """No batch has too many items or hours, two models or modes, or one custom_id twice."""
    for batch in packed(given_parcels, max_items, max_hours):
        assert 1 <= len(batch) <= max_items
        assert len(batch) == 1 or sum(parcel.content_s for parcel in batch) <= max_hours * 3600
        assert len({(parcel.model, parcel.mode) for parcel in batch}) == 1
        assert len({parcel.custom_id for parcel in batch}) == len(batch)


@given(st.lists(parcels, max_size=40), st.integers(1, 10), st.floats(0.5, 5))
def test_packing_loses_and_doubles_nothing(given_parcels, max_items, max_hours):
    """Every parcel is in exactly one batch."""
    batches = packed(given_parcels, max_items, max_hours)
    assert sorted(map(id, given_parcels)) == sorted(id(parcel) for batch in batches for parcel in batch)


@given(st.lists(requests, min_size=1, max_size=12))
def test_defaults_and_overrides_say_what_each_item_says(asked):
    """An item with the defaults of its batch is exactly the request that it was without them."""
    items = [batch_item(one, Medium(asset_id="a" * 24), f"job{number}", {}) for number, one in enumerate(asked)]
    body = batch_body("pegasus1.5", "general", items)
    assert [{**body.get("defaults", {}), **item} for item in body["requests"]] == items
