"""Recorded runs played again, on the page that showed them live.

Who does what::

    tape     a record's events, ready to be shown from any number on (pure over what was loaded)
    playing  where a replay stands, where its buttons lead, and the frames that come next
    paces    the steps of two runs, and which took longer
    views    the pages
"""
