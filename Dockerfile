# Twinbrush in a container: the command line, and the studio's page.
#   docker build -t twinbrush .
#   docker run --rm -v "$PWD":/work -v twinbrush-models:/models twinbrush stylize photo.jpg painting.jpg -o out/
# The networks are fetched at the first run and kept in the volume. For the studio see docs/installation.md.
FROM python:3.12-slim

WORKDIR /src
COPY pyproject.toml MANIFEST.in README.md LICENSE NOTICE constraints.txt ./
COPY src ./src
# The CPU's torch is much smaller than the default one; the same version as constraints.txt says.
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -c constraints.txt ".[studio]"

RUN useradd --create-home painter && mkdir -p /models /work && chown painter /models /work
USER painter
WORKDIR /work
ENV TWINBRUSH_MODELS=/models OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1
VOLUME ["/models", "/work"]
ENTRYPOINT ["twinbrush"]
CMD ["--help"]
