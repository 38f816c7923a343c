"""Pure: the layers of a schedule as stored data, and how a draft of them changes what is in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from uuid import uuid4

from helpdesk.domain import wall_clock
from helpdesk.domain.oncall.rota import restrictions
from helpdesk.domain.oncall.rota.overrides import Temporary
from helpdesk.domain.oncall.rota.restrictions import DAYS, EVERY_DAY, Holidays, Window
from helpdesk.domain.oncall.rota.rotations import Rotation, Slot, Unit, Version, with_slots, with_turns
from helpdesk.domain.oncall.rota.shifts import Layer, Schedule
from helpdesk.errors import Invalid
from helpdesk.storage.tables import Json

MOST_NIGHTS = 14


@dataclass(frozen=True, slots=True)
class LayerDraft:
    """What an editor asks for; without an id it is a new layer. `handoff` is local, like "09:00".

    `starts_on` is the local day of a new layer's first handoff; a known layer keeps its own.
    """

    name: str
    slots: tuple[Slot, ...]
    id: str = ""
    priority: int = 0
    unit: Unit = Unit.WEEK
    length: int = 1
    handoff: str = "09:00"
    starts_on: date | None = None
    windows: tuple[Window, ...] = ()
    holidays: Holidays = Holidays.ANY
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    name: str
    time_zone: str
    layers: tuple[LayerDraft, ...]
    minimum: int = 1
    holidays: Mapping[str, str] | None = None
    calendar_id: str | None = None
    most_nights: int = 0


def drafted(current: Schedule, draft: ScheduleDraft, now: datetime) -> Schedule:
    """The schedule after the edit: from now on, so that the current people and the next handoff stay."""
    if not draft.name.strip():
        raise Invalid("name_missing", "A schedule has a name.", field="name")
    if not 1 <= draft.minimum <= 10:
        raise Invalid("minimum_invalid", "1 to 10 people.", field="minimum")
    if not 0 <= draft.most_nights <= MOST_NIGHTS:
        raise Invalid("most_nights_invalid", f"0 to {MOST_NIGHTS} nights.", field="most_nights")
    if len(draft.layers) > 20:
        raise Invalid("too_many_layers", "At most 20 layers.", field="layers")
    known = {layer.id: layer for layer in current.layers}
    layers = tuple(_layer(known.get(one.id), one, draft.time_zone, now) for one in draft.layers)
    holidays = current.holidays if current.calendar_id == draft.calendar_id else {}
    if draft.holidays is not None:
        holidays = {date.fromisoformat(on): name for on, name in draft.holidays.items()}
    return replace(
        current,
        name=draft.name.strip(),
        time_zone=wall_clock.zone(draft.time_zone).key,
        layers=layers,
        minimum=draft.minimum,
        holidays=holidays,
        calendar_id=draft.calendar_id,
        most_nights=draft.most_nights,
    )


def rota_of(schedule: Schedule) -> Json:
    """What is stored of it; shifts.Schedule.parse reads it back."""
    own = {} if schedule.calendar_id else schedule.holidays
    return {
        "time_zone": schedule.time_zone,
        "layers": [layer_data(layer) for layer in schedule.layers],
        "holidays": {on.isoformat(): name for on, name in own.items()},
        "calendar_id": schedule.calendar_id,
        "most_nights": schedule.most_nights,
        "temporaries": [_temporary_data(one) for one in schedule.temporaries],
    }


def layer_data(layer: Layer) -> Json:
    rotation = layer.rotation
    return {
        "id": layer.id,
        "name": layer.name,
        "priority": layer.priority,
        "people": list(layer.people),
        "windows": [window_data(window) for window in layer.windows],
        "holidays": layer.holidays.value,
        "time_zone": layer.time_zone,
        "rotation": None
        if rotation is None
        else {"id": rotation.id, "versions": [_version_data(version) for version in rotation.versions]},
    }


def _temporary_data(temporary: Temporary) -> Json:
    return {
        "id": temporary.id,
        "start": temporary.start.isoformat(),
        "end": temporary.end.isoformat(),
        "created_at": temporary.created_at.isoformat(),
        "shifts": [
            {"person": person, "start": start.isoformat(), "end": end.isoformat()}
            for person, start, end in temporary.shifts
        ],
    }


def window_data(window: Window) -> Json:
    return {
        "days": [DAYS[day] for day in sorted(window.days)],
        "start": clock_text(window.start),
        "end": clock_text(window.end),
    }


def clock_text(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def windows_from(text: str) -> tuple[Window, ...]:
    """One window a line, as people write them: "mon-fri 17:00-08:00", "sat,sun 00:00-24:00"."""
    return tuple(_window(line) for line in text.strip().lower().splitlines() if line.strip())


def windows_text(windows: Sequence[Window]) -> str:
    """The inverse of `windows_from`."""
    lines = []
    for window in windows:
        days = "" if window.days == EVERY_DAY else ",".join(DAYS[d] for d in sorted(window.days)) + " "
        lines.append(f"{days}{clock_text(window.start)}-{clock_text(window.end)}")
    return "\n".join(lines)


def slots_from(people: Iterable[Iterable[str]]) -> tuple[Slot, ...]:
    """Without empty slots; nobody stands twice in one slot."""
    return tuple(slot for slot in (tuple(dict.fromkeys(p for p in one if p)) for one in people) if slot)


def current_version(layer: Layer, now: datetime) -> Version | None:
    """The version in force, else the newest one."""
    if layer.rotation is None or not layer.rotation.versions:
        return None
    return layer.rotation.version_at(now) or layer.rotation.versions[-1]


def _window(line: str) -> Window:
    days, _, clocks = line.strip().rpartition(" ")
    start, dash, end = clocks.replace("–", "-").partition("-")
    if not dash:
        raise Invalid("window_invalid", "Write hours as 17:00-08:00.", field="windows")
    data: Json = {"start": start.strip(), "end": end.strip()}
    if days:
        data["days"] = [DAYS[number] for number in _day_numbers(days)]
    return Window.parse(data)


def _day_numbers(text: str) -> list[int]:
    found: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.replace("–", "-").partition("-")
        [start] = restrictions.days([first])
        [end] = restrictions.days([last]) if dash else [start]
        found += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return found


def _layer(known: Layer | None, draft: LayerDraft, zone: str, now: datetime) -> Layer:
    if not 1 <= draft.length <= 366:
        raise Invalid("turn_length_invalid", "A turn is 1 to 366 units long.", field="length")
    identity = known.id if known is not None else uuid4().hex
    rotation = _new_rotation(identity, draft, zone, now)
    if known is not None and known.rotation is not None and known.rotation.version_at(now) is not None:
        rotation = _changed_rotation(known.rotation, draft, zone, now)
    return Layer(
        id=identity,
        name=draft.name.strip() or "Layer",
        priority=draft.priority,
        rotation=rotation,
        windows=draft.windows,
        holidays=draft.holidays,
        time_zone=draft.time_zone,
    )


def _changed_rotation(rotation: Rotation, draft: LayerDraft, zone: str, now: datetime) -> Rotation:
    version = rotation.version_at(now)
    assert version is not None
    if draft.slots != version.slots:
        rotation = with_slots(rotation, draft.slots, now)
    wanted = time.fromisoformat(draft.handoff)
    moved = version.unit is not Unit.HOUR and version.anchor.time() != wanted
    other = (version.time_zone, version.unit, version.length) != (
        draft.time_zone or zone,
        draft.unit,
        draft.length,
    )
    if not (moved or other):
        return rotation
    return with_turns(
        rotation,
        now,
        time_zone=draft.time_zone or zone,
        unit=draft.unit,
        length=draft.length,
        handoff=wanted if moved else None,
    )


def _new_rotation(identity: str, draft: LayerDraft, zone: str, now: datetime) -> Rotation:
    """In force from now on; the first slot has the turn that includes the day it starts on."""
    zone = draft.time_zone or zone
    on = draft.starts_on or wall_clock.reading(now, wall_clock.zone(zone)).date()
    try:
        anchor = datetime.combine(on, time.fromisoformat(draft.handoff))
    except ValueError:
        raise Invalid("clock_invalid", "Write the handoff as 09:00.", field="handoff") from None
    return Rotation(identity, (Version(anchor, zone, draft.unit, draft.length, draft.slots),))


def _version_data(version: Version) -> Json:
    return {
        "anchor": version.anchor.isoformat(),
        "time_zone": version.time_zone,
        "unit": version.unit.value,
        "length": version.length,
        "slots": [list(slot) for slot in version.slots],
        "start_index": version.start_index,
        "effective_from": version.effective_from.isoformat() if version.effective_from else None,
        "effective_to": version.effective_to.isoformat() if version.effective_to else None,
    }
