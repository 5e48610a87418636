"""Settings: who wins, what is refused, and what a refusal says."""

import os
from pathlib import Path

import pytest

from pipeline.config import API_KEY_VARIABLE, load
from pipeline.errors import ConfigError


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIPELINE_") or name == API_KEY_VARIABLE]:
        monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path: Path):
    """Writes a configuration file."""

    def to(text: str | bytes) -> Path:
        path = tmp_path / "given.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to


def refusal(config: Path | None = None, flags=None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(config, flags)
    return caught.value.message


def test_flags_win_over_the_environment_and_that_over_the_file(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source fills in what the stronger ones leave open, also within one section."""
    config = write("run: {workers: 1, hashing_threads: 3, drain_s: 7}\n")
    monkeypatch.setenv("PIPELINE_RUN__WORKERS", "2")
    monkeypatch.setenv("PIPELINE_RUN__DRAIN_S", "8")
    run = load(config, {"run": {"workers": 9}}).run
    assert (run.workers, run.drain_s, run.hashing_threads, run.max_same_failures) == (9, 8, 3, 50)


def test_a_setting_leaves_its_neighbours_unset(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """One setting of a section does not count as if all of them had been set."""
    monkeypatch.setenv("PIPELINE_SERVER__ENGINE", "echo")
    settings = load(write("server: {chunk_bytes: 5}\n"), {"server": {"port": 1}})
    assert settings.server.model_fields_set == {"engine", "chunk_bytes", "port"}


def test_the_embedded_platform_is_asked_without_limits_unless_some_are_set(write) -> None:
    """Limits and slow polling protect an account; the embedded platform has none, but what is set is obeyed."""
    assert load().effective_limits.analyze_per_minute is None
    assert load().effective_polling.tick_s < load().polling.tick_s
    settings = load(write("limits: {analyze_per_minute: 5}\npolling: {tick_s: 3}\n"))
    assert (settings.effective_limits.analyze_per_minute, settings.effective_polling.tick_s) == (5, 3)


def test_the_key_decides_which_platform_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the embedded platform answers, with one the remote one, and a flag wins over both."""
    assert load().is_local
    monkeypatch.setenv(API_KEY_VARIABLE, "tlk_1")
    assert not load().is_local
    assert load(None, {"platform": {"kind": "local"}}).is_local


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("recipe: {promt: x}", "unknown setting 'recipe.promt'; did you mean 'prompt'?"),
        ("recipee: {prompt: x}", "unknown setting 'recipee'; did you mean 'recipe'?"),
        ("prompt: x", "unknown setting 'prompt'; did you mean 'recipe.prompt'?"),
        ("run: {chunks: 3}", "unknown setting 'run.chunks'; did you mean 'upload.chunks'?"),
        ("run: {zzzz: 3}", "unknown setting 'run.zzzz'; valid names: delivery, drain_s,"),
        ("1: x", "unknown setting '1'; valid names: batch, budget, limits, log,"),
        ("run: {workers: many}", "setting 'run.workers': Input should be a valid integer"),
        ("run: {workers: 0}", "setting 'run.workers': Input should be greater than or equal to 1"),
        ("recipe: hello", "'recipe' is a section; write its settings indented below it: prompt,"),
        ("recipe: {a: [}", "not valid YAML"),
        ("a: 1\n\tb: 2", ":2: not valid YAML"),
        ("- a", "expected sections such as `recipe:` at the top, found list"),
        ("api_key: tlk_0123", f"set {API_KEY_VARIABLE} or platform.api_key_file"),
        (b"recipe: {prompt: \xff}", "is not valid YAML"),
        (
            "platform: {base_url: 'ftp://x'}",
            "setting 'platform.base_url': 'ftp://x' is no http or https address; the platform's is https",
        ),
        ("platform: {base_url: 'https://'}", "is no http or https address"),
        ("platform: {api_key_file: nowhere}", "cannot read platform.api_key_file nowhere: No such file"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(write, text: str | bytes, sentence: str) -> None:
    """A configuration file that cannot be obeyed is refused with the name at fault and the nearest valid one."""
    message = refusal(write(text))
    assert sentence in message
    assert "tlk_0123" not in message


def test_a_refusal_names_every_fault_and_who_said_so(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """All unknown and bad settings are told at once, each with its file, variable or flag."""
    config = write("recipe: {promt: x}\nupload: {chunks: 0}\n")
    monkeypatch.setenv("PIPELINE_RUN__WORKRES", "3")
    told = refusal(config, {"run": {"max_same_failures": 0}}).splitlines()
    assert sorted(line.split(": ")[0] for line in told) == sorted(
        [str(config), str(config), "environment variable PIPELINE_RUN__WORKRES", "flag --max-same-failures"]
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PIPELINE_RECIP__PROMPT", "x", "no section 'recip'; did you mean 'recipe'?"),
        ("PIPELINE_API_KEY", "tlk_0123", "no section 'api_key'"),
        ("PIPELINE_RUN", "garbage", "environment variable PIPELINE_RUN: not JSON"),
        ("PIPELINE_MANIFEST__SUFFIXES", ".mp4", "environment variable PIPELINE_MANIFEST__SUFFIXES: not JSON"),
        ("PIPELINE_RUN__WORKERS", "x", "environment variable PIPELINE_RUN__WORKERS: setting 'run.workers'"),
        ("PIPELINE_RUN__WORKERS__X", "1", "setting 'run.workers'"),
        (API_KEY_VARIABLE, "tlk_0123\nx", f"{API_KEY_VARIABLE} holds more than a key"),
        (API_KEY_VARIABLE, "tlk_0123\u00e4", f"{API_KEY_VARIABLE} holds more than a key"),
    ],
)
def test_a_bad_variable_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    """An environment variable that cannot be obeyed is named; the key's value never is."""
    monkeypatch.setenv(variable, value)
    message = refusal()
    assert sentence in message
    assert "tlk_0123" not in message


@pytest.mark.parametrize("content", [b"", b"two words", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_refused(write, tmp_path: Path, content: bytes) -> None:
    """A key file that is empty, holds more than a key, or is no text is refused by its path."""
    key_file = tmp_path / "key"
    key_file.write_bytes(content)
    assert str(key_file) in refusal(write(f"platform: {{api_key_file: {key_file}}}"))


def test_a_key_file_gives_the_key_and_is_not_shown(write, tmp_path: Path) -> None:
    """The key of a file is taken without its line end, and no printed form of the settings has it."""
    key_file = tmp_path / "key"
    key_file.write_text("tlk_0123\n")
    settings = load(write(f"platform: {{api_key_file: {key_file}}}"))
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "tlk_0123"
    assert "tlk_0123" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_what_two_accounts_hold_is_kept_apart(write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scope of reuse is the base URL and the account; a slash at the end makes no difference."""
    monkeypatch.setenv(API_KEY_VARIABLE, "k")
    scopes = [
        load(write(f"platform: {text}")).scope
        for text in ("{}", "{account: b}", "{base_url: 'http://h/v1.3'}", "{base_url: 'http://h/v1.3/'}")
    ]
    assert len(set(scopes)) == 3
    assert scopes[2] == scopes[3]
