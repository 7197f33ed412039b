"""Who runs what when. Start reading in `flow.py`: it has the whole flow as text; `local.py` runs it in one process."""
