"""Where a schema may be written."""

import json
import sys
from pathlib import Path

import pytest

from pipeline.config import load
from pipeline.errors import ConfigError
from pipeline.modes.asked_schema import read_schema
from pipeline.recipes import Recipes

FORM = {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}}


def test_the_three_ways_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inline, from a file, and as a model of a module in the working directory; the order of properties stays."""
    monkeypatch.chdir(tmp_path)
    Path("form.json").write_text(json.dumps(FORM))
    Path("my_forms.py").write_text(
        "import pydantic\nclass Form(pydantic.BaseModel):\n    b: str = ''\n    a: int = 0\n"
    )
    before = list(sys.path)
    inline, file, model = read_schema(FORM), read_schema("form.json"), read_schema("my_forms:Form")
    assert inline == file == json.dumps(FORM, separators=(",", ":"))
    assert list(json.loads(model)["properties"]) == ["b", "a"]
    assert sys.path == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("missing.json", "No such file"),
        ("broken.json", "not JSON"),
        ("binary.json", "not JSON"),
        ("form.yaml", "neither a .json file nor a pydantic model"),
        ("no.such.module:Form", "importing no.such.module failed"),
        ("failing_forms:Form", "ZeroDivisionError"),
        ("json:JSONDecoder", "no pydantic model JSONDecoder"),
        ("json:Nothing", "no pydantic model Nothing"),
        ("odd_forms:Form", "has no JSON schema"),
        ("list.json", "no schema"),
    ],
)
def test_what_cannot_be_read_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, said: str
) -> None:
    """Whatever is wrong with the file, the module or the model, the setting and the cause are named."""
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{")
    Path("binary.json").write_bytes(b"\xff\xfe\x00")
    Path("list.json").write_text("[]")
    Path("failing_forms.py").write_text("1 / 0\n")
    Path("odd_forms.py").write_text(
        "import pydantic, typing\nclass Form(pydantic.BaseModel):\n    f: typing.Callable[[], None]\n"
    )
    with pytest.raises(ConfigError, match=r"recipe\.response_schema") as raised:
        read_schema(asked)
    assert said in raised.value.message


def test_a_schema_is_part_of_what_is_asked_and_the_number_of_reasks_is_not() -> None:
    """Another schema is another recipe; asking again more often is not."""
    recipe = {"prompt": "What?"}
    plain = Recipes(load(None, {"recipe": recipe})).configured
    formed = Recipes(load(None, {"recipe": {**recipe, "response_schema": FORM}})).configured
    patient = Recipes(load(None, {"recipe": {**recipe, "response_schema": FORM, "max_reasks": 2}})).configured
    assert plain.json_schema is None
    assert plain.id != formed.id == patient.id
