"""The agent: runs on a server and reports it to the API.

It needs Python 3.9 to 3.13, psutil and urllib3.
"""

__version__ = "0.1.0"
