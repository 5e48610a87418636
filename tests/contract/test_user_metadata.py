"""`/assets/{id}/user-metadata`: the official package's three calls, and what they refuse."""

import aiohttp
import pytest
from twelvelabs import BadRequestError, NotFoundError

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def asset_id(api, video):
    return (await api.upload(video, user_metadata='{"shelf": 5, "tags": ["a"], "kept": true}'))["_id"]


async def test_an_update_merges(sdk, api, video):
    """update_user_metadata sets what has a value, removes what is null, and leaves what is empty or not named."""
    asset = (await api.upload(video, user_metadata='{"shelf": 5, "gone": "x", "kept": true}'))["_id"]
    changes = {"shelf": 6.5, "gone": None, "kept": "", "tags": ["a", "b"], "none": [], "no": False}
    await sdk("assets.update_user_metadata", asset, user_metadata=changes)
    expected = {"shelf": 6.5, "kept": True, "tags": ["a", "b"], "no": False}
    assert (await sdk("assets.retrieve", asset)).user_metadata == expected


async def test_a_replacement_leaves_nothing_else(sdk, asset_id):
    """replace_user_metadata keeps only what it names, without null and empty values."""
    await sdk("assets.replace_user_metadata", asset_id, user_metadata={"new": 1, "a": None, "b": "", "c": []})
    assert (await sdk("assets.retrieve", asset_id)).user_metadata == {"new": 1}


async def test_metadata_can_be_cleared(sdk, asset_id):
    """An empty replacement and delete_user_metadata both leave no metadata at all."""
    await sdk("assets.update_user_metadata", asset_id, user_metadata={"one": 1})
    await sdk("assets.replace_user_metadata", asset_id, user_metadata={})
    assert (await sdk("assets.retrieve", asset_id)).user_metadata is None
    await sdk("assets.update_user_metadata", asset_id, user_metadata={"one": 1})
    await sdk("assets.delete_user_metadata", asset_id)
    assert (await sdk("assets.retrieve", asset_id)).user_metadata is None


async def test_refusals_raise_the_typed_errors(sdk, asset_id):
    """A value of another kind raises BadRequestError, an unknown asset NotFoundError, both in the flat shape."""
    with pytest.raises(BadRequestError) as caught:
        await sdk("assets.update_user_metadata", asset_id, user_metadata={"deep": {"er": 1}})
    assert caught.value.body["code"] == "parameter_invalid"
    for name, values in (("update", {"user_metadata": {}}), ("replace", {"user_metadata": {}}), ("delete", {})):
        with pytest.raises(NotFoundError) as caught:
            await sdk(f"assets.{name}_user_metadata", "0" * 24, **values)
        assert caught.value.body["code"] == "resource_not_exist"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "parameter_not_provided"),
        ({"user_metadata": []}, "parameter_invalid"),
        ({"user_metadata": {"list": [1]}}, "parameter_invalid"),
        ({"user_metadata": {}, "other": 1}, "parameter_unknown"),
    ],
)
async def test_a_wrong_body_is_refused(api, asset_id, body, code):
    """A body that is not `{"user_metadata": {...}}` is answered 400 with the code for it, by PATCH and PUT."""
    for method in ("PATCH", "PUT"):
        reply = await api(method, f"/assets/{asset_id}/user-metadata", json=body)
        assert (reply.status, reply.body["code"]) == (400, code)


async def test_metadata_of_an_upload_has_the_same_bounds(api, video):
    """A number of any size in the form is kept as JSON holds it, and NaN, which JSON does not have, is refused."""
    asset = await api.upload(video, user_metadata='{"big": 99999999999999999999999}')
    assert asset["user_metadata"] == {"big": 1e23}
    form = {"method": "url", "url": "http://127.0.0.1:9/f.mp4", "user_metadata": '{"no": NaN}'}
    reply = await api("POST", "/assets", data=aiohttp.FormData(form, default_to_multipart=True))
    assert (reply.status, reply.body["code"]) == (400, "parameter_invalid")
