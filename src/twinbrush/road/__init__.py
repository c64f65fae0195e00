"""The roads: their stages, what walks them, where results lie and which of them are kept."""
