"""How words and images go together."""

import pytest

from pipeline.modes.pictures import image_problems, reference_problems


@pytest.mark.parametrize(
    ("prompt", "names", "says"),
    [
        ("Is <@dog> there?", ["dog"], None),
        ("What is there?", ["dog"], None),
        ("<@tiger-1> or <@dog_2>?", ["tiger-1", "dog_2"], None),
        ("Is <@cat> there?", ["dog"], "the prompt speaks of <@cat>, but the images are dog; add it to media_sources"),
        ("Is <@cat> there?", [], "but there are no images"),
        ("What?", ["a dog"], "the name 'a dog' has characters"),
        ("What?", list("abcde"), "there are 5 images, the platform takes 4; leave some out"),
    ],
)
def test_a_prompt_speaks_of_its_reference_images(prompt: str, names: list[str], says: str | None) -> None:
    """At most four, with names the platform takes, and no placeholder without an image."""
    found = list(reference_problems(prompt, names))
    assert [says in problem for problem in found] == [True] if says else found == []


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("Compare <@before> with <@after>.", None),
        ("What changed?", None),
        ("What is on <@before>?", "speaks of some images and not of after; let it speak of all or of none"),
        ("<@before>, <@after>, <@later>?", "the prompt speaks of <@later>, but the images are before, after"),
    ],
)
def test_a_prompt_speaks_of_all_analysed_images_or_of_none(prompt: str, says: str | None) -> None:
    """Half of them is refused by the platform, so it is refused before."""
    found = list(image_problems(prompt, ["before", "after"]))
    assert [says in problem for problem in found] == [True] if says else found == []
