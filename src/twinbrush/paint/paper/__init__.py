"""The paper's method (Eq. 3-10): warps learned with the pictures; what both views see, triangulated."""
