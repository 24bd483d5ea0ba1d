"""Environments as pictures, all pure: what is connected to what, where it is drawn, and what the one template shows.

Who does what::

    model       nodes, edges and stacks
    reading     states, plans and steps as graphs of one shape
    wiring      which of two resources starts, may use or needs the other
    cycles      what may be drawn downwards; layout where everything is
    drawing     a graph of any size as shapes, links and an equal list
"""
