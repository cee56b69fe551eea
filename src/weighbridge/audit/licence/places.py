"""Countries by their codes, and the unions that licences name."""

from __future__ import annotations

from weighbridge.errors import UsageError

_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"
EU = frozenset(_EU.split())
"""Members of the European Union since 2020-02-01."""

EEA = EU | frozenset({"IS", "LI", "NO"})

UNIONS = {"EU": EU, "EEA": EEA}

_CODES = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
CODES = frozenset(_CODES.split())
"""ISO 3166-1, two letters."""

_SAID = {"UK": "GB", "EL": "GR"}


def checked(code: str, where: str) -> str:
    """The code of a country, in capitals. Raises `UsageError` for what is none."""
    given = code.strip().upper()
    if given in CODES:
        return given
    if given in UNIONS:
        fix = f"name the country of the seat, such as DE: {given} has {len(UNIONS[given])} members"
    elif given in _SAID:
        fix = f"write {_SAID[given]}"
    else:
        fix = "write two letters of ISO 3166: DE, US, GB, CN"
    raise UsageError(f"{code!r} is no country's code", where=where, fix=fix)


def members(places: tuple[str, ...]) -> frozenset[str]:
    """The countries that places (codes, ``EU``, ``EEA``) stand for."""
    return frozenset(code for place in places for code in UNIONS.get(place, {place}))
