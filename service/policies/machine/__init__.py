"""From verdicts, in the order of events, to violations and their ends."""
