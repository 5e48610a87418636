"""Letters without system fonts: a 5 x 7 bitmap for A to Z and 0 to 9, drawn at any scale."""

import numpy as np
import numpy.typing as npt

_ROWS, _COLUMNS = 7, 5

# Seven rows of a letter, top first, each a two-digit hexadecimal number whose lowest five bits are the dots.
_GLYPHS = {
    " ": "00000000000000",
    "A": "0E11111F111111",
    "B": "1E11111E11111E",
    "C": "0E11101010110E",
    "D": "1E11111111111E",
    "E": "1F10101E10101F",
    "F": "1F10101E101010",
    "G": "0E11101711110F",
    "H": "1111111F111111",
    "I": "0E04040404040E",
    "J": "0702020202120C",
    "K": "11121418141211",
    "L": "1010101010101F",
    "M": "111B1515111111",
    "N": "11111915131111",
    "O": "0E11111111110E",
    "P": "1E11111E101010",
    "Q": "0E11111115120D",
    "R": "1E11111E141211",
    "S": "0F10100E01011E",
    "T": "1F040404040404",
    "U": "1111111111110E",
    "V": "11111111110A04",
    "W": "1111111515150A",
    "X": "11110A040A1111",
    "Y": "1111110A040404",
    "Z": "1F01020408101F",
    "0": "0E11131519110E",
    "1": "040C040404040E",
    "2": "0E11010204081F",
    "3": "1F02040201110E",
    "4": "02060A121F0202",
    "5": "1F101E0101110E",
    "6": "0608101E11110E",
    "7": "1F010204080808",
    "8": "0E11110E11110E",
    "9": "0E11110F01020C",
}


def text_mask(text: str, width: int) -> npt.NDArray[np.bool_]:
    """The dots of `text` as a mask at most `width` pixels wide, scaled up by the largest whole number that fits."""
    columns = [_glyph(letter) for letter in text.upper()]
    dots = np.hstack(columns)[:, :-1]
    scale = max(1, width // dots.shape[1])
    return dots.repeat(scale, axis=0).repeat(scale, axis=1)


def _glyph(letter: str) -> npt.NDArray[np.bool_]:
    rows = bytes.fromhex(_GLYPHS[letter])
    dots = [[bool(row >> (_COLUMNS - 1 - column) & 1) for column in range(_COLUMNS)] + [False] for row in rows]
    return np.array(dots, dtype=np.bool_).reshape(_ROWS, _COLUMNS + 1)
