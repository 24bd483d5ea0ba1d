"""What an environment asks for before anything is done to it, as a value; and the one pure function that decides.

`model` is what can be asked for, `reading` takes it from JSON, `comparing` says in words what a revision changes.
`facts` is what is known of a plan, `freezing` when nothing may run (`cron` for one kind of it), `deciding` puts them
together.
"""
