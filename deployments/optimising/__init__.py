"""Resource optimisation: what could be merged or left out, why, what it saves, and the change of strands.yaml for it.

uses        how each declared resource is used, as the configuration says
findings    what was found, with what it saves and what there is to mind (pure)
merges      which of the equal ones stays, and which edits of the configuration say so (pure)
proposals   an edit carried out on the text, and its effect on every environment (pure)
report      the recorded resources with what the last look found live; saving a proposal as a revision
"""
