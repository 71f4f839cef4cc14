"""The page in the customer's language: noted by the firm, or chosen on the page. Figures and direction follow."""

import re

import pytest
import requests
from sqlalchemy import update

from portal.customers.models import Customer
from portal.organisations.models import Organisation
from portal.shared.phrases import LANGUAGES
from portal.shared.running import job_session
from tests.builders import Firm
from tests.paying import Till


@pytest.fixture
def path(till: Till, firm: Firm) -> str:
    till.connect(firm)
    return till.invoice(firm)[1]


def note_language(firm: Firm, code: str) -> None:
    with job_session(firm.organisation_id) as session:
        session.execute(update(Customer).values(language=code))


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_the_page_speaks_each_language_it_offers(till: Till, path: str, code: str) -> None:
    page, language = till.get(f"{path}?lang={code}").text, LANGUAGES[code]
    assert f'<html lang="{code}" dir="{"rtl" if language.is_rtl else "ltr"}">' in page
    for key in ("pay_note", "what_was_done", "total", "skip", "dock"):
        assert language.words[key] in page
    assert "235" in re.sub(r"[\u2066-\u2069\u200e\u200f]", "", page)
    assert all(f'?lang={each}"' in page for each in LANGUAGES)


def test_the_firms_note_decides_and_the_address_goes_before_it(till: Till, firm: Firm, path: str) -> None:
    assert '<html lang="en"' in till.get(path).text
    with job_session(firm.organisation_id) as session:
        session.execute(update(Organisation).values(locale="de_AT"))
    assert '<html lang="de"' in till.get(path).text
    note_language(firm, "ar")
    assert '<html lang="ar" dir="rtl">' in till.get(path).text
    note_language(firm, "xx")
    assert '<html lang="de"' in till.get(path).text
    for nonsense in ("xx", "../en", "", "EN", "%00"):
        assert '<html lang="de"' in till.get(f"{path}?lang={nonsense}").text
    assert '<html lang="fr"' in till.get(f"{path}?lang=fr").text
    assert '<html lang="de"' in till.get(path).text  # another browser has chosen nothing


def test_a_language_chosen_is_kept_for_this_link_in_this_browser(till: Till, firm: Firm, path: str) -> None:
    with requests.Session() as browser:
        chosen = browser.get(f"{till.url}{path}?lang=fr")
        [cookie] = browser.cookies
        assert (cookie.value, cookie.path) == ("fr", path) and "HttpOnly" in chosen.headers["Set-Cookie"]
        assert '<html lang="fr"' in browser.get(till.url + path).text
        assert '<html lang="ar"' in browser.get(f"{till.url}{path}?lang=ar").text
        assert '<html lang="ar"' in browser.get(till.url + path).text
        assert '<html lang="en"' in browser.get(till.url + till.invoice(firm)[1]).text
    assert "Set-Cookie" not in till.get(path).headers and "Set-Cookie" not in till.get(f"{path}?lang=xx").headers


def test_amounts_and_dates_are_written_as_the_reader_writes_them(till: Till, firm: Firm, path: str) -> None:
    note_language(firm, "fr")
    page = till.get(path).text
    assert "235,80\u00a0£" in page and re.search(r"À payer avant le <time [^>]*>\w+ \d+ \w+ 20\d\d", page)
    assert "Annual gas boiler service" in page  # what the firm wrote stays as it is
    assert '<p class="sub" dir="auto"><span lang="en">Boiler annual service</span>' in page


@pytest.mark.parametrize(
    ("code", "told"),
    [("en", r"on \d+ \w+ 20\d\d, \d\d:\d\d–\d\d:\d\d by "), ("de", r"am \d+\. \w+ 20\d\d, .* Uhr, durch "),
     ("ja", r"20\d\d年\d+月\d+日 .*担当：")],
)  # fmt: skip
def test_when_and_by_whom_is_told_in_the_pages_language(till: Till, path: str, code: str, told: str) -> None:
    line = re.search(r'<p class="sub" dir="auto">(.*?)</p>', till.get(f"{path}?lang={code}").text)
    assert line is not None and re.search(told, line[1]), line


def test_of_an_invoice_whose_facts_were_not_kept_the_words_stay_as_they_were() -> None:
    assert LANGUAGES["de"].work(None, "en_GB", "GB", otherwise="on 3 March by Tara") == "on 3 March by Tara"
    assert LANGUAGES["de"].work({}, "en_GB", "GB") == ""
    assert LANGUAGES["de"].work({"place": "Leeds"}, "en_GB", "GB") == "Einsatzort: Leeds"


def test_the_chosen_language_stays_on_the_way_to_stripe_and_back(till: Till, firm: Firm, path: str) -> None:
    form = till.pay_form(f"{path}?lang=hi")
    begun = till.post(f"{path}/attempts?lang=hi", data=form)
    assert begun.status_code == 303
    back = till.come_back(firm, begun.cookies)
    assert back.headers["Location"] == f"{path}?lang=hi"
    assert "/attempts?lang=hi" in till.get(back.headers["Location"]).text
    changed = till.post(f"{path}/attempts?lang=hi", data={"shown": "1"})
    assert LANGUAGES["hi"].words["out_of_date"] in changed.text


def test_the_pound_is_written_as_everybody_reads_it(till: Till, path: str) -> None:
    for code in LANGUAGES:
        assert "UK£" not in till.get(f"{path}?lang={code}").text, code


def test_japanese_and_chinese_customers_are_spoken_to_in_their_language(till: Till, firm: Firm, path: str) -> None:
    note_language(firm, "ja")
    page = till.get(path).text
    assert '<html lang="ja" dir="ltr">' in page and "お支払期限" in page and re.search(r"20\d\d年\d+月\d+日", page)
    note_language(firm, "zh")
    page = till.get(path).text
    assert '<html lang="zh" dir="ltr">' in page and "付款" in page and re.search(r"20\d\d年\d+月\d+日", page)


def test_a_dead_link_speaks_what_the_browser_asks_for(till: Till, path: str) -> None:
    asked = till.get("/p/unknown", headers={"Accept-Language": "pt-BR,en;q=0.5"})
    assert asked.status_code == 404 and LANGUAGES["pt"].words["unknown"] in asked.text


def test_a_browser_is_answered_in_its_language_where_the_customer_has_none(till: Till, firm: Firm, path: str) -> None:
    arabic = {"Accept-Language": "xx,ar-EG;q=0.9,en;q=0.5"}
    assert '<html lang="ar" dir="rtl">' in till.get(path, headers=arabic).text
    assert '<html lang="de"' in till.get(f"{path}?lang=de", headers=arabic).text
    assert '<html lang="en"' in till.get(path, headers={"Accept-Language": "xx"}).text  # the firm's
    note_language(firm, "fr")
    assert '<html lang="fr"' in till.get(path, headers=arabic).text


def test_names_of_another_direction_are_set_apart(till: Till, path: str) -> None:
    arabic = till.get(f"{path}?lang=ar").text
    assert "\u2068Maple Dental Practice\u2069" in arabic
    assert "\u2068" not in till.get(f"{path}?lang=en").text
