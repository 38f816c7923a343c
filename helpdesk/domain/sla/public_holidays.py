"""Pure: the holidays of a country or one of its regions, as calendars keep them."""

from datetime import date

import holidays

from helpdesk.errors import Invalid

YEARS_AHEAD = 10


def public_holidays(country: str, region: str, first_year: int, years: int = YEARS_AHEAD) -> dict[str, str]:
    """Date → name, in the country's own language. Errors: Invalid country_unknown, region_unknown."""
    known = holidays.list_supported_countries()
    if country not in known:
        raise Invalid("country_unknown", field="country")
    if region and region not in known[country]:
        raise Invalid("region_unknown", field="region")
    span = range(first_year, first_year + years)
    # In Sweden every Sunday counts as one; calendars say by themselves which weekdays are open.
    found = holidays.country_holidays(country, subdiv=region or None, years=span)
    return {on.isoformat(): name for on, name in sorted(found.items()) if not _is_any_sunday(on, name)}


def _is_any_sunday(on: date, name: str) -> bool:
    return on.weekday() == 6 and name in ("Söndag", "Sunday")
