"""Who writes to Nordkvarn: fourteen companies with a plan and thirty-four contacts.

Every address is under .example and every telephone number lies in a range its country reserves for fiction;
countries without such a range (Norway, Denmark, Finland and others) have contacts without a number.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Company:
    key: str
    name: str
    domain: str
    city: str
    country: str
    plan: Literal["standard", "business", "enterprise"]


@dataclass(frozen=True)
class Contact:
    key: str
    name: str
    email: str
    phone: str | None
    company: str | None
    locale: Literal["en", "sv"]
    time_zone: str
    country: str


COMPANIES = (
    Company("kafferummet", "Kafferummet Söder AB", "kafferummet.example", "Stockholm", "SE", "business"),
    Company("norrljus", "Hotell Norrljus AB", "hotellnorrljus.example", "Luleå", "SE", "enterprise"),
    Company("brygghuset", "Brygghuset Malmö AB", "brygghuset.example", "Malmö", "SE", "business"),
    Company("bonhallen", "Bönhallen i Göteborg AB", "bonhallen.example", "Göteborg", "SE", "business"),
    Company("torget", "Konditori Torget HB", "konditoritorget.example", "Umeå", "SE", "standard"),
    Company("malaren", "Kontorskaffe Mälaren AB", "kontorskaffe.example", "Västerås", "SE", "enterprise"),
    Company("kystkaffe", "Kystkaffe AS", "kystkaffe.example", "Bergen", "NO", "business"),
    Company("laug", "Aarhus Kaffelaug ApS", "kaffelaug.example", "Aarhus", "DK", "standard"),
    Company("aamu", "Aamupaahtimo Oy", "aamupaahtimo.example", "Tampere", "FI", "business"),
    Company("harbour", "Harbour & Grind Ltd", "harbourandgrind.example", "Bristol", "GB", "enterprise"),
    Company("lighthouse", "Lighthouse Roasters", "lighthouseroasters.example", "Cork", "IE", "business"),
    Company("morgenrot", "Café Morgenrot GmbH", "cafe-morgenrot.example", "Berlin", "DE", "standard"),
    Company("lumiere", "Torréfaction Lumière", "lumiere-cafe.example", "Lyon", "FR", "standard"),
    Company("bluebird", "Bluebird Espresso Bar", "bluebirdespresso.example", "Portland", "US", "standard"),
)


def _at(
    company: str,
    key: str,
    name: str,
    mailbox: str,
    phone: str | None,
    locale: Literal["en", "sv"],
    time_zone: str,
) -> Contact:
    """Somebody who works at one of the companies above."""
    employer = next(each for each in COMPANIES if each.key == company)
    return Contact(
        key, name, f"{mailbox}@{employer.domain}", phone, company, locale, time_zone, employer.country
    )


CONTACTS = (
    _at("kafferummet", "elin", "Elin Sandström", "elin", "+46701740612", "sv", "Europe/Stockholm"),
    _at("kafferummet", "hampus", "Hampus Öberg", "hampus", None, "sv", "Europe/Stockholm"),
    _at("norrljus", "birgitta", "Birgitta Niemi", "frukost", "+46980319214", "sv", "Europe/Stockholm"),
    _at("norrljus", "ali", "Ali Karimi", "natt", "+46980319220", "sv", "Europe/Stockholm"),
    _at("brygghuset", "jasmina", "Jasmina Hodžić", "jasmina", "+46406280437", "sv", "Europe/Stockholm"),
    _at("bonhallen", "viktor", "Viktor Ahlgren", "viktor", "+46313900641", "sv", "Europe/Stockholm"),
    _at("torget", "gunilla", "Gunilla Persson", "gunilla", "+46701740628", "sv", "Europe/Stockholm"),
    _at("malaren", "fredrik", "Fredrik Holm", "fredrik.holm", "+46701740633", "sv", "Europe/Stockholm"),
    _at("malaren", "leyla", "Leyla Demir", "leyla.demir", "+46701740634", "sv", "Europe/Stockholm"),
    _at("kystkaffe", "ingrid", "Ingrid Haugen", "ingrid", None, "en", "Europe/Oslo"),
    _at("laug", "mads", "Mads Kjeldsen", "mads", None, "en", "Europe/Copenhagen"),
    _at("aamu", "kaisa", "Kaisa Lehtonen", "kaisa", None, "en", "Europe/Helsinki"),
    _at("aamu", "niklas", "Niklas Sjöholm", "niklas", None, "sv", "Europe/Helsinki"),
    _at("harbour", "tom", "Tom Okafor", "tom", "+441174960152", "en", "Europe/London"),
    _at("harbour", "beth", "Beth Hargreaves", "beth", "+441174960164", "en", "Europe/London"),
    _at("lighthouse", "ciara", "Ciara Nolan", "ciara", None, "en", "Europe/Dublin"),
    _at("morgenrot", "lukas", "Lukas Brandt", "lukas", "+493023125042", "en", "Europe/Berlin"),
    _at("lumiere", "camille", "Camille Roux", "camille", "+33199001234", "en", "Europe/Paris"),
    _at("bluebird", "dana", "Dana Whitfield", "dana", "+15035550134", "en", "America/Los_Angeles"),
    Contact(
        "anna",
        "Anna Bergqvist",
        "anna.bergqvist@post.example",
        "+46701740651",
        None,
        "sv",
        "Europe/Stockholm",
        "SE",
    ),
    Contact(
        "per", "Per-Erik Lundmark", "pe.lundmark@post.example", None, None, "sv", "Europe/Stockholm", "SE"
    ),
    Contact(
        "nour",
        "Nour Haddad",
        "nour.haddad@brev.example",
        "+46701740655",
        None,
        "sv",
        "Europe/Stockholm",
        "SE",
    ),
    Contact("erik", "Erik Thorén", "erik@thoren.example", None, None, "sv", "Europe/Stockholm", "SE"),
    Contact(
        "sofia",
        "Sofia Granath",
        "sofia.granath@post.example",
        "+46701740660",
        None,
        "sv",
        "Europe/Stockholm",
        "SE",
    ),
    Contact(
        "lasse",
        "Lasse Wikström",
        "lasse.wikstrom@brev.example",
        "+46701740666",
        None,
        "sv",
        "Europe/Stockholm",
        "SE",
    ),
    Contact("ebba", "Ebba Falk", "ebba.falk@post.example", None, None, "sv", "Europe/Stockholm", "SE"),
    Contact("tuva", "Tuva Nordin", "tuva.nordin@brev.example", None, None, "sv", "Europe/Stockholm", "SE"),
    Contact(
        "james",
        "James Pellow",
        "james.pellow@mail.example",
        "+441134960117",
        None,
        "en",
        "Europe/London",
        "GB",
    ),
    Contact(
        "marta", "Marta Kowalska", "marta.kowalska@poczta.example", None, None, "en", "Europe/Warsaw", "PL"
    ),
    Contact("joost", "Joost van Dijk", "joost@vandijk.example", None, None, "en", "Europe/Amsterdam", "NL"),
    Contact(
        "hanna", "Hanna Virtanen", "hanna.virtanen@posti.example", None, None, "en", "Europe/Helsinki", "FI"
    ),
    Contact(
        "ricardo",
        "Ricardo Almeida",
        "ricardo.almeida@correio.example",
        None,
        None,
        "en",
        "Europe/Lisbon",
        "PT",
    ),
    Contact("yuki", "Yuki Tanaka", "yuki.tanaka@mail.example", None, None, "en", "Asia/Tokyo", "JP"),
    Contact(
        "emily",
        "Emily Carver",
        "emily.carver@mail.example",
        "+18025550119",
        None,
        "en",
        "America/New_York",
        "US",
    ),
)
