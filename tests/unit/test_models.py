"""Recipes and their keys."""

from pipeline.models import Recipe


def test_the_keys_of_recipes_without_a_schema_are_what_they_always_were() -> None:
    """A ledger of before schemas finds its jobs again: these hashes may never change."""
    recipe = Recipe("local", "pegasus1.5", "What happens?", temperature=0.2, end_time_s=30.0)
    assert recipe.id == "227bc72dc9b7854d"
    assert recipe.key("blake3:00") == "4fa85d1e65dcca0dc246ec8d1c59240a8942a956812c2773cd5eb9a0ed2c2d59"
    assert Recipe("local", "pegasus1.5", "What happens?", json_schema="{}").id != recipe.id
