"""The data access layer, one module a table group. It owns every SQL call and knows no HTTP."""
