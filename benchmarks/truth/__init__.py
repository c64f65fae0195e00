"""The truth of the regions' benchmark: hand-drawn label pictures, and how they are drawn and read."""
