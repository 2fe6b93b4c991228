"""The commands of `python -m service`, one a file: run(config, …) returns the exit code."""
