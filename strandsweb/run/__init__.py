"""One command, one parent: starts every process of strandsweb, watches them, and leaves nothing behind.

`claim` makes the data directory this copy's own, `reaper` ends everything should the parent be killed, `house` starts,
watches and stops `program`s, `readiness` asks them whether they work, and `embedded` and `production` say which
programs there are. The parent imports no Django: it starts quickly and survives whatever breaks in its children.
"""
