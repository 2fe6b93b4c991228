"""The keys of processes and logins: id_proc and id_usr are id_serv * SLOTS_PER_RECORD + slot.

The slot tells apart the rows of one record. The views of sql/createdb and the fragment
occurrence_columns of sql/queries/occurrences.sql contain the same factor.
"""

from __future__ import annotations

SLOT_BITS = 20  # a report lists fewer than 2^20 processes
SLOTS_PER_RECORD = 1 << SLOT_BITS
