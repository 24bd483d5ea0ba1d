"""May this plan run now, and whose word is that: facts from rows, the decision, and what follows when the world moves.

`impact` reads a plan, `facts` gathers what `projects.protection.deciding` wants to know, `decisions` asks it and moves
the deployment along. `renderings` keeps what people saw, `freezes` and `emergencies` are the ways around a rule that
leave a trace, `successors` makes the next plan where one no longer fits.
"""
