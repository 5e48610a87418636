"""A Whisper model so small that a test builds it: whatever it hears, it says one sentence, as surely as it is told to.

Its decoder's positions are one-hot: the position alone chooses the next token, and which part of the sound the word is
aligned with. All that would make it listen is zero.
"""

from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs.whisper_spec import WhisperSpec
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

_WIDTH, _MELS, _POSITIONS, _FRAMES = 32, 80, 448, 1500
# Of the encoder's frames, which are 20 ms long: every word is aligned with so many.
_FRAMES_A_WORD = 20
WORD_S = _FRAMES_A_WORD * 0.02
_MARKS = [
    "endoftext",
    "startoftranscript",
    "en",
    "fr",
    "translate",
    "transcribe",
    "startoflm",
    "startofprev",
    "nospeech",
    "notimestamps",
]
# Which CTranslate2 knows a model of more than one language by.
_MANY_LANGUAGES = ""


def build(folder: Path, sentence: str, sureness: float = 20.0, detects: str | None = None) -> Path:
    """Write the model into a folder. Its first word is aligned with the first `WORD_S` of what it hears, and so on.

    Where `detects` is a language, it is a model of English and French that takes all for that one.
    """
    folder.mkdir(parents=True)
    words = [f"Ġ{word}" for word in sentence.split()]
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    times = [f"<|{number * 0.02:.2f}|>" for number in range(1501)]
    marks = [f"<|{mark}|>" for mark in _MARKS]
    vocabulary = [*letters, *words, *([_MANY_LANGUAGES] if detects else ()), *marks, *times]
    # After each token of the prompt, which names a language and a task where there are several, comes what is said.
    prompt = [f"<|{detects}|>", "<|transcribe|>", "<|notimestamps|>"] if detects else ["<|notimestamps|>"]
    said = [vocabulary.index(token) for token in (*prompt, *words, "<|endoftext|>")]
    _tokenizer(vocabulary, vocabulary.index("<|endoftext|>")).save(str(folder / "tokenizer.json"))
    spec = _spec(said, len(vocabulary), sureness, len(prompt))
    spec.register_vocabulary(vocabulary)
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [vocabulary.index("<|en|>"), vocabulary.index("<|fr|>")]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    return folder


def _tokenizer(vocabulary: list[str], plain: int) -> Tokenizer:
    made = Tokenizer(models.BPE({token: place for place, token in enumerate(vocabulary)}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, special=True) for token in vocabulary[plain:]])
    return made


def _spec(said: list[int], tokens: int, sureness: float, first: int) -> WhisperSpec:
    spec = WhisperSpec(1, 1, 1, 1)
    # Each token has a number of its own: some processors add products of 8 bits in 16, where a sum of many overflows.
    where = np.minimum(np.arange(_POSITIONS), len(said) - 1)
    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = _zeros(_WIDTH, _MELS, 3), _zeros(_WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = _zeros(_WIDTH, _WIDTH, 3), _zeros(_WIDTH)
    parts = np.minimum(first + np.arange(_FRAMES) // _FRAMES_A_WORD, _WIDTH - 1)
    encoder.position_encodings.encodings = _one_hot(parts)
    decoder.embeddings.weight = _zeros(tokens, _WIDTH)
    decoder.position_encodings.encodings = _one_hot(where)
    decoder.projection.weight = _zeros(tokens, _WIDTH)
    for place, token in enumerate(said):
        decoder.projection.weight[token, place] = sureness / np.sqrt(_WIDTH)
    for norm in (encoder.layer_norm, decoder.layer_norm):
        _plain(norm)
    _still(encoder.layer[0])
    _still(decoder.layer[0])
    _align(decoder.layer[0].attention)
    return spec


def _still(layer: Any) -> None:
    """A layer that adds nothing to what goes through it."""
    attentions = [(layer.self_attention, (3, 1))]
    if hasattr(layer, "attention"):
        attentions.append((layer.attention, (1, 2, 1)))
    for attention, widths in attentions:
        _plain(attention.layer_norm)
        for linear, times in zip(attention.linear, widths, strict=True):
            linear.weight, linear.bias = _zeros(times * _WIDTH, _WIDTH), _zeros(times * _WIDTH)
    _plain(layer.ffn.layer_norm)
    for linear in (layer.ffn.linear_0, layer.ffn.linear_1):
        linear.weight, linear.bias = _zeros(_WIDTH, _WIDTH), _zeros(_WIDTH)


def _align(attention: Any) -> None:
    """The word at a position looks at the part of the sound of the same number."""
    query, key, _ = attention.linear
    query.weight[:] = np.eye(_WIDTH)
    key.weight[:_WIDTH] = 4 * np.eye(_WIDTH)


def _plain(norm: Any) -> None:
    norm.gamma, norm.beta = np.ones(_WIDTH, np.float32), _zeros(_WIDTH)


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def _one_hot(places: np.ndarray) -> np.ndarray:
    return np.eye(_WIDTH, dtype=np.float32)[places]
