"""What every room stands on: errors, files, pictures, meshes, cameras, the rasteriser, networks. No faces, no style."""
