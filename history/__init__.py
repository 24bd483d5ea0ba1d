"""The trustworthy past: what every deployment did, written once, chained, indexed and comparable.

Who does what::

    store/      where bytes live: S3, the file system or memory, behind one write-once port
    records     what a record is made of: documents -> files -> manifest (pure)
    chain       the order of an environment's records, each signed and behind the one before
    signing     the key that signs; keys the list of them in the store
    heads       the ends of the chains in a second place
    exporting   records as archives that verify elsewhere
    verifier    the proof that nobody touched anything, in one file without the rest; verification who asks it here
    recording   documents -> store -> index, repeatable after a crash at any point
    index       the database's copy for quick pages, rebuilt from the store alone
    reading     a record's documents back, checked against their digests
    diffing     structural differences of JSON-like values (pure); textdiff the same for text
    compare     two records side by side (pure); timeline the list of them, paged by key
"""
