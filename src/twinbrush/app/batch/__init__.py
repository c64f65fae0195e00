"""Many pairs at once: what is listed (pairs.py), who works (worker.py, crew.py), in which order (run.py)."""
