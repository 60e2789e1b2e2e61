"""Deliberate faults in the client, and which of the instruments see them.

`python -m tests.mutants` applies each in a copy of the package, lets every instrument loose on it, and prints a table.
"""
