"""Mutations of sql/queries, and of the views in sql/createdb."""

from __future__ import annotations

from tests.mutations.group import group

_RELATIONS = "tests/store/test_relations.py"
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
_CLONES = "tests/store/test_identity_clones.py"
_INTERNING = "tests/store/test_interning.py"
_OSQUERY = "tests/store/test_osquery_views.py"

QUERY_MUTATIONS = [
    *group(
        "sql/queries/fleet.sql",
        _FLEET,
        faults=[
            ("SELECT max(greatest_arrival_at)", "SELECT min(greatest_arrival_at)"),
            ("FROM arrival_hour WHERE hour >= :first", "FROM arrival_hour WHERE hour > :first"),
            ("counted_hour >= :first", "counted_hour > :first"),
            ("WHERE newest.first_seq <> 1\n", "WHERE newest.first_seq <> 0\n"),
            ("older.id < newest.id", "older.id > newest.id"),
            ("<> 1 AND newest.username IS NOT NULL", "<> 1"),
            ("ORDER BY profile_change.report_id DESC", "ORDER BY profile_change.report_id"),
        ],
    ),
    *group(
        "sql/queries/fleet.sql",
        _FLEET,
        after="-- name: fleet_now",
        faults=[("SELECT max(seq)", "SELECT min(seq)")],
    ),
    *group(
        "sql/queries/history.sql",
        _HISTORY,
        faults=[
            ("AND placed_at <= :moment", "AND placed_at < :moment"),
            ("AND placed_at > :moment", "AND placed_at >= :moment"),
            ("AND id < :id_serv", "AND id <= :id_serv"),
            ("AND placed_at >= :since", "AND placed_at > :since"),
            ("AND taken_at <= :until", "AND taken_at < :until"),
            ("(placed_at < :shown_at OR id < :shown)", "(placed_at < :shown_at OR id <= :shown)"),
            ("listed.seq < 0,", "listed.seq > 0,"),
        ],
    ),
    *group(
        "sql/queries/interning.sql",
        _INTERNING,
        faults=[
            ("AND process_name.username IS NULL\nWHERE wanted.username IS NULL", "AND 0"),
            ("process_name.name IS NULL AND process_name.username = wanted.username", "0"),
            ("WHERE login_name.username IS NULL\n", "WHERE 0\n"),
        ],
    ),
    *group(
        "sql/queries/name_index.sql",
        _INTERNING,
        after="UPDATE process_name",
        faults=[("WHERE first_seq IS NULL AND id", "WHERE id")],
    ),
    *group(
        "sql/queries/name_index.sql",
        _INTERNING,
        after="UPDATE login_name",
        faults=[("WHERE first_seq IS NULL AND id", "WHERE id")],
    ),
    *group(
        "sql/queries/name_index.sql",
        _SEEN,
        after="INSERT INTO process_sighting",
        faults=[
            ("excluded.last_at > last_at", "1"),
            ("excluded.first_at < first_at", "1"),
        ],
    ),
    *group(
        "sql/queries/name_index.sql",
        _SEEN,
        after="INSERT INTO login_sighting",
        faults=[
            ("excluded.last_at > last_at", "1"),
            ("excluded.first_at < first_at", "1"),
        ],
    ),
    *group(
        "sql/queries/name_index.sql",
        _USAGE,
        faults=[("SELECT max(latest.first_seq)", "SELECT min(latest.first_seq)")],
    ),
    *group(
        "sql/queries/occurrences.sql",
        *_OCCURRENCES,
        after="-- fragment: matching_process_names",
        faults=[
            ("username = :username", "username <> :username"),
            ("WHERE name = :name", "WHERE name <> :name"),
        ],
    ),
    *group(
        "sql/queries/occurrences.sql",
        *_OCCURRENCES,
        after="-- fragment: matching_login_names",
        faults=[("WHERE username = :username", "WHERE username <> :username")],
    ),
    *group(
        "sql/queries/occurrences.sql",
        *_OCCURRENCES,
        after="-- fragment: process_names_filter",
        faults=[("program.username = :username", "program.username <> :username")],
    ),
    *group(
        "sql/queries/occurrences.sql",
        *_OCCURRENCES,
        after="-- name: processes_now",
        faults=[("AND (:pid IS NULL OR span.pid = :pid)\n", "")],
    ),
    *group(
        "sql/queries/walk.sql",
        *_OCCURRENCES,
        after="-- name: servers_of_process_at",
        faults=[
            ("sighting.first_at <= :moment", "sighting.first_at < :moment"),
            ("shown.seq < (", "shown.seq <= 0 AND shown.seq < ("),
            ("run.first_seq <= shown.seq", "run.first_seq < shown.seq"),
        ],
    ),
    *group(
        "sql/queries/walk.sql",
        *_OCCURRENCES,
        after="-- name: servers_of_login_at",
        faults=[("sighting.last_at >=", "sighting.last_at >")],
    ),
    *group(
        "sql/queries/walk.sql",
        *_OCCURRENCES,
        after="-- name: servers_of_process_now",
        faults=[("sighting.running > 0", "sighting.running > 1")],
    ),
    *group(
        "sql/queries/occurrences.sql",
        *_OCCURRENCES,
        faults=[
            ("known.placed_at <= :moment", "known.placed_at < :moment"),
            ("span_level.bit <= newest.seq", "span_level.bit < newest.seq"),
            ("THEN span.gone_seq - 1", "THEN span.gone_seq"),
            ("shown.seq AND span_level.bit > 0))", "shown.seq AND span_level.bit > 1))"),
            ("span_level.bit >= run.first_seq)", "span_level.bit > run.first_seq)"),
            ("span_level.bit < run.gone_seq)", "span_level.bit < run.gone_seq - 1)"),
            ("AND span.first_seq <= shown.seq", "AND span.first_seq < shown.seq"),
            ("(span.gone_seq > shown.seq OR", "(span.gone_seq >= shown.seq OR"),
            ("span.slot > CASE", "span.slot >= CASE"),
            ("span.slot <= CASE", "span.slot < CASE"),
            ("begun.first_seq <= shown.seq", "begun.first_seq < shown.seq"),
            ("SELECT max(begun.first_seq)", "SELECT min(begun.first_seq)"),
            ("sighting.name_id > CASE", "sighting.name_id >= CASE"),
            ("sighting.name_id <= CASE", "sighting.name_id < CASE"),
            (
                "CASE WHEN sighting.running > 0 THEN newest.placed_at ELSE sighting.last_at END",
                "sighting.last_at",
            ),
            ("AND shown.seq = (SELECT max(seq)", "AND shown.seq = (SELECT min(seq)"),
            ("shown.id * 1048576 + span.slot", "shown.id * 1048575 + span.slot"),
        ],
    ),
    *group(
        "sql/queries/changes.sql",
        _CHANGES,
        faults=[
            ("SELECT (:low & mask) | bit FROM span_level\nUNION\n", ""),
            ("\nUNION\nSELECT (:high & mask) | bit FROM span_level", ""),
            (
                "span.first_seq BETWEEN :low + 1 AND :high",
                "span.first_seq BETWEEN :low + 2 AND :high",
            ),
            ("AND span.gone_seq BETWEEN :low + 1", "AND span.gone_seq BETWEEN :low + 2"),
            ("OR span.gone_seq <= :high)\n\n", "OR span.gone_seq < :high)\n\n"),
            ("WHERE span.first_seq <= :low AND", "WHERE span.first_seq < :low AND"),
            ("(span.gone_seq > :high OR", "(span.gone_seq >= :high OR"),
            ("placed_at >= :since", "placed_at > :since"),
            ("placed_at <= :moment", "placed_at < :moment"),
        ],
    ),
    *group(
        "sql/queries/reports.sql",
        _CHANGES,
        faults=[
            ("former.profile_id <> :profile_id", "former.profile_id = :profile_id"),
            ("before.seq = :seq - 1", "before.seq = :seq - 2"),
        ],
    ),
    *group(
        "sql/queries/spans.sql",
        _RELATIONS,
        after="-- name: running_processes",
        faults=[
            ("ORDER BY span.first_seq, span.slot", "ORDER BY span.slot DESC"),
            ("AND span.node = 0", ""),
        ],
    ),
    *group(
        "sql/queries/spans.sql",
        _RELATIONS,
        after="-- name: open_logins",
        faults=[("AND span.node = 0", "")],
    ),
    *group(
        "sql/queries/servers.sql",
        _IDENTITY,
        _CLONES,
        faults=[
            ("AND known.boot_id = :boot_id", ""),
            ("    JOIN profile_change ON profile_change.profile_id = known.id\n", ""),
            ("ORDER BY server.sibling", "ORDER BY server.sibling DESC"),
        ],
    ),
    *group(
        "sql/queries/consistency.sql",
        _CONSISTENCY,
        faults=[
            ("place_before > placed_at", "place_before > placed_at + 1000000000000"),
            ("placed_at <> taken_at OR clock IS NULL", "clock IS NULL"),
            ("server.heard_at <> newest.received_at", "1 = 0"),
            ("server.counted_reports <> stored", "server.counted_reports > stored"),
            ("AND span.first_seq = report.seq;", "AND span.first_seq <= report.seq;"),
        ],
    ),
    *group(
        "sql/queries/usage_stats.sql",
        _USAGE,
        faults=[
            ("count(DISTINCT shown.server_id)", "count(shown.server_id)"),
            ("run.gone_seq - 1, (SELECT", "run.gone_seq, (SELECT"),
            ("  ORDER BY first_seq DESC", "  ORDER BY first_seq"),
            ("WHEN shown.running = 0 THEN", "WHEN shown.running > 0 THEN"),
        ],
    ),
    *group(
        "sql/queries/usage_stats.sql",
        _FLEET,
        after="-- name: busiest",
        faults=[("sighting.running > 0", "sighting.running >= 0"), ("AND NOT", "AND")],
    ),
    *group(
        "sql/queries/usage_stats.sql",
        _USAGE,
        after="-- fragment: presence",
        faults=[
            ("shown.running > 0", "shown.running >= 0"),
            ("shown.silent = 0", "shown.silent >= 0"),
        ],
    ),
    *group(
        "sql/createdb/0003_sightings.sql",
        _OSQUERY,
        after="CREATE VIEW processes",
        faults=[("s.server_id = n.id AND s.node = 0", "s.server_id = n.id")],
    ),
    *group(
        "sql/createdb/0003_sightings.sql",
        _OSQUERY,
        after="CREATE VIEW logged_in_users",
        faults=[("s.server_id = n.id AND s.node = 0", "s.server_id = n.id")],
    ),
    *group(
        "sql/createdb/0003_sightings.sql",
        _OSQUERY,
        after="CREATE VIEW os_version",
        faults=[("max(n.seq)", "min(n.seq)")],
    ),
    *group(
        "sql/createdb/0003_sightings.sql",
        _OSQUERY,
        after="CREATE VIEW system_info",
        faults=[("max(n.seq)", "min(n.seq)")],
    ),
    *group(
        "sql/createdb/0002_report_v2.sql",
        _IDENTITY,
        _CLONES,
        faults=[
            ("other.since <= mine.until AND mine.since <= other.until", "1"),
            ("o.identity = s.identity AND o.id <> s.id", "o.identity = s.identity"),
        ],
    ),
]
