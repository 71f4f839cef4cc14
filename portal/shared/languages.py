"""Languages that documents can be written in, by their codes, each in its own words."""

LANGUAGES = {
    "ar": "العربية", "de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "hi": "हिन्दी",
    "ja": "日本語", "pt": "Português", "zh": "中文",
}  # fmt: skip
