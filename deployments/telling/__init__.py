"""Telling people what happened: by e-mail, and in the channels a project has for it."""
