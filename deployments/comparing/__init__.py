"""Two sides compared: records, environments as they are recorded, environments as they really are.

`references` say which two, `loading` reads them (`live` by way of a worker), and `assembling` says what differs, from
its parts: `settings`, `resources`, `permissions`, `code`, `costs`.
"""
