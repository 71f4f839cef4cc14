"""From any picture a phone sends to one of ours: upright, of moderate size, without place or camera in it."""

import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from portal.shared.errors import RuleBroken

LARGEST_FILE = 20 * 1024 * 1024  # bytes: a phone's largest photo, when no script has made it smaller
_FORMATS = ("JPEG", "PNG", "WEBP")
_MOST_PIXELS = 50_000_000  # looked at before a single one is unpacked
_LONGEST, _PREVIEW = 1600, 360  # pixels: enough to read a type plate; enough for three in a row on a phone
_LEAST = 16
_TOO_MANY = "This picture has too many pixels. Take it again, or save it, in a smaller size."
_QUALITY = 80
# A logo: three pixels for each of a phone's page, and 300 to the inch on paper. The colours keep its file small.
_LOGO_ON_PAGES, _LOGO_ON_PAPER = (384, 96), (900, 240)
_LOGO_LEAST, _LOGO_COLOURS = (32, 24), 128
_NEARLY_WHITE = 10  # of 255: the noise at the edge of a JPEG


@dataclass(frozen=True)
class Drawn:
    """A picture drawn by us and its small version. width, height in pixels."""

    content: bytes
    preview: bytes
    width: int
    height: int

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.content).digest()


def draw(file: bytes) -> Drawn:
    """Raises RuleBroken, in words for whoever took the picture."""
    picture = _open(file)
    content, preview = picture.copy(), picture.copy()
    content.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    preview.thumbnail((_PREVIEW, _PREVIEW), Image.Resampling.LANCZOS)
    return Drawn(_as_jpeg(content), _as_jpeg(preview), content.width, content.height)


def draw_logo(file: bytes) -> Drawn:
    """As a PNG on white, without the empty edge around it; width, height are those of the small one, for pages.

    Raises RuleBroken, in words for whoever chose the file.
    """
    picture = _trimmed(_open(file))
    if picture.width < _LOGO_LEAST[0] or picture.height < _LOGO_LEAST[1]:
        raise RuleBroken(
            f"This logo is too small to be sharp. Choose one of {_LOGO_LEAST[0]} × {_LOGO_LEAST[1]} pixels or more,"
            " without the edge around it.", field="picture",
        )  # fmt: skip
    content, preview = picture.copy(), picture
    content.thumbnail(_LOGO_ON_PAPER, Image.Resampling.LANCZOS)
    preview.thumbnail(_LOGO_ON_PAGES, Image.Resampling.LANCZOS)
    return Drawn(_as_png(content), _as_png(preview), preview.width, preview.height)


def has_ink(file: bytes) -> bool:
    """Is there anything on this signature? Raises RuleBroken."""
    darkest, lightest = _open(file).convert("L").getextrema()
    return bool(darkest != lightest)


def _open(file: bytes) -> Image.Image:
    if not file:
        raise RuleBroken("Choose a picture first.", field="picture")
    if len(file) > LARGEST_FILE:
        raise RuleBroken(
            "This picture is too large. Take it again, or save it, in a smaller size: 20 MB at most.", field="picture"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a bomb warns before it explodes
            picture = Image.open(io.BytesIO(file), formats=_FORMATS)
            _check_size(picture)
            picture.draft("RGB", (_LONGEST, _LONGEST))  # a JPEG is unpacked no larger than it is wanted
            return _upright(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise RuleBroken(_TOO_MANY, field="picture") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning):
        raise RuleBroken(
            "This is no picture that can be kept. Take a photo, or choose a JPEG, PNG or WebP file.", field="picture"
        ) from None


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > _MOST_PIXELS:
        raise RuleBroken(_TOO_MANY, field="picture")
    if min(picture.size) < _LEAST:
        raise RuleBroken("This picture is too small to show anything. Take it again.", field="picture")


def _upright(picture: Image.Image) -> Image.Image:
    """On white where it is see-through, as signatures are."""
    turned = ImageOps.exif_transpose(picture)
    if "A" not in turned.getbands() and "transparency" not in turned.info:
        return turned.convert("RGB")
    layered = turned.convert("RGBA")
    paper = Image.new("RGB", layered.size, "white")
    paper.paste(layered, mask=layered.getchannel("A"))
    return paper


def _trimmed(picture: Image.Image) -> Image.Image:
    """Without what is white all around."""
    drawn = ImageChops.invert(picture.convert("L")).point(lambda dark: 255 if dark > _NEARLY_WHITE else 0).getbbox()
    if drawn is None:
        raise RuleBroken("This picture is all white. Choose the file that shows your logo.", field="picture")
    return picture.crop(drawn)


def _as_png(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.quantize(_LOGO_COLOURS, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _as_jpeg(picture: Image.Image) -> bytes:
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return kept.getvalue()
