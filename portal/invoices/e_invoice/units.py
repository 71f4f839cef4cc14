"""Units as firms write them, by the codes of UN/ECE Recommendation 20 that the standard wants [BT-130]."""

_WRITTEN = {
    "HUR": "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren tim timme timmar",
    "MIN": "min mins minute minutes minuten minuto minutos minuti",
    "DAY": "d day days tag tage jour jours día días dia dias giorno giorni dag dagen dagar",
    "WEE": "week weeks wk woche wochen semaine semaines semana semanas",
    "MON": "month months mo monat monate mois mes meses mês",
    "ANN": "year years yr jahr jahre an ans año años ano anos",
    "KGM": "kg kgs kilo kilos kilogram kilograms kilogramm", "GRM": "g gram grams gramm",
    "TNE": "t tonne tonnes",
    "MTR": "m metre metres meter meters mètre mètres metro metros lfm lm", "CMT": "cm", "MMT": "mm", "KMT": "km kms",
    "SMI": "mi mile miles", "FOT": "ft foot feet", "INH": "in inch inches", "YRD": "yd yard yards",
    "MTK": "m2 m² qm sqm sqmetre sqmetres", "FTK": "ft2 ft² sqft", "MTQ": "m3 m³ cbm cum", "LTR": "l ltr litre litres"
    " liter liters litro litros", "MLT": "ml", "KWH": "kwh", "SET": "set sets", "PR": "pair pairs paar paire paires",
    "H87": "pc pcs piece pieces stk st stück stücke pce pces pièce pièces pieza piezas peça peças pezzo pezzi",
}  # fmt: skip
_CODES = {written: code for code, words in _WRITTEN.items() for written in words.split()}
ONE = "C62"


def unit_code(written: str) -> str:
    """Of "h", "Std." or "sq m"; that of one where nothing is written, or what no list knows."""
    return _CODES.get("".join(written.casefold().replace(".", "").split()), ONE)
