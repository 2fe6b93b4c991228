"""Tells receivers what happened: service/notify/README.md says how it is used.

receivers.py reads their file; dispatch.py decides what each of them is told, and composing.py in
which words; sender.py sends it, by webhook.py, and tries again.
"""
