"""The perceptual study as a tool: an offline page that asks people, and what their answers say."""
