from twinbrush.meshes.values import FileModel
def read_ply(path, data) -> FileModel: raise NotImplementedError
