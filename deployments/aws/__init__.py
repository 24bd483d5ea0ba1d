"""AWS behind the engine's ports: one provisioner per kind of resource, one choke point for every call."""
