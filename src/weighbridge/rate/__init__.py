"""People compare two answers on a local page, without names; their preferences become evidence."""
