"""The HTML pages. To add one:

1. Write a template in service/templates/ that extends base.html. Its texts are English and stand in
   `{% trans %}` or `_()`. Names from reports pass the filter `name`, times the filter `timestamp`.
   Its block `printed` says what a printed page shows; see printed.html.
2. Write a class with on_get in a module here: `site.query()` parses the address, the stores answer,
   `site.show()` renders.
3. Add its route to service/routes.py, and the first part of its path to PAGE_PATHS in site.py.
4. Run `python -m tests.pages.catalogue`: it updates locale/es.po from the templates and lists the
   texts that have no translation yet.
"""
