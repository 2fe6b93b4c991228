"""Debian, booted in a container: both units, installed and removed by the lines of the READMEs.

roots.py builds the root file systems, container.py boots one, readme.py reads the lines,
fleet.py installs a fleet of one server by them. All of it needs root.
"""
