"""Write the customers of the examples, one JSON object a line.

    python examples/make_customers.py > examples/customers.jsonl

Everybody here is invented. The output never changes: its only randomness is ``random.Random(SEED).random()``, whose
sequence Python keeps stable, and dates are laid out around ``NOW``, the moment for which the README gives results.
"""

from __future__ import annotations

import calendar
import json
import random
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")
Json = dict[str, Any]
City = tuple[str, str | None, str, float, float]  # name, state, postal code, latitude, longitude

SEED = 20261122
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GENERATED = 192

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TIERS = {
    "bronze": "ltr_hT2mQx7ZbKc0VnEw4RfLs9Ya",
    "gold": "ltr_Pd8uNk3WjFv6GyCr1BtXo5Hi",
    "platinum": "ltr_q4ZsMe9LaUo2DxJb7KhVw0Tn",
}
DRINKS = ("espresso", "filter", "flat white", "cold brew", "cortado", "mocha", "oat milk", "almond milk", "soy milk")


class Region(NamedTuple):
    """Where a customer may come from. Names are ``text:latin`` pairs, ``#`` in a pattern is a random digit."""

    country: str
    lang: str
    offset: float
    phone: str
    given: str
    family: str
    cities: tuple[City, ...]
    family_first: bool = False


REGIONS = (
    Region("US", "en", -5, "+1 (###) 555-01##", "Stella Marcus Avery Sadie Rufus", "Hollins Pryce Starkey Whitcombe",
           (("New York", "NY", "100##", 40.73, -73.99), ("Seattle", "WA", "981##", 47.61, -122.33))),
    Region("GB", "en", 0, "+44 7700 900###", "Siobhan Alfie Imogen Tamsin", "Thistlewood Okoro Strand Marlowe",
           (("London", None, "E1 #AB", 51.51, -0.08),)),
    Region("PT", "pt", 0, "+351 900 000 ###", "Inês:ines João:joao Sebastião:sebastiao", "Figueira Salgado Teles",
           (("Lisboa", "Lisboa", "1100-###", 38.712, -9.135), ("Porto", "Porto", "4000-###", 41.15, -8.61))),
    Region("DE", "de", 1, "+49 30 23125 ###", "Jörg:joerg Saskia Sünje:suenje Ulrich", "Grünwald:gruenwald Weiß:weiss",
           (("Berlin", "Berlin", "101##", 52.52, 13.41), ("Leipzig", "Sachsen", "041##", 51.34, 12.37))),
    Region("AT", "de", 1, "+43 1 000 0###", "Resi Sepp Valentin", "Steinhuber Moosgruber Kofler",
           (("Wien", "Wien", "10#0", 48.21, 16.37), ("Graz", "Steiermark", "801#", 47.07, 15.44))),
    Region("CH", "fr", 1, "+41 00 000 ## ##", "Maëlle:maelle Urs Noémie:noemie", "Stüssi:stuessi Bruderer",
           (("Zürich", "ZH", "800#", 47.37, 8.54), ("Genève", "GE", "120#", 46.20, 6.14))),
    Region("PL", "pl", 1, "+48 000 000 ###", "Łucja:lucja Żaneta:zaneta Bartosz", "Świderski:swiderski Sowa",
           (("Warszawa", "mazowieckie", "00-###", 52.23, 21.01),)),
    Region("UA", "uk", 2, "+380 00 000 ####", "Юлія:yuliia Соломія:solomiia", "Коваль:koval Стус:stus Дзвін:dzvin",
           (("Київ", None, "010##", 50.45, 30.52),)),
    Region("GR", "el", 2, "+30 000 000 ####", "Ελένη:eleni Στέλιος:stelios", "Σταματίου:stamatiou Δελή:deli",
           (("Αθήνα", None, "104 ##", 37.98, 23.73),)),
    Region("EG", "ar", 2, "+20 00 0000 ####", "ليلى:layla سامي:sami", "الشناوي:elshenawy منصور:mansour",
           (("القاهرة", None, "115##", 30.04, 31.24),)),
    Region("IN", "hi", 5.5, "+91 00000 0####", "सरिता:sarita अर्जुन:arjun", "पाटिल:patil गुप्ता:gupta",
           (("मुंबई", "Maharashtra", "4000##", 19.08, 72.88),)),
    Region("CN", "zh", 8, "+86 000 0000 ####", "思远:siyuan 佳怡:jiayi 梓涵:zihan", "林:lin 沈:shen 欧阳:ouyang",
           (("上海", None, "2000##", 31.23, 121.47),), family_first=True),
    Region("JP", "ja", 9, "+81 0 0000 ####", "さくら:sakura 蓮:ren 美月:mizuki", "白石:shiraishi 桐谷:kiritani",
           (("東京", None, "150-00##", 35.66, 139.70), ("大阪", None, "530-00##", 34.69, 135.50)), family_first=True),
    Region("KR", "ko", 9, "+82 0 0000 ####", "서연:seoyeon 지호:jiho 하은:haeun", "한:han 송:song 노:noh",
           (("서울", None, "030##", 37.57, 126.98),), family_first=True),
    Region("AU", "en", 11, "+61 2 5550 ####", "Saffron Banjo Matilda Callum", "Yarran Stockdale Kirrawee",
           (("Sydney", "NSW", "20##", -33.87, 151.21),)),
    Region("BR", "pt", -3, "+55 11 0000 ####", "Thaís:thais Samanta Davi", "Sampaio Guimarães:guimaraes",
           (("São Paulo", "SP", "01###-000", -23.55, -46.63),)),
    Region("CA", "fr", -3.5, "+1 (###) 555-01##", "Solène:solene Étienne:etienne", "Tremblant Saint-Cyr",
           (("St. John's", "NL", "A1C 5H#", 47.56, -52.71),)),
)  # fmt: skip


class Dice:
    """Choices drawn from ``random()`` alone."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, share: float) -> bool:
        return self._random() < share

    def below(self, n: int) -> int:
        return int(self._random() * n)

    def pick(self, values: Sequence[T]) -> T:
        return values[self.below(len(values))]

    def sample(self, values: Sequence[T], count: int) -> list[T]:
        rest = list(values)
        return [rest.pop(self.below(len(rest))) for _ in range(count)]

    def fill(self, pattern: str) -> str:
        return "".join(str(self.below(10)) if char == "#" else char for char in pattern)

    def identifier(self, prefix: str) -> str:
        return prefix + "".join(self.pick(ALPHABET) for _ in range(24))

    def before(self, moment: datetime, days: float) -> datetime:
        return moment - timedelta(milliseconds=self.below(int(days * 86_400_000)))


def iso(moment: datetime, offset: float = 0) -> str:
    local = moment.astimezone(timezone(timedelta(hours=offset)))
    return local.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def customer(identifier: str, source_id: str, name: str | None, created_at: str, **given: Any) -> Json:
    """A customer object with every key that the API writes; ``given`` fills in what is known."""
    made: Json = {"id": identifier, "source_id": source_id, "name": name, "email": None, "phone": None}
    made |= {"birthdate": None, "address": None, "metadata": {}, "summary": summary(), "loyalty": loyalty({})}
    made |= {"referrals": {"total": 0, "campaigns": []}}
    return made | given | {"created_at": created_at, "object": "customer"}


def summary(amounts: Sequence[int] = (), last: str | None = None, used: int = 0, card: Sequence[int] = (0, 0)) -> Json:
    """Order amounts are in hundredths; ``last_order_date`` is there only after an order."""
    total, count = sum(amounts), len(amounts)
    orders: Json = {"total_amount": total, "total_count": count, "average_amount": total // count if count else 0}
    orders["last_order_amount"] = amounts[-1] if amounts else 0
    if last is not None:
        orders["last_order_date"] = last
    redemptions: Json = {"total_redeemed": used, "total_failed": 0, "total_succeeded": used}
    redemptions |= {"total_rolled_back": 0, "total_rollback_failed": 0, "total_rollback_succeeded": 0}
    redemptions |= {"gift": {"redeemed_amount": 0, "amount_to_go": 0}}
    redemptions |= {"loyalty_card": {"redeemed_points": card[0], "points_to_go": card[1]}}
    return {"redemptions": redemptions, "orders": orders}


def loyalty(campaigns: Json) -> Json:
    def total(key: str) -> int:
        return sum(campaign.get(key, 0) for campaign in campaigns.values())

    return {"points": total("points"), "referred_customers": total("referred_customers"), "campaigns": campaigns}


def names(dice: Dice, region: Region) -> tuple[str, str]:
    """A full name in its own script, and a Latin handle."""
    given, _, given_latin = dice.pick(region.given.split()).partition(":")
    family, _, family_latin = dice.pick(region.family.split()).partition(":")
    name = f"{family} {given}" if region.family_first else f"{given} {family}"
    return name, f"{given_latin or given}.{family_latin or family}".lower()


def birthdate(dice: Dice, since: datetime) -> str | None:
    if dice.chance(0.16):
        return None if dice.chance(0.8) else dice.pick(("", "31/12/1985"))
    year = since.year - 16 - dice.below(50)
    leap = calendar.isleap(year) and dice.chance(0.2)
    day = date(year, 2, 29) if leap else date(year, 1, 1) + timedelta(days=dice.below(365))
    return f"{day}T00:00:00.000Z" if dice.chance(0.08) else str(day)


def created(dice: Dice) -> datetime:
    days = 5 if dice.chance(0.1) else 45 if dice.chance(0.12) else 4900
    return dice.before(NOW, days)


def address(dice: Dice, region: Region, city: City) -> Json | None:
    if dice.chance(0.12):
        return None
    keys = ("city", "state", "line_1", "line_2", "country", "postal_code")
    if dice.chance(0.06):
        return dict.fromkeys(keys)
    line_2 = f"Apt {1 + dice.below(40)}" if dice.chance(0.3) else None
    line_1 = f"{1 + dice.below(120)} {dice.pick(('Market Row', 'Mill Lane', 'Station Road', 'Harbour Steps'))}"
    return dict(zip(keys, (city[0], city[1], line_1, line_2, region.country, dice.fill(city[2])), strict=True))


def metadata(dice: Dice, region: Region, city: City, born: str | None, since: datetime) -> Json:
    data: Json = {"lang": region.lang}
    if dice.chance(0.85):
        data["accepts_marketing"] = dice.pick((True, True, True, False, False, "true"))
    if born and born[:4].isdigit() and dice.chance(0.8):
        age = 2026 - int(born[:4])
        data["age"] = str(age) if dice.chance(0.15) else age
    elif dice.chance(0.2):
        data["age"] = dice.pick((None, "n/a", ""))
    if dice.chance(0.75):
        data["signup"] = iso(since, region.offset) if dice.chance(0.15) else str(since.date())
    if dice.chance(0.7):
        days = min(dice.pick((4, 12, 60, 900)), (NOW - since).days + 1)
        data["last_seen"] = iso(dice.before(NOW, days), region.offset)
    if dice.chance(0.45):
        lat, lng = city[3] + (dice.below(900) - 450) / 10_000, city[4] + (dice.below(900) - 450) / 10_000
        data["home"] = f"{'' if dice.chance(0.2) else 'geo:'}{lat:.4f},{lng:.4f}"
    if dice.chance(0.6):
        drinks: list[str | None] = list(dice.sample(DRINKS, dice.below(6)))
        data["favourites"] = dice.pick(DRINKS) if dice.chance(0.1) else [*drinks, None] if dice.chance(0.05) else drinks
    if dice.chance(0.3):
        data["plan"] = dice.pick(("monthly", "yearly", "none"))
    if dice.chance(0.25):
        data["tags"] = dice.sample(("newsletter", "gift-card", "do-not-disturb", "refill-cup"), 1 + dice.below(2))
    if dice.chance(0.2):
        dates = {NOW.date() + timedelta(days=dice.below(200) - 120) for _ in range(1 + dice.below(3))}
        data["tastings"] = [str(day) for day in sorted(dates)]
    return data


def campaigns(dice: Dice) -> Json:
    joined: Json = {}
    if dice.chance(0.45):
        tier, points = dice.pick(("bronze", "bronze", "gold", "platinum")), dice.below(1200)
        referred = dice.pick((0, 0, 1, 3))
        joined["Bean Club"] = {"points": points, "loyalty_tier": TIERS[tier], "referred_customers": referred}
    if dice.chance(0.3):
        joined["Roast No. 5"] = {"points": dice.below(300), "referred_customers": 0}
    return joined


def generated(dice: Dice, number: int) -> Json:
    region = dice.pick(REGIONS)
    city = dice.pick(region.cities)
    name, handle = names(dice, region)
    since = created(dice)
    born = birthdate(dice, since)
    amounts = [250 + 25 * dice.below(dice.pick((40, 300))) for _ in range(dice.pick((0, 0, 1, 2, 3, 6, 14, 40)))]
    last = iso(dice.before(NOW, min(dice.pick((20, 120, 1500)), (NOW - since).days + 0.01))) if amounts else None
    area = dice.pick(("123", "206", "212", "555"))
    phone = dice.fill(region.phone.replace("(###)", f"({area})"))
    made: Json = {
        "email": f"{handle}.{number}@example.{dice.pick(('com', 'org', 'net'))}" if dice.chance(0.88) else None,
        "phone": phone if dice.chance(0.7) else None,
        "birthdate": born,
        "address": address(dice, region, city),
        "metadata": metadata(dice, region, city, born, since),
        "loyalty": (card := loyalty(campaigns(dice))) if dice.chance(0.9) else None,
    }
    points = (100 * dice.below(6), card["points"]) if made["loyalty"] and made["loyalty"]["campaigns"] else (0, 0)
    made["summary"] = summary(amounts, last, dice.below(4) if amounts else 0, points) if dice.chance(0.93) else None
    if dice.chance(0.5):
        made["events"] = {"purchase": {"count": len(amounts)}, "app_open": {"count": dice.pick((0, 2, 31))}}
    source_id = f"{handle}.{number}" if dice.chance(0.8) else f"crm-{10_000 + 37 * number}"
    person = customer(dice.identifier("cust_"), source_id, name, iso(since), **made)
    if dice.chance(0.1):
        del person[dice.pick(("email", "phone", "birthdate", "address", "metadata", "summary", "loyalty"))]
    return person


def hand_made() -> list[Json]:
    """Customers whose segments the README talks about."""
    sofia = customer(
        "cust_r7YwKq2ZtLm5NxCb9VpDg3Sf", "sofia.silva", "Sofia Silva", "2021-03-09T10:24:31.507Z",
        email="sofia.silva@example.com", phone="+351 900 000 417", birthdate="1993-03-03",
        address={"city": "Porto", "line_1": "18 Mill Lane", "country": "PT", "postal_code": "4000-271"},
        metadata={"lang": "pt", "accepts_marketing": False, "favourites": ["cortado", "mocha"]},
        summary=summary((890, 1240, 675), "2026-07-30T17:05:12.000Z", 1, (200, 85)),
        loyalty=loyalty({"Bean Club": {"points": 85, "loyalty_tier": TIERS["bronze"], "referred_customers": 0}}),
        events={"purchase": {"count": 3}},
    )  # fmt: skip
    bob = customer(
        "cust_Vb1nTz8QeXr6WkHs4MfUj0Ld", "bob.smith", "Bob Smith", "2014-06-02T08:15:00.000Z",
        email="bob.smith@email.com", phone="+1 (123) 555-0142", birthdate="1964-02-29", address=None,
        metadata={"lang": "en", "accepts_marketing": True, "signup": "2014-06-02", "age": "62"},
        events={"purchase": {"count": 12}, "app_open": {"count": 0}},
    )  # fmt: skip
    # A minute old, and all that the shop knows of her is a phone number.
    walk_in = customer("cust_Gc5sPa0JyEv3RoTi9KdBn7Mq", "till-3", None, "2026-11-22T11:59:02Z", phone="+1 123 555 0177")
    # On the night of 15 to 16 November: Monday in Tokyo, still Sunday in UTC.
    night_owl = customer(
        "cust_Xf9hDw4UbKz2QpLy6CrNs8Ve", "mizuki.shiraishi", "白石 美月", "2019-11-30T15:00:00.000Z",
        email="mizuki.shiraishi@example.net", birthdate="1988-11-29",
        metadata={"lang": "ja", "accepts_marketing": "true", "signup": "2019-12-01T00:00:00.000+09:00",
                  "last_seen": "2026-11-16T01:40:00+09:00", "home": "geo:35.6601,139.7005", "plan": "yearly",
                  "favourites": ["espresso", "filter", "cortado"], "tastings": ["2026-03-14", "2026-12-02"]},
        loyalty=loyalty({"Bean Club": {"points": 940, "loyalty_tier": TIERS["platinum"], "referred_customers": 2},
                         "Roast No. 5": {"points": 150, "referred_customers": 0}}),
        referrals={"total": 1, "campaigns": [{"referrer_id": bob["id"], "date": "2019-12-01T02:11:08.000Z"}]},
    )  # fmt: skip
    # Eight years with us today, and unreachable: neither e-mail nor phone.
    anniversary = customer(
        "cust_Oa3tIm7FxSe1HgZc5YuWq9Bk", "crm-7", "Ülo Tamm", "2018-11-22T06:00:00.000+02:00",
        birthdate="2000-02-29T00:00:00.000Z", summary=None, loyalty=None, referrals=None,
        metadata={"lang": "et", "signup": "2018-11-22", "favourites": []},
    )  # fmt: skip
    return [sofia, bob, walk_in, night_owl, anniversary]


def main() -> None:
    dice = Dice(SEED)
    people = hand_made() + [generated(dice, number) for number in range(1, GENERATED + 1)]
    sys.stdout.buffer.write("".join(json.dumps(person, ensure_ascii=False) + "\n" for person in people).encode())


if __name__ == "__main__":
    main()
