"""Languages that documents can be written in, by their codes, each in its own words, and how each is written where."""

from babel.localedata import exists

LANGUAGES = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "hi": "हिन्दी",
    "ja": "日本語", "pt": "Português", "zh": "中文",
}  # fmt: skip


def written_in(language: str, country: str) -> str:
    """The locale by which figures and days are written in `language` in a country; "" where there is no such usage.

    English has none of its own in most countries: there it stays as it is.
    """
    locale = f"{language}_{country}"
    return locale if language != "en" and exists(locale) else ""
