"""Execution logs as people read them: filtered, searched, paged by number and downloaded, of any run at any length.

Who does what::

    events   a run's events by number, whoever has them: a record, or rows while the run goes on
    search   the lines that a filter keeps, so many of them, looked for so far and no further (pure)
    asked    what a request asks of a log, and what its page shows
    files    a log as a download
"""
