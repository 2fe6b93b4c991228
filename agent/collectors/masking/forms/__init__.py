"""Tables of programs and their secrets, one per subject; `programs.py` describes their lines."""
