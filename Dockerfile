# docker build -t impasto .                          for NVIDIA GPUs: docker run --gpus all ...
# docker build -t impasto --build-arg DEVICE=cpu .   much smaller
#
# For this machine:        docker run -p 127.0.0.1:8000:8000 -e IMPASTO_OPEN=true -e IMPASTO_ALLOWED_HOSTS=localhost impasto
# For all who have a key:  docker run --rm -v impasto:/data impasto impasto keys add me --scope paint manage
#                          docker run -p 8000:8000 -v impasto:/data impasto
# It runs with a read-only root as well, if /data is a volume and /tmp a tmpfs or one: see deploy/compose.yaml.
FROM python:3.12-slim AS installed
WORKDIR /srv
ARG DEVICE=cuda
ENV IMPASTO_HOST=0.0.0.0 IMPASTO_PORT=8000 IMPASTO_DATA_DIR=/data PYTHONUNBUFFERED=1 \
    UV_SYSTEM_PYTHON=1 UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1

# OpenMP, which the CPU's kernels are linked to.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir uv==0.13.8 && useradd --uid 1000 --create-home impasto

# The pins are those of PyTorch's CUDA build. Its CPU build has the same versions under other hashes and needs none
# of the CUDA packages: those lines are left out, and the two wheels alone go unchecked.
COPY requirements.txt .
RUN if [ "$DEVICE" = cpu ]; then \
        uv pip install --torch-backend cpu --no-deps --no-verify-hashes -c requirements.txt torch torchvision && \
        awk '/^[a-z]/ { keep = !/^(torch|torchvision|triton|cuda-.*|nvidia-.*)==/ } keep' requirements.txt >pins.txt; \
    else \
        cp requirements.txt pins.txt; \
    fi && uv pip install --no-deps --require-hashes --requirements pins.txt

COPY LICENSE README.md pyproject.toml ./
COPY app app
COPY impasto impasto
COPY model model
COPY scripts scripts
# Files copied from a checkout keep its permissions, which may be its owner's alone.
RUN chmod -R a+rX . && uv pip install --no-deps --editable . && install --directory --owner=impasto /data

# The CPU's kernels, built where there is a compiler, which the image has not: without them pictures take several times
# as long.
FROM installed AS kernels
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN impasto kernels
COPY requirements-device.txt .
RUN uv pip install --require-hashes --requirements requirements-device.txt && impasto kernels --browser

# What else the page paints with on a visitor's own device.
FROM node:24-slim AS device
WORKDIR /srv
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends make && rm -rf /var/lib/apt/lists/*
COPY Makefile .
RUN make runtime && chmod -R a+rX app

FROM installed
COPY --from=device /srv/app/web/onnxruntime-web app/web/onnxruntime-web
COPY --from=kernels /srv/model/native/built model/native/built
COPY --from=kernels /srv/app/web/engine/kernels.wasm app/web/engine/kernels.wasm

USER 1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=60s --timeout=5s CMD ["impasto", "health"]
CMD ["impasto", "serve"]
