"""Telephone numbers as machines want them: the country's code first, digits only (ITU-T E.164)."""

import re

# ISO 3166 → calling code, as ITU-T E.164's list of assigned codes has them.
_CODES = {
    "AE": "971", "AR": "54", "AT": "43", "AU": "61", "BE": "32", "BG": "359", "BH": "973", "BR": "55", "CA": "1",
    "CH": "41", "CL": "56", "CO": "57", "CY": "357", "CZ": "420", "DE": "49", "DK": "45", "EE": "372", "EG": "20",
    "ES": "34", "FI": "358", "FR": "33", "GB": "44", "GR": "30", "HK": "852", "HR": "385", "HU": "36", "ID": "62",
    "IE": "353", "IL": "972", "IN": "91", "IS": "354", "IT": "39", "JP": "81", "KE": "254", "KW": "965", "LT": "370",
    "LU": "352", "LV": "371", "MT": "356", "MX": "52", "MY": "60", "NG": "234", "NL": "31", "NO": "47", "NZ": "64",
    "OM": "968", "PH": "63", "PL": "48", "PT": "351", "QA": "974", "RO": "40", "SA": "966", "SE": "46", "SG": "65",
    "SI": "386", "SK": "421", "TH": "66", "TR": "90", "UA": "380", "US": "1", "VN": "84", "ZA": "27",
}  # fmt: skip
_KEEP_THE_ZERO = ("IT",)  # there the first 0 is a part of the number
_SHORTEST, _LONGEST = 8, 15


def international(raw: str, country: str) -> str:
    """`raw` as a person of `country` (ISO 3166) writes it, as digits with the country's code first; "" if it is none.

    0113 496 0000 in GB and +44 (0)113 496-0000 anywhere give 441134960000. An extension is left out.
    """
    said = re.split(r"(?i)ext|x", raw, maxsplit=1)[0].replace("(0)", "").strip()
    digits = re.sub(r"\D", "", said)
    if said.startswith("00"):
        digits = digits[2:]
    elif not said.startswith("+"):
        code = _CODES.get(country, "")
        if not code:
            return ""
        national = digits if country in _KEEP_THE_ZERO else digits.removeprefix("0")
        is_whole = code == "1" and len(national) == 11 and national.startswith("1")
        digits = national if is_whole else code + national
    return digits if _SHORTEST <= len(digits) <= _LONGEST else ""
