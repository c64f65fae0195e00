"""Mathematics without faces, pictures' meanings or files."""
