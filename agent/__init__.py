"""The agent: runs on a server, looks at it once, and reports to the API.

It runs on Python 3.9 to 3.13 with the standard library, psutil and urllib3.
"""

__version__ = "0.1.0"
