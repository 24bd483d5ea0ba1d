"""Planning and execution as pure Python: values in, values out, effects through ports.

How data flows, one way::

    desired resources ─┐
    recorded state ────┼─> planner.make_plan ──> Plan (a value with a digest)
    live resources ────┘                          │  approved, byte for byte
                                                  v
    provisioners <── executor.execute ──> events + state, durable through a Ledger

Nothing here imports Django, Celery, Channels or boto3, or any other package of ours; time, sleep and ids
are arguments. What a kind of resource is (`kinds.Kind`) and how it is reached (`ports.Provisioner`) comes
from outside; `fake_cloud` and `fakes` are the world in memory, for tests and for whoever writes a new provisioner.
"""
