"""Polling beside its rivals: a farm of feeds on loopback, and what a poll of them costs each client.

farm.py       the feeds: the shared generator where it lies beside the project, else a small one of our own
server.py     serves them: nginx where it is installed, else a process of ours
clients.py    the product and its rivals, each as the process that a user would start
plain.py  with_reader.py   the rivals that are libraries, as small programs
measure.py    CPU and memory of a process with all that it starts
tables.py     what is written to docs/benchmarks.md
"""
