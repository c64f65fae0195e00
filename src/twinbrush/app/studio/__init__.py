"""The studio: a page to work in and an HTTP API, served on this machine only; the same engine underneath.

Needs the extra `studio` (FastAPI, uvicorn); nothing here is imported by any other room but the command line.
"""
