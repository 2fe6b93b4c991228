"""The HTML pages. To add one:

1. a template in service/templates/ that extends base.html. Its texts stand there in English, in
   `{% trans %}` or `_()`; names that come from strangers pass the filter `name`, times `instant`;
2. a class in a module here with on_get: `site.query()` reads the address, stores answer,
   `site.show()` renders;
3. its route in service/app.py; the first part of its address stands in site.py;
4. the Spanish texts: `python -m tests.pages.catalogue` brings locale/es.po up to date with what
   the templates say, and lists what is not translated yet.
"""
