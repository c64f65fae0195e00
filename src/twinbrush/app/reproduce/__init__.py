"""`twinbrush reproduce`: the paper's comparisons with one command each, resumable, with a report."""
