"""The log of a run, live or recorded: its pages, its resources, its AWS calls.

Who does what::

    runs      finds a run, and whoever has its events: its record, or rows until there is one
    calls     its AWS calls as a table, and how long which took (pure)
    views     the pages
"""
