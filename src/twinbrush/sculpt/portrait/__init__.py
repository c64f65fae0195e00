"""A face's crop, the photo's camera, lids, and the portrait that a mesh's front gives."""
