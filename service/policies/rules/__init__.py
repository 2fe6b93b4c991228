"""Rules as files: their headers, statements, lists and folders."""
