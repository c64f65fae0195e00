"""Which pixel is what: one engine for photos, paintings, drawings and given masks."""
