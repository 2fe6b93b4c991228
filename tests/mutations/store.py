"""Mutations of service/store."""

from __future__ import annotations

from tests.mutations.group import group

_RELATIONS = "tests/store/test_relations.py"
_WORKERS = "tests/store/test_workers.py"
_SEEN = "tests/store/test_first_and_last_seen.py"
_CHANGES = "tests/store/test_changes.py"
_FLEET = "tests/store/test_fleet.py"
_USAGE = "tests/store/test_usage_stats.py"
_OCCURRENCES = (
    "tests/store/test_occurrences.py",
    "tests/store/test_occurrences_by_example.py",
)
_HISTORY = "tests/store/test_history.py"
_CONSISTENCY = "tests/store/test_consistency.py"
_IDENTITY = "tests/store/test_identity.py"
_CONTINUITY = "tests/store/test_process_continuity.py"
_CLONES = "tests/store/test_identity_clones.py"
_REBUILD = "tests/commands/test_rebuild.py"

STORE_MUTATIONS = [
    *group(
        "service/store/write/spans.py",
        _RELATIONS,
        faults=[
            ("return last >> highest << highest", "return last"),
            ("((first - 1) ^ last)", "(first ^ last)"),
            ("seq, seq + 1, *own)", "seq, None, *own)"),
        ],
    ),
    *group(
        "service/store/write/span_changes.py",
        _RELATIONS,
        faults=[
            ("slots = sorted(", "slots = list("),
            ("copies[key] > 1", "copies[key] > 2"),
            ("for span in running.values()}.union(freed)", "for span in running.values()}"),
        ],
    ),
    *group(
        "service/store/write/spans.py",
        _WORKERS,
        faults=[("if known is not None and known[0] == newest:", "if known is not None:")],
    ),
    *group(
        "service/store/write/span_changes.py",
        _WORKERS,
        faults=[("after = dict(running)", "after = running")],
    ),
    *group(
        "service/store/write/span_changes.py",
        _CONTINUITY,
        faults=[
            ("if rebooted and started_at is not None:", "if False:"),
            ("ticks_of(_plain(key)) is None else", "True else"),
            ("for new, old in pairs.items():", "for new, old in ():"),
        ],
    ),
    *group(
        "service/store/write/process_keys.py",
        _CONTINUITY,
        faults=[
            ("(*key[:3], started_at, ticks_of(key) is not None)", "(*key[:3], None, True)"),
            ("if ticks is None else (pid, name, username, None, ticks)", ""),
        ],
    ),
    *group(
        "service/store/write/spans.py",
        _CONTINUITY,
        faults=[
            ("        if planned.ticks:\n", "        if False:\n"),
            ("return key_of(tuple(process), ticks), row[3]", "return tuple(process), row[3]"),
        ],
    ),
    *group(
        "service/store/write/reports.py",
        _WORKERS,
        faults=[
            ("!= plan.bounds:\n", "!= plan.bounds and False:\n"),
            ("if same is not None:", "if same is not None and not same:"),
        ],
    ),
    *group(
        "service/store/write/reports.py",
        _FLEET,
        faults=[
            ("hour = received_at // HOUR", "hour = placement.placed_at // HOUR"),
            ("if plan.seq > 0:", "if plan.seq != 0:"),
        ],
    ),
    *group(
        "service/store/write/reports.py",
        _REBUILD,
        faults=[('"received_at": new.received_at,', '"received_at": report.taken_at,')],
    ),
    *group(
        "service/store/write/reports.py",
        _RELATIONS,
        faults=[('"discarded": report.discarded,', '"discarded": None,')],
    ),
    *group(
        "service/store/write/reports.py",
        _CLONES,
        faults=[("self._servers.find(connection, report) == plan.server_id", "plan is not None")],
    ),
    *group(
        "service/store/write/reports.py",
        "tests/ingest/test_intake_groups.py::test_an_id_that_was_rolled_back_is_not_remembered",
        faults=[("table.rolled_back()", "pass")],
    ),
    *group(
        "service/store/write/name_index.py",
        _SEEN,
        faults=[
            ("False: placed_at if newest_at is None else newest_at", "False: placed_at"),
        ],
    ),
    *group(
        "service/store/write/name_index.py",
        _USAGE,
        faults=[
            ("if 0 < more == running_of[name_id]", "if 0 < more"),
            ("if more < 0 == running_of[name_id]", "if more < 0"),
        ],
    ),
    *group(
        "service/store/write/multi_row.py",
        "tests/store/test_multi_row.py",
        faults=[
            ("range(0, len(rows), ROWS_PER_STATEMENT)", "range(0, 1, ROWS_PER_STATEMENT)"),
            ("returned += connection", "returned = connection"),
        ],
    ),
    *group(
        "service/store/write/interning.py",
        "tests/store/engines/test_sqlite_migrations.py",
        faults=[("while length and row[length - 1] is None:", "while False:")],
    ),
    *group(
        "service/store/identity.py",
        _IDENTITY,
        _CLONES,
        faults=[
            ("(0 if changed else CLOCK_TOLERANCE)", "CLOCK_TOLERANCE"),
            ("(0 if changed else CLOCK_TOLERANCE)", "0"),
            ("_is_renamed(traits, newest) and _is", "_is_renamed(traits, newest) or _is"),
            ("        if sibling.has_the_report:\n", "        if sibling.server_id < 0:\n"),
            ("bool(now.nombre_host and before.nombre_host)", "True"),
            ("if taken_at <= sibling.newest_at:", "if False:"),
            ("or not sibling.had_the_boot", "or True"),
            ("or not sibling.had_the_boot", ""),
            ("        sibling.had_the_boot,\n", "        True,\n"),
            ("traits.nombre_host == newest.nombre_host,", "True,"),
            ("traits.ipaddress == newest.ipaddress,", "True,"),
        ],
    ),
    *group(
        "service/store/read/changes.py",
        _CHANGES,
        faults=[
            ('place["low"] = max(1, first - 1)', 'place["low"] = first'),
            ('if first_seq > place["low"]:', 'if first_seq >= place["low"]:'),
            ("gone_seq <= last:", "gone_seq < last:"),
            ("event[2] < most", "event[2] <= most"),
            ("if least < event[0]", "if least <= event[0]"),
            ("            low += length\n", "            low += length + 1\n"),
            ("            high -= length\n", "            high -= length + 1\n"),
            ("at[first - 1] if first > low", "at[first - 1] if first > low + 1"),
            ("gone is not None and gone <= high", "gone is not None and gone < high"),
            ("high if gone is None else gone - 1", "high if gone is None else gone"),
            ("text in row[4].casefold()", "text in row[4]"),
        ],
    ),
    *group(
        "service/store/read/profiles.py",
        _CHANGES,
        faults=[
            ("abs(after.booted_at - before.booted_at) >", "after.booted_at - before.booted_at >"),
            ("before.booted_at) > CLOCK_TOLERANCE", "before.booted_at) > 0"),
            ("return before.boot_id != after.boot_id", "return True"),
            ("profile.version_esquema or 1", "profile.version_esquema or 0"),
        ],
    ),
    *group(
        "service/store/read/fleet.py",
        _FLEET,
        faults=[
            ("_HOURS_SHOWN = 24", "_HOURS_SHOWN = 23"),
            ("item.at, reverse=True", "item.at, reverse=False"),
            ("if changed or former_id is None:", "if former_id is None:"),
            ("silent[:_MAX_SHOWN]", "silent[-_MAX_SHOWN:][::-1]"),
        ],
    ),
    *group(
        "service/store/read/server_filter.py",
        _FLEET,
        faults=[
            ("text in value.casefold()", "text in value"),
            ("self.q.casefold())}%", "self.q)}"),
        ],
    ),
    *group(
        "service/store/read/server_filter.py",
        "tests/store/test_server_filter.py",
        faults=[("network.prefixlen // 8", "(network.prefixlen + 7) // 8")],
    ),
    *group(
        "service/store/read/history.py",
        _HISTORY,
        faults=[
            ("shown_at if period.until is None else min(period.until, shown_at)", "times.LAST"),
            ('"limit": limit + 1,', '"limit": limit,'),
            ("after or MAX_INTEGER", "after or 0"),
        ],
    ),
    *group(
        "service/store/read/occurrences.py",
        *_OCCURRENCES,
        faults=[("server_id << walk.bits | slot", "server_id << walk.bits")],
    ),
    *group(
        "service/store/read/walk.py",
        *_OCCURRENCES,
        faults=[
            ("(first & mask) - 1", "first & mask"),
            ("part.last if made < steps else reached", "part.last"),
            ("return made, self._end_of(server_id)", "return made, part.last"),
            ("found[-1] = Range(found[-1].after, last)", "found[-1] = Range(after, last)"),
            ("return [Range(place - 1, place)", "return [Range(place, place)"),
            (
                "for server_id, shown in rows if shown]",
                "for server_id, shown in rows if not shown]",
            ),
        ],
    ),
    *group(
        "service/store/read/usage_stats.py",
        _USAGE,
        faults=[
            ("None if running_on else last_at", "last_at"),
            ("    if partial:", "    if False:"),
            ("max(names, sightings) >= self._most", "max(names, sightings) > self._most"),
        ],
    ),
    *group(
        "service/store/read/consistency.py",
        _CONSISTENCY,
        faults=[
            ("if id_proc % SLOTS_PER_RECORD in first_slots:", "if False:"),
            ("{key for key, _ in mine}.isdisjoint(key for key, _ in others)", "True"),
            ("                if mismatched:", "                if mismatched < 0:"),
            ("(self.server, self.logins) ==", "(self.server, other.logins) =="),
            ("            same_names\n", "            True\n"),
            ("and my_firsts.isdisjoint(other_firsts)", ""),
            ("all(key[:3] in self.ticked | other.ticked for key in mine)", "True"),
        ],
    ),
]
