"""Time travel: an environment as it was at any moment, read from its records.

Who does what::

    instants    texts and moments
    finding     which run a moment is after, or in
    folding     the state in the middle of a run (pure)
    reading     everything that was so then
    standing    who was what there, and what was frozen, held and asked for
    views       the page
"""
