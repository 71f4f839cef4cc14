"""What a finished PDF says to who looks for words in it. How it looks is not touched, and no byte moves."""

import re
import unicodedata
import zlib


def readable(pdf: bytes) -> bytes:
    """`pdf` as typst wrote it: classic, with plain dictionaries around packed streams. Same length as it came."""
    return _in_single_letters(_reading_by_line(pdf))


def _reading_by_line(pdf: bytes) -> bytes:
    """An Arabic paper without the wish to lay its pages out from right to left: Chromium's reader takes that for the
    direction of every line, and turns names, addresses and numbers round, so that nobody finds them."""
    return pdf.replace(b"/Direction/R2L", b"/Direction/L2R").replace(b"/Direction /R2L", b"/Direction /L2R")


def _in_single_letters(pdf: bytes) -> bytes:
    """Each Arabic ligature told as Unicode's own sign for it, not as its two letters.

    Readers find Arabic written from left to right on the page and turn it round letter by letter: two letters told for
    one shape come out in the wrong order, and the words with them (pdfium, mupdf). What stands for both is turned round
    unharmed, and searching takes it apart again (NFKC).
    """
    told = bytearray(pdf)
    for found in _MAPS.finditer(pdf):
        start, length = found.end(), int(found["length"])
        words = zlib.decompress(pdf[start : start + length])
        packed = zlib.compress(_TWO.sub(lambda two: _SIGNS.get(two[0], two[0]), words), 9)
        end = pdf.index(b"endobj", start + length)
        said = b"<</Length %s%s%s\nendstream" % (b"%d" % len(packed), found["more"], packed)
        if len(said) < end - found.start():  # what says less takes less: blanks fill it up, as nothing may move
            told[found.start() : end] = said.ljust(end - found.start() - 1) + b"\n"
    return bytes(told)


def _signs() -> dict[bytes, bytes]:
    """Two letters in the hexadecimal of a map, and the sign for both of them joined, standing alone."""
    found = {}
    for code in range(0xFB50, 0xFEFF):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if kind == "<isolated>" and len(letters) == 2:
            found["".join(letters).encode()] = b"%04X" % code
    return found


_MAPS = re.compile(rb"<</Length (?P<length>\d+)(?P<more>/Type/CMap/Filter/FlateDecode[^>]*>>\nstream\n)")
_TWO = re.compile(rb"(?<=> <)[0-9A-F]{8}(?=>)")
_SIGNS = _signs()
