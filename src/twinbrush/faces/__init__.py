"""A face in a picture: find it, its 468 landmarks and its pose; the user's own hints; the table of landmark indices."""
